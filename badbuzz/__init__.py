"""badbuzz watches tweets about brands and alerts on a crisis within minutes."""

__all__ = ["__version__"]

__version__ = "0.1.0"
