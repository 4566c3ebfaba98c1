"""Recorded files to tweets."""
