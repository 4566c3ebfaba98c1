"""Recorded tweets through the fold that runs live, without Kafka."""
