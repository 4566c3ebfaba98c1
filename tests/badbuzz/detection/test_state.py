from __future__ import annotations

from dataclasses import astuple, replace
from datetime import UTC

import orjson
import pytest

from badbuzz.detection.buckets import Bucket
from badbuzz.detection.fold import Fold
from badbuzz.detection.state import BrandState, OpenAlert, Rules
from badbuzz.errors import StateError
from tests.support.events import BUCKET_MS, NEGATIVE, START_MS, beats, in_order, post, run, steady

BRAND = "é" * 50


def worst_case() -> BrandState:
    """Return a state of many sources with long names, full buckets and an open alert."""
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


def test_numbers_round_trip_exactly() -> None:
    state = worst_case()
    assert BrandState.unpack(state.pack()) == state


def test_another_version_is_refused_by_name() -> None:
    packed = orjson.dumps({**orjson.loads(worst_case().pack()), "v": 99})
    with pytest.raises(StateError, match=f"'{BRAND}' has version 99"):
        BrandState.unpack(packed)


@pytest.mark.parametrize(
    ("n_hours", "n_negatives", "warm"),
    [(168, 50, True), (167, 50, False), (168, 49, False), (0, 999, False), (999, 0, False)],
)
def test_a_brand_is_warm_after_enough_hours_and_negatives(
    n_hours: int, n_negatives: int, warm: bool
) -> None:
    state = BrandState("Air Paradis", n_hours=n_hours, n_negative_seen=n_negatives)
    assert state.warm(Rules()) == warm


def test_a_mute_is_half_open() -> None:
    rules = Rules(muted_ms=((10, 20), (30, 40)))
    assert [at for at in (9, 10, 19, 20, 29, 30, 39, 40) if rules.muted(at)] == [10, 19, 30, 39]


@pytest.mark.parametrize(
    ("at_ms", "shown"), [(9, "muted"), (10, "cooling"), (19, "cooling"), (20, "quiet")]
)
def test_a_window_states_mute_before_cool_down(at_ms: int, shown: str) -> None:
    state = BrandState("Air Paradis", n_hours=168, n_negative_seen=50, cool_until_ms=20)
    rules = Rules(muted_ms=((0, 10),))
    assert state.window_state(at_ms, rules) == shown
    state.alert = OpenAlert("a", 0, "warning", 4.0, 4.0)
    assert state.window_state(at_ms, rules) == "firing"
    state.n_hours = 0
    assert state.window_state(at_ms, rules) == "no_baseline"


def test_the_default_rules() -> None:
    defaults = Rules(
        theta=4.0, lateness_ms=60_000, warmup_hours=168, warmup_negatives=50, count_weight=0.8,
        rate_weight=0.6, min_rate_z=1.4, surge_rate_z=1.0, min_negatives=5, step=2.0, quiet_z=2.0,
        quiet_minutes=30, cool_down_minutes=60,
    )  # fmt: skip
    assert Rules() == defaults
    assert (Rules().zone, Rules().languages, Rules().muted_ms) == (UTC, None, ())


def test_a_new_brand_has_seen_nothing() -> None:
    plain = orjson.loads(BrandState("Air Paradis").pack())
    names = ("v", "closed_ms", "n_late", "n_hours", "last_hour", "n_negative_seen", "alert",
             "cool_until_ms", "last_peak", "replay")  # fmt: skip
    assert [plain[name] for name in names] == [4, -1, 0, 0, -1, 0, None, 0, 0.0, False]
    assert astuple(Bucket()) == (0, 0, 0, 0, 0, 0, 0.0)
    assert OpenAlert("a", 0, "warning", 4.0, 4.0).n_quiet == 0


def test_the_bundles_of_a_brand_are_sorted_by_name() -> None:
    state = BrandState("Air Paradis", bundles={"fr": "2", "en": "1"})
    assert state.bundle == "en@1,fr@2"
