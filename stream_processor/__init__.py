"""The worker: tweets in; scored tweets, windows and alerts out."""
