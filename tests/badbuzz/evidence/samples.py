"""Evidence for the tests of samples, and a store of its records."""

from __future__ import annotations

from badbuzz.evidence.sample import BrandEvidence
from badbuzz.model import Tweet
from tests.support.events import BUCKET_MS, NEGATIVE, START_MS

BRAND = "Air Paradis"
Store = dict[bytes, bytes]


def tweet(number: int, at_ms: int = START_MS, text: str = "Where is my bag?") -> Tweet:
    return Tweet(str(number), BRAND, text, at_ms, at_ms, source="test", lang="en")


def fill(evidence: BrandEvidence, n_buckets: int, n: int, text: str = "Where is my bag?") -> None:
    """Add ``n`` negatives to each bucket and close the buckets in order."""
    for bucket in range(n_buckets):
        start_ms = START_MS + bucket * BUCKET_MS
        for i in range(n):
            evidence.add(tweet(bucket * n + i, start_ms + i, text), NEGATIVE)
        evidence.decay(start_ms + BUCKET_MS)


def save(evidence: BrandEvidence, store: Store) -> int:
    """Write the changed records as compaction keeps them, and return their number."""
    records = evidence.changed()
    evidence.saved()
    for record_key, value in records:
        if value is None:
            store.pop(record_key, None)
        else:
            store[record_key] = value
    return len(records)


def sampled(evidence: BrandEvidence) -> list[str]:
    """Return the sampled texts of the first bucket."""
    return [entry.text for entry in evidence.entries(START_MS, START_MS + BUCKET_MS)]


def restored(store: Store, brand: str = BRAND) -> BrandEvidence:
    evidence = BrandEvidence(brand)
    for record_key, value in reversed(store.items()):
        evidence.restore(record_key, value)
    return evidence


def letters(number: int) -> str:
    """Return six letters for a number, none three times in a row."""
    return "".join(
        f"{chr(97 + int(digit))}{chr(107 + i)}" for i, digit in enumerate(f"{number:03}")
    )
