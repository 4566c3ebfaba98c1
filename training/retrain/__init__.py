"""Retraining: base data and corrections to a challenger."""
