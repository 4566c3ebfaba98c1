"""Recordings: files of tweets and their formats."""

__all__ = ["outputs", "reader", "rows", "source_formats", "times", "truth"]
