"""The store: SQLite in a file, or PostgreSQL. Only this package knows SQL."""

__all__ = ["database", "model"]
