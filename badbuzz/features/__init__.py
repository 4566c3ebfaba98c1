"""Text to features: tokens, hashed ids, vocabularies, attribution and drift. Pure."""
