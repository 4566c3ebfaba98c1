"""Every model on the same rows, measured alike, each run kept in MLflow."""
