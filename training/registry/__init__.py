"""Registering, gating and promoting bundles in MLflow."""
