"""The engine of the workers: consumers, transactions, topics and metrics."""
