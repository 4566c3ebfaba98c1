"""badbuzz watches tweets about brands and alerts on a crisis within minutes."""

__version__ = "0.1.0"
