"""Conversion of compared models to bundles."""
