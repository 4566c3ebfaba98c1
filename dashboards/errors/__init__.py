"""The error analysis: where labels and alerts were wrong, as people said."""
