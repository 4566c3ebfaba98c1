"""Labelled rows: reading, splitting, near-duplicates."""
