"""Offline training of model bundles; the worker never imports it."""
