"""Ids for tweets that have none of their network."""

from __future__ import annotations

from hashlib import blake2b


def make_id(prefix: str, seq: int, brand: str, created_ms: int, text: str) -> str:
    """Return an id from a tweet's place in its recording and its content.

    Tweets at the same place in two recordings have the same id only if their content is the same.

    Parameters
    ----------
    prefix
        First part of the id.
    seq
        Place of the tweet in its recording, from 0.
    brand, created_ms, text
        Fields of the tweet.

    Examples
    --------
    >>> make_id("s1", 7, "Air Paradis", 0, "Merci !") == make_id("s1", 7, "Air Paradis", 0, "Non !")
    False
    """
    content = f"{brand}\x00{created_ms}\x00{text}".encode("utf-8", "surrogatepass")
    return f"{prefix}-{seq}-{blake2b(content, digest_size=6).hexdigest()}"
