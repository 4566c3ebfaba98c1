"""The recorder: windows, alerts and a sample of tweets into the store."""
