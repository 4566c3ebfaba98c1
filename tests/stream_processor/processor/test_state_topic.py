"""Tests of the records of a partition's state."""

from __future__ import annotations

import pytest

from badbuzz.detection.fold import Fold
from badbuzz.detection.state import Rules
from badbuzz.errors import StateError
from stream_processor.processor.state_topic import pack_changes, unpack_brand
from tests.support.events import DAY_MS, HOUR_MS, START_MS, beat, post


def test_a_dropped_brand_that_is_seen_again_is_restored() -> None:
    fold = Fold(lambda _: Rules(), is_listed=lambda _: False, max_unlisted=1, retention_ms=DAY_MS)
    fold.apply(*post(START_MS, brand="B"))
    fold.apply(*beat(START_MS + HOUR_MS))
    fold.saved()
    fold.apply(*beat(START_MS + 3 * DAY_MS))
    fold.apply(*post(START_MS + 3 * DAY_MS, brand="B"))
    last = {key: value for key, value, _ in pack_changes(fold, 0, 9)}
    assert last[b"B"] is not None


def test_the_remedy_for_another_version_is_not_an_empty_topic() -> None:
    """Refuse a state that ends before what was committed, as an empty one does."""
    with pytest.raises(StateError, match="run the badbuzz that wrote it, or start anew; see docs"):
        unpack_brand("processor-state", b"Air Paradis", b'{"v":99,"brand":"Air Paradis"}')
