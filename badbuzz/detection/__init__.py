"""Pure detector: it folds scored tweets into closed windows and alerts."""

__all__ = [
    "alert_evaluation",
    "alerting",
    "baseline",
    "baseline_file",
    "buckets",
    "fold",
    "heartbeats",
    "state",
    "statistics",
    "windows",
]
