"""Why an alert fired: a sample of negative tweets, their terms, reasons and quotes. Pure."""
