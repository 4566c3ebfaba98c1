"""The fold: scored tweets in, closed windows and alerts out. Pure."""
