"""Sinks: where people are told of alerts, one file each."""
