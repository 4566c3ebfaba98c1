"""Features of texts: tokens, hashed ids, vocabularies, attribution and drift."""

__all__ = ["attribution", "drift", "featurisers", "hashing", "known_words", "tokens", "vocabulary"]
