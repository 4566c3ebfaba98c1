"""Labelled rows: reading, splitting, duplicates."""
