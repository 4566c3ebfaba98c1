"""Offline: data in, model bundles out. Never imported by the worker."""
