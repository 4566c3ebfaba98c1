"""What every worker runs on: consumer, partitions, transactions, topics, metrics."""
