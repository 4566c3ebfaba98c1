"""Tests of the records of a partition's state."""

from __future__ import annotations

from badbuzz.detection.fold import Fold
from badbuzz.detection.state import Rules
from stream_processor.processor.state_topic import pack_changes
from tests.support.events import DAY_MS, HOUR_MS, START_MS, beat, post


def test_a_dropped_brand_that_is_seen_again_is_restored() -> None:
    fold = Fold(
        lambda _: Rules(), is_listed=lambda _: False, max_unlisted=1, retention_ms=DAY_MS
    )
    fold.apply(*post(START_MS, brand="B"))
    fold.apply(*beat(START_MS + HOUR_MS))
    fold.saved()
    fold.apply(*beat(START_MS + 3 * DAY_MS))
    fold.apply(*post(START_MS + 3 * DAY_MS, brand="B"))
    last = {key: value for key, value, _ in pack_changes(fold, 0, 9)}
    assert last[b"B"] is not None
