"""Models that were compared, as bundles that serve."""
