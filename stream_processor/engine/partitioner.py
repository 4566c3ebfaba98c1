"""Where a brand's records stand."""

from __future__ import annotations

from functools import lru_cache

from aiokafka.partitioner import murmur2


@lru_cache(maxsize=65_536)
def partition_of(brand: str, n_partitions: int) -> int:
    """The partition of a brand's tweets and state: Kafka's default partitioner over its UTF-8.

    Examples
    --------
    >>> partition_of("Air Paradis", 4)
    2
    """
    hashed: int = murmur2(brand.encode(errors="replace"))
    return (hashed & 0x7FFFFFFF) % n_partitions
