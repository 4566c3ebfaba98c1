"""Model bundles: scorers, registry and champions."""

__all__ = ["champions", "history", "registry", "scorer"]
