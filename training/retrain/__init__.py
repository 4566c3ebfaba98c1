"""Learning from what people said of labels: base data and corrections to a challenger."""
