"""Tests of which brands a fold lets in, when it drops one, and what that leaves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from badbuzz.detection.fold import Fold
from badbuzz.detection.state import OpenAlert, Rules
from badbuzz.model import Tweet, TweetKind
from tests.support.events import (
    BUCKET_MS,
    DAY_MS,
    HOUR_MS,
    NEGATIVE,
    START_MS,
    beat,
    beats,
    post,
    run,
)


def new_fold(max_unlisted: int = 9) -> Fold:
    """Return a fold in which A is listed and the others are dropped after a day."""
    return Fold(
        lambda _: Rules(), is_listed="A".__eq__, max_unlisted=max_unlisted, retention_ms=DAY_MS
    )


def replayed(brand: str) -> Tweet:
    return replace(post(START_MS, brand=brand)[0], source="replay:a", replay=True)


def test_a_tweet_that_is_not_listed_is_not_watched_when_there_are_enough_brands() -> None:
    fold = new_fold(max_unlisted=2)
    outcomes = [fold.apply(*post(START_MS, brand=brand)).outcome for brand in "BCDAD"]
    assert outcomes == ["counted", "counted", "unwatched", "counted", "unwatched"]
    assert sorted(fold.brands) == sorted(fold.seen) == [*"ABC"]


def test_a_brand_that_is_not_listed_is_dropped_after_its_retention() -> None:
    fold = new_fold()
    for brand in "AB":
        fold.apply(*post(START_MS, brand=brand))
    keys = {b"B", *(key for key, _ in fold.changed_records() if b"\x00B\x00" in key)}
    fold.saved()
    fold.apply(*beat(START_MS + DAY_MS))
    assert sorted(fold.brands) == ["A", "B"]
    fold.apply(*beat(START_MS + DAY_MS + 2 * BUCKET_MS))
    assert [sorted(kept) for kept in (fold.brands, fold.evidence, fold.seen)] == [["A"]] * 3
    deleted = {key for key, value in fold.changed_records() if value is None}
    assert keys <= deleted
    assert [state.brand for state in fold.changed_states()] == ["A"]
    fold.apply(*post(START_MS + 2 * DAY_MS, brand="B"))
    last = dict(fold.changed_records())
    assert last[b"\x00ids\x00B\x000"] is not None


@pytest.mark.parametrize("kind", ["edit", "delete"])
def test_only_a_post_lets_in_a_brand_that_is_not_listed(kind: TweetKind) -> None:
    fold = new_fold()
    change = replace(post(START_MS, brand="B")[0], kind=kind)
    assert fold.apply(change, None).outcome == "unwatched"
    assert fold.brands == {}


def test_a_live_brand_takes_the_place_of_a_replayed_one() -> None:
    fold = new_fold(max_unlisted=2)
    for brand in "CB":
        fold.apply(replayed(brand), NEGATIVE)
    assert fold.apply(replayed("D"), NEGATIVE).outcome == "unwatched"
    assert fold.apply(*post(START_MS, brand="D")).outcome == "counted"
    assert sorted(fold.brands) == ["C", "D"]


def test_a_brand_with_an_open_bucket_is_dropped_after_its_windows() -> None:
    fold = new_fold()
    fold.apply(*post(START_MS, brand="B"))
    last = fold.apply(*beat(START_MS + 3 * DAY_MS))
    assert sum(window.n for window in last.windows) == 1
    fold.apply(*beat(START_MS + 3 * DAY_MS + BUCKET_MS))
    assert fold.brands == {}


def test_a_brand_with_an_open_alert_is_kept_until_its_end() -> None:
    fold = new_fold()
    fold.apply(*post(START_MS, brand="B"))
    fold.apply(*beat(START_MS + HOUR_MS))
    fold.brands["B"].alert = OpenAlert("B/1", START_MS, "warning", 5.0, 5.0)
    alerts = run(beats(START_MS + 3 * DAY_MS, START_MS + 3 * DAY_MS + 3 * HOUR_MS), fold=fold)[1]
    assert [alert.phase for alert in alerts] == ["resolved"]
    assert fold.brands == {}


def test_records_that_vanished_before_a_brand_was_dropped_are_deleted() -> None:
    fold = new_fold()
    fold.apply(*post(START_MS, brand="B"))
    saved = {key for key, value in fold.changed_records() if value is not None}
    fold.saved()
    fold.evidence["B"].decay(START_MS + 12 * HOUR_MS)
    fold.apply(*beat(START_MS + HOUR_MS))
    fold.apply(*beat(START_MS + 3 * DAY_MS))
    assert saved <= {key for key, value in fold.changed_records() if value is None}


def test_the_alert_of_a_replay_does_not_live_on() -> None:
    fold = new_fold()
    fold.apply(replayed("A"), NEGATIVE)
    fold.brands["A"].alert = OpenAlert("A/1", START_MS, "critical", 15.0, 15.0)
    fold.apply(*post(START_MS, brand="A"))
    assert fold.brands["A"].alert is None
