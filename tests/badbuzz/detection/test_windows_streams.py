"""Tests of windows and alerts over streams of events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from badbuzz.detection.buckets import Bucket
from badbuzz.detection.fold import Fold
from badbuzz.detection.state import BrandState, Rules
from badbuzz.detection.windows import (
    advance,
    examine,
    learn,
)
from badbuzz.model import Alert, Window
from tests.support.events import (
    BUCKET_MS,
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    START_MS,
    Event,
    beats,
    burst,
    in_order,
    post,
    run,
    steady,
)

RULES = Rules(warmup_hours=24)


CRISIS_MS = START_MS + 2 * DAY_MS


def quiet_days(
    n_days: float, *, seed: int = 1, negatives: float = 3.0, others: float = 3.0
) -> Iterator[Event]:
    """Poisson negatives and others in every bucket."""
    rng = np.random.default_rng(seed)
    for bucket in range(int(n_days * 288)):
        start_ms = START_MS + bucket * BUCKET_MS
        for negative, mean in ((True, negatives), (False, others)):
            for offset in rng.integers(0, BUCKET_MS, rng.poisson(mean)):
                yield post(start_ms + int(offset), negative=negative)


def fold_of(posts: list[Event], *, until_ms: int, rules: Rules = RULES) -> list[Window | Alert]:
    windows, alerts, _ = run(in_order([*posts, *beats(START_MS, until_ms)]), rules)
    return [*windows, *alerts]


def alerts_of(posts: list[Event], *, until_ms: int, rules: Rules = RULES) -> list[Alert]:
    return [output for output in fold_of(posts, until_ms=until_ms, rules=rules)
            if isinstance(output, Alert)]  # fmt: skip


def test_ten_quiet_days_raise_nothing() -> None:
    assert alerts_of(list(quiet_days(10)), until_ms=START_MS + 10 * DAY_MS) == []


def test_a_burst_of_negatives_fires_and_is_resolved() -> None:
    posts = [*quiet_days(2.5), *burst(CRISIS_MS, 30)]
    alerts = alerts_of(posts, until_ms=START_MS + 5 * DAY_MS // 2)
    assert [alert.phase for alert in alerts] == ["firing", "resolved"]
    assert alerts[0].window_end_ms == CRISIS_MS + BUCKET_MS


def test_good_news_at_four_times_the_volume_raises_nothing() -> None:
    posts = [*quiet_days(2.5), *burst(CRISIS_MS, 30, negative=False)]
    assert alerts_of(posts, until_ms=START_MS + 5 * DAY_MS // 2) == []


def test_a_surge_at_an_unchanged_rate_raises_nothing() -> None:
    surge = [post(CRISIS_MS + i * 8_000, negative=i % 2 == 0) for i in range(36)]
    assert alerts_of([*quiet_days(2.5), *surge], until_ms=START_MS + 5 * DAY_MS // 2) == []


@pytest.mark.parametrize(("surge_rate_z", "fires"), [(0.0, True), (1.0, False)])
def test_a_surge_of_all_tweets_raises_the_minimum_rate_z(surge_rate_z: float, fires: bool) -> None:
    surge = [*burst(CRISIS_MS, 20), *burst(CRISIS_MS + 30_000, 7, negative=False)]
    rules = replace(RULES, surge_rate_z=surge_rate_z)
    posts = [*steady(2.2, n=6, n_negative=3), *surge]
    assert bool(alerts_of(posts, until_ms=CRISIS_MS + HOUR_MS, rules=rules)) == fires


@pytest.mark.parametrize(
    "fields", [{"min_rate_z": 9.0}, {"min_negatives": 99}, {"count_weight": 0.0}]
)
def test_rules_of_a_brand_may_be_stricter(fields: dict[str, float]) -> None:
    posts = [*steady(2.2, n=6, n_negative=3), *burst(CRISIS_MS, 30)]
    until_ms = CRISIS_MS + HOUR_MS
    assert alerts_of(posts, until_ms=until_ms)
    assert not alerts_of(posts, until_ms=until_ms, rules=replace(RULES, **fields))  # type: ignore[arg-type]


def test_advance_equals_examine_advance_alert_and_learn() -> None:
    closed, examined = BrandState("Air Paradis", closed_ms=START_MS), BrandState("Air Paradis")
    for i in range(400):
        start_ms = START_MS + i * BUCKET_MS
        closed.buckets[start_ms] = Bucket(n=9, n_negative=3 + i % 4)
        ((window, _),) = advance(closed, start_ms + BUCKET_MS, replace(RULES, theta=99.0))
        bucket = Bucket(n=9, n_negative=3 + i % 4)
        result = examine(examined, start_ms, bucket, RULES)
        learn(examined, bucket, result, RULES)
        assert (window.score, window.p_value) == (result.score, result.p_value)
    assert examined.baseline == closed.baseline


def test_four_negatives_are_never_a_crisis() -> None:
    posts = [*steady(2, n=1, n_negative=0), *burst(CRISIS_MS, 4)]
    assert alerts_of(posts, until_ms=CRISIS_MS + HOUR_MS) == []


def test_a_brand_first_seen_in_a_spike_raises_nothing() -> None:
    until_ms = START_MS + HOUR_MS
    outputs = fold_of(list(burst(START_MS, 60)), until_ms=until_ms)
    assert {window.state for window in outputs if isinstance(window, Window)} == {"no_baseline"}
    assert not [alert for alert in outputs if isinstance(alert, Alert)]


def test_without_a_baseline_an_alert_is_informational() -> None:
    posts = [*quiet_days(2.5), *burst(CRISIS_MS, 30)]
    rules = replace(RULES, warmup_hours=168)
    alerts = alerts_of(posts, until_ms=CRISIS_MS + 2 * HOUR_MS, rules=rules)
    assert {alert.severity for alert in alerts} == {"info"}


def test_warm_up_counts_hours_with_a_tweet() -> None:
    one_an_hour = [post(START_MS + hour * HOUR_MS) for hour in range(60)]
    windows, _, _ = run(in_order([*one_an_hour, *beats(START_MS, START_MS + 60 * HOUR_MS)]), RULES)
    first = next(window for window in windows if window.state != "no_baseline")
    assert (first.start_ms - START_MS) // HOUR_MS == 49  # until the fiftieth negative has been seen


def test_an_alert_has_observed_and_expected_counts() -> None:
    posts = [*steady(2.2, n=6, n_negative=3), *burst(CRISIS_MS, 30)]
    alert = alerts_of(posts, until_ms=CRISIS_MS + HOUR_MS)[0]
    assert (alert.n, alert.n_negative, alert.scale_min) == (36, 33, 5)
    assert alert.expected == pytest.approx(3.0, rel=0.05)
    assert alert.baseline_rate == pytest.approx(0.5, abs=0.02)
    assert (alert.first_ms, alert.last_ms) == (CRISIS_MS, CRISIS_MS + 100_000)


def test_the_id_is_brand_and_opening_window_in_every_phase() -> None:
    posts = [*quiet_days(2.5), *burst(CRISIS_MS, 30), *burst(CRISIS_MS + BUCKET_MS, 90)]
    alerts = alerts_of(posts, until_ms=START_MS + 5 * DAY_MS // 2)
    assert {alert.id for alert in alerts} == {f"Air Paradis/{CRISIS_MS}"}
    assert [alert.phase for alert in alerts] == ["firing", "escalated", "resolved"]


def test_a_crisis_does_not_become_its_own_baseline() -> None:
    crisis = [e for i in range(12) for e in burst(CRISIS_MS + i * BUCKET_MS, 40)]
    outputs = fold_of([*quiet_days(2.5), *crisis], until_ms=CRISIS_MS + 3 * HOUR_MS)
    after = [window for window in outputs if isinstance(window, Window)][-1]
    assert after.expected < 6.0


def test_the_season_follows_the_brands_clock_through_daylight_saving() -> None:
    noon_utc = 1_711_800_000_000  # 2024-03-30 12:00, the day before Europe/Paris changes
    paris = ZoneInfo("Europe/Paris")
    folds = Fold(lambda _: Rules(zone=paris))
    busy = [
        post(day + noon_utc + i * 10_000 - (HOUR_MS if day >= DAY_MS else 0))
        for day in range(0, 20 * DAY_MS, DAY_MS)
        for i in range(-400, 400)
    ]
    events = in_order([*busy, *beats(noon_utc - DAY_MS, noon_utc + 20 * DAY_MS)])
    run(events, fold=folds)
    baseline = folds.brands["Air Paradis"].baseline
    assert max(range(24), key=lambda hour: baseline.season(hour + 0.5)) == 12


def test_a_mute_period_opens_no_alert() -> None:
    posts = [*quiet_days(2.5), *burst(CRISIS_MS, 30)]
    rules = replace(RULES, muted_ms=((CRISIS_MS, CRISIS_MS + DAY_MS),))
    outputs = fold_of(posts, until_ms=CRISIS_MS + 2 * HOUR_MS, rules=rules)
    assert not [alert for alert in outputs if isinstance(alert, Alert)]
    assert next(w for w in reversed(outputs) if isinstance(w, Window)).state == "muted"


def test_windows_follow_each_other_without_gap() -> None:
    outputs = fold_of(list(steady(0.1)), until_ms=START_MS + DAY_MS // 10)
    windows = [window for window in outputs if isinstance(window, Window)]
    assert {b.start_ms - a.end_ms for a, b in pairwise(windows)} == {0}


def test_a_window_counts_only_what_is_inside_its_half_open_interval() -> None:
    edges = [START_MS, START_MS + BUCKET_MS - 1, START_MS + BUCKET_MS]
    outputs = fold_of([post(at) for at in edges], until_ms=START_MS + 12 * MINUTE_MS)
    assert [window.n for window in outputs if isinstance(window, Window)] == [2, 1]
