"""The partitioner: which partition holds a brand's records."""

from __future__ import annotations

from functools import lru_cache

from aiokafka.partitioner import murmur2


@lru_cache(maxsize=65_536)
def partition_of(brand: str, n_partitions: int) -> int:
    """Return the partition of a brand's tweets and state.

    It is the one that Kafka's default partitioner chooses for the brand in UTF-8.

    Examples
    --------
    >>> partition_of("Air Paradis", 4)
    2
    """
    hashed: int = murmur2(brand.encode(errors="replace"))
    return (hashed & 0x7FFFFFFF) % n_partitions
