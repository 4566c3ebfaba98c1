"""The processor: tweets to scores, windows and alerts."""
