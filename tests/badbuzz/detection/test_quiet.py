"""Tests of buckets without a tweet: the short way to close them changes nothing."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from badbuzz.detection import windows
from badbuzz.detection.buckets import Bucket
from badbuzz.detection.fold import Fold
from badbuzz.detection.state import BrandState, Rules
from tests.support.events import (
    BUCKET_MS,
    DAY_MS,
    HOUR_MS,
    START_MS,
    Event,
    beat,
    in_order,
    post,
    run,
)

RULES = Rules(warmup_hours=24)


def sparse_days(n_days: int, seed: int) -> list[Event]:
    """Return some hours with tweets, the other buckets empty, and a heartbeat in each bucket."""
    rng = np.random.default_rng(seed)
    posts = [
        post(START_MS + int(hour) * HOUR_MS + int(at), negative=bool(rng.random() < 0.4))
        for hour in rng.choice(n_days * 24, n_days * 10, replace=False)
        for at in np.sort(rng.integers(0, HOUR_MS, rng.poisson(12)))
    ]
    return in_order([*posts, *(beat(START_MS + n * BUCKET_MS) for n in range(n_days * 288))])


@pytest.mark.parametrize(
    "rules",
    [
        RULES,
        Rules(warmup_hours=0, warmup_negatives=0, zone=ZoneInfo("Asia/Kolkata")),
        Rules(muted_ms=((START_MS + 2 * DAY_MS, START_MS + 3 * DAY_MS),), theta=2.0),
        Rules(theta=0.0),
        Rules(min_negatives=0),
    ],
    ids=["default", "zone", "muted", "theta 0", "no minimum"],
)
def test_the_short_way_to_close_an_empty_bucket_changes_no_bit(
    rules: Rules, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = sparse_days(4, seed=len(str(rules)))
    folds = [Fold(lambda _brand: rules) for _ in range(2)]
    short = run(events, fold=folds[0])
    monkeypatch.setattr(windows, "quiet_hour", lambda _state, _rules: None)
    assert run(events, fold=folds[1]) == short
    packed = [[state.pack() for state in fold.brands.values()] for fold in folds]
    assert packed[0] == packed[1]


def test_most_empty_buckets_are_closed_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[int] = []

    def close(state: BrandState, start_ms: int, bucket: Bucket, *rest: Any) -> Any:
        closed.append(start_ms)
        return long_way(state, start_ms, bucket, *rest)

    long_way = windows._close
    monkeypatch.setattr(windows, "_close", close)
    posts = [post(START_MS), *(beat(START_MS + n * BUCKET_MS) for n in range(288))]
    n_windows = len(run(posts)[0])
    assert len(closed) == 13
    assert n_windows > 280
