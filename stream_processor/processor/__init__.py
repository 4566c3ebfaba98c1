"""The processor: it turns tweets into scored tweets, windows and alerts."""
