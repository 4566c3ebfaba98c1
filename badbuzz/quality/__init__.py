"""Quality by human feedback: mispredictions, rulings, confidence intervals. Pure."""
