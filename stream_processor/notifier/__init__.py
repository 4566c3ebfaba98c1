"""The notifier sends alerts to sinks."""
