"""Pure summary of an alert's negatives: terms, reasons and examples."""
