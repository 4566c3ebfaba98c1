"""Comparison of models on the same splits, with runs in MLflow."""
