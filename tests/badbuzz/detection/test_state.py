from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from badbuzz.detection.fold import Fold
from badbuzz.detection.state import BrandState, OpenAlert, Rules
from badbuzz.errors import StateError
from tests.support.events import BUCKET_MS, NEGATIVE, START_MS, beats, in_order, post, run, steady

BRAND = "é" * 50


def worst_case() -> BrandState:
    """Many sources with long names, unnumbered records, full buckets, an open alert."""
    fold = Fold(lambda _: Rules(warmup_hours=24, theta=0.1))
    end_ms = START_MS + 2 * 86_400_000
    run(in_order([*steady(2, n=60, n_negative=31), *beats(START_MS, end_ms)]), fold=fold)
    sources = [
        replace(post(end_ms + i)[0], source=f"{'é' * 48}{i:02}", seq=10**12) for i in range(20)
    ]
    run(((tweet, NEGATIVE) for tweet in sources), fold=fold)
    run((post(end_ms + i * BUCKET_MS // 100) for i in range(100)), fold=fold)
    state = fold.brands["Air Paradis"]
    state.brand = BRAND
    state.alert = OpenAlert(f"{BRAND}/{end_ms}", end_ms, "critical", 123.4567, 123.4567, 5)
    return state


def test_a_packed_brand_takes_at_most_four_kilobytes() -> None:
    assert len(worst_case().pack()) <= 4096


def test_numbers_come_back_exactly() -> None:
    state = worst_case()
    assert BrandState.unpack(state.pack()) == state


def test_another_version_is_refused_by_name() -> None:
    packed = orjson.dumps({**orjson.loads(worst_case().pack()), "v": 99})
    with pytest.raises(StateError, match=f"'{BRAND}' has version 99"):
        BrandState.unpack(packed)
