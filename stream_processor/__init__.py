"""The three stream workers: processor, recorder and notifier."""
