"""Quality by human feedback: mispredictions, rulings, confidence intervals. Pure."""

__all__ = ["mispredictions", "proportions", "rulings"]
