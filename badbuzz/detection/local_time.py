"""The local time of a bucket, which decides its season."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from functools import lru_cache

from badbuzz.model import BUCKET_MS, HOUR_MS


@lru_cache(maxsize=4096)
def _utc_offset_h(quarter: int, zone: tzinfo) -> float:
    offset = datetime.fromtimestamp(quarter * 900, UTC).astimezone(zone).utcoffset()
    return offset.total_seconds() / 3600 if offset is not None else 0.0


@lru_cache(maxsize=4096)
def local_hour(start_ms: int, zone: tzinfo) -> float:
    """Return the local time of the middle of a bucket in hours, in [0, 24).

    Examples
    --------
    >>> local_hour(0, UTC) * 60
    2.5
    """
    middle_ms = start_ms + BUCKET_MS // 2
    return (middle_ms / HOUR_MS + _utc_offset_h(middle_ms // 900_000, zone)) % 24.0
