"""Pure detector: it folds scored tweets into closed windows and alerts."""

__all__ = [
    "alerting",
    "baseline",
    "baseline_file",
    "buckets",
    "evaluation",
    "fold",
    "heartbeats",
    "state",
    "statistics",
    "windows",
]
