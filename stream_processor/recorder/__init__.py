"""The recorder: it writes windows, alerts and a sample of scored tweets to the store."""
