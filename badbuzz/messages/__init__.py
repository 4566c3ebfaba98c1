"""An alert as text, mail and SMS, in English and French. Pure."""
