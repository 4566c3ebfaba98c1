"""Pure summary of an alert's negatives: terms, reasons and examples."""

__all__ = ["explain", "masking", "reasons", "sample", "terms"]
