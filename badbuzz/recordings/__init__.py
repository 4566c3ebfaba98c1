"""Recordings: files of tweets and their formats."""
