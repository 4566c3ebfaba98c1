"""Bundles: scoring, the registry, and champions."""
