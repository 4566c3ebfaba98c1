"""The sentences of messages and pages, one module for each language."""
