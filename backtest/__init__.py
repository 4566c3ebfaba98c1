"""The backtest: recorded tweets through the live fold, without Kafka."""
