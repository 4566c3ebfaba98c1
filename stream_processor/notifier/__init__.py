"""The notifier: alerts to sinks."""
