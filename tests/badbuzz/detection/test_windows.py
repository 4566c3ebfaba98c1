from __future__ import annotations

import copy
from dataclasses import replace
from math import log, sqrt
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from badbuzz.detection.baseline import Baseline
from badbuzz.detection.buckets import Bucket
from badbuzz.detection.state import BrandState, Rules
from badbuzz.detection.statistics import count_z, p_value, rate_z
from badbuzz.detection.windows import (
    advance,
    examine,
    learn,
    note_source,
    observe,
)
from tests.support.events import (
    BUCKET_MS,
    HOUR_MS,
    MINUTE_MS,
    START_MS,
    post,
)


def known(n_hours: int = 500, **fields: Any) -> BrandState:
    """Make a brand whose buckets have three negatives of six tweets."""
    baseline = Baseline(
        level_seen=3e6, level_exposure=1e6, fast_seen=3e6, fast_exposure=1e6,
        season_seen=[3e6] * 24, season_expected=[3e6] * 24, rate_negatives=3e6, rate_tweets=6e6,
        rate_adjusted=3e6,
    )  # fmt: skip
    return BrandState("Air Paradis", baseline=baseline, n_hours=n_hours, **fields)


def test_a_known_bucket_gives_known_figures() -> None:
    state, bucket = known(), Bucket(n=18, n_negative=15)
    result = examine(state, START_MS, bucket, Rules())
    z_count = count_z(15, 3.0, 0.1)
    z_rate = rate_z(15, 18, 0.5)
    deviation = sqrt(3.0 + 0.1 * 9.0)
    assert bucket.expected == pytest.approx(3.0, rel=1e-4)
    assert result.score == pytest.approx(0.8 * z_count + 0.6 * z_rate, abs=1e-3)
    assert result.score == round(result.score, 4)
    assert result.max_count_z == pytest.approx(z_count, rel=1e-3)
    assert result.p_value == pytest.approx(p_value(z_count), rel=6e-3)
    assert f"{result.p_value:.3g}" == f"{result.p_value:.12g}"
    assert result.expected == pytest.approx(3.0, abs=1e-3)
    assert result.expected_low == 0.0
    assert result.expected_high == pytest.approx(3.0 + 2.0 * deviation, abs=1e-3)
    assert (result.minutes, result.start_ms) == (5, START_MS)
    assert result.end_ms == START_MS + BUCKET_MS
    assert (result.n, result.n_negative) == (18, 15)


def test_the_band_is_two_deviations_of_dispersion_and_uncertainty() -> None:
    state = known()
    state.baseline.level_seen, state.baseline.level_exposure = 100e6, 1e6
    state.baseline.fast_seen, state.baseline.fast_exposure = 100e6, 1e6
    state.baseline.residual_squares[0], state.baseline.mean_squares[0] = 1e5, 1e7
    result = examine(state, START_MS, Bucket(n=200, n_negative=100), Rules())
    deviation = sqrt(100.0 + 0.01 * 100.0**2)
    assert result.expected_low == pytest.approx(100 - 2 * deviation, abs=0.05)
    assert result.expected_high == pytest.approx(100 + 2 * deviation, abs=0.05)
    uncertain = known()
    uncertain.baseline.season_seen, uncertain.baseline.season_expected = [0.0] * 24, [0.0] * 24
    spread = 0.1 + 1 / 20
    result = examine(uncertain, START_MS, Bucket(n=200, n_negative=100), Rules())
    assert result.expected_high == pytest.approx(3 + 2 * sqrt(3 + spread * 9), abs=1e-3)


@pytest.mark.parametrize(("n_hours", "scores"), [(23, False), (24, True)])
def test_nothing_scores_before_a_day_of_hours(n_hours: int, scores: bool) -> None:
    result = examine(known(n_hours), START_MS, Bucket(n=18, n_negative=15), Rules())
    assert (result.score > 0.0) == scores
    assert result.max_count_z > 3.0


@pytest.mark.parametrize(("n_hours", "trusted"), [(5, False), (6, True)])
def test_an_expectation_is_trusted_after_six_hours(n_hours: int, trusted: bool) -> None:
    state, bucket = known(n_hours), Bucket(n=99, n_negative=99)
    learn(state, bucket, examine(state, START_MS, bucket, Rules()), Rules())
    assert (state.baseline.mean_squares[0] > 0.0) == trusted


@pytest.mark.parametrize(("n_negative", "scores"), [(4, False), (5, True)])
def test_five_negatives_may_score(n_negative: int, scores: bool) -> None:
    state, bucket = known(), Bucket(n=n_negative, n_negative=n_negative)
    rules = Rules(min_rate_z=-9.0, count_weight=1.0)
    assert (examine(state, START_MS, bucket, rules).score > 0.0) == scores


def test_a_rate_z_at_the_minimum_scores() -> None:
    z = rate_z(9, 15, 0.5, clustering=0.03)
    for more, scores in ((-1e-6, True), (1e-6, False)):
        state = known()
        state.baseline.rate_negatives, state.baseline.rate_tweets = 5e9 - 2, 1e10 - 5
        rules = Rules(min_rate_z=z + more, surge_rate_z=0.0)
        result = examine(state, START_MS, Bucket(n=15, n_negative=9), rules)
        assert (result.score > 0.0) == scores
    exactly = Rules(min_rate_z=rate_z(9, 15, state.baseline.rate, 0.03), surge_rate_z=0.0)
    assert examine(state, START_MS, Bucket(n=15, n_negative=9), exactly).score > 0.0


@pytest.mark.parametrize("others", [3, 12])
def test_a_surge_raises_the_minimum_by_the_log_of_its_size(others: int) -> None:
    state = known()
    state.baseline.rate_negatives, state.baseline.rate_tweets = 5e9 - 2, 1e10 - 5
    z = rate_z(40, 40 + others, state.baseline.rate, 0.03)
    surge = max(log((others + 3.0) / (3.0 + 3.0)), 0.0)
    for more, scores in ((-1e-3, True), (1e-3, False)):
        rules = Rules(min_rate_z=z - 2.0 * surge + more, surge_rate_z=2.0)
        state.recent.clear()
        bucket = Bucket(n=40 + others, n_negative=40)
        assert (examine(state, START_MS, bucket, rules).score > 0.0) == scores


def test_the_scale_with_the_highest_score_is_reported() -> None:
    state = known()
    state.recent = [Bucket(n=20, n_negative=15, expected=3.0) for _ in range(11)]
    result = examine(state, START_MS, Bucket(n=20, n_negative=15), Rules())
    assert result.minutes > 5
    assert result.start_ms == START_MS + BUCKET_MS - result.minutes * MINUTE_MS
    assert (result.n, result.n_negative) == (4 * result.minutes, 3 * result.minutes)
    assert result.max_count_z > count_z(15, 3.0, 0.1)


@pytest.mark.parametrize("n_before", range(12))
def test_a_result_after_a_silence_covers_only_buckets_that_exist(n_before: int) -> None:
    state = known()
    state.recent = [Bucket(n=20, n_negative=15, expected=3.0) for _ in range(n_before)]
    result = examine(state, START_MS, Bucket(n=20, n_negative=15), Rules())
    assert result.start_ms >= START_MS - n_before * BUCKET_MS
    assert result.start_ms == result.end_ms - result.minutes * MINUTE_MS
    assert (result.n, result.n_negative) == (4 * result.minutes, 3 * result.minutes)


def test_without_a_score_the_scale_with_the_highest_count_z_is_reported() -> None:
    state = known(0)
    state.recent = [Bucket(n=20, n_negative=0, expected=3.0) for _ in range(11)]
    assert examine(state, START_MS, Bucket(n=99, n_negative=4), Rules()).minutes == 5


def test_an_hour_of_closed_buckets_is_remembered() -> None:
    state = known()
    for i in range(13):
        examine(state, START_MS + i * BUCKET_MS, Bucket(n=i), Rules())
    assert [bucket.n for bucket in state.recent] == list(range(1, 13))


def test_the_hour_is_that_of_the_buckets_middle_in_the_brands_zone() -> None:
    state = known()
    state.baseline.season_seen = [3e6 * (1 + hour) for hour in range(24)]
    zone = ZoneInfo("Asia/Kolkata")  # UTC+5:30
    for start_ms, rules, hour in (
        (START_MS + 10 * HOUR_MS, Rules(), 10 + 2.5 / 60),
        (START_MS + 10 * HOUR_MS, Rules(zone=zone), 15.5 + 2.5 / 60),
        (START_MS + 19 * HOUR_MS, Rules(zone=zone), 0.5 + 2.5 / 60),
    ):
        bucket = Bucket()
        examine(state, start_ms, bucket, rules)
        assert bucket.expected == pytest.approx(state.baseline.expected(hour), rel=1e-9)
        before = [*state.baseline.season_expected]
        learn(state, bucket, examine(state, start_ms, bucket, rules), rules)
        moved = [h for h in range(24) if state.baseline.season_expected[h] != before[h]]
        assert moved == [int(hour)]


def test_hours_with_a_tweet_are_counted_once() -> None:
    state = BrandState("Air Paradis")
    for minutes, n in ((0, 1), (5, 1), (60, 0), (65, 1), (125, 1)):
        bucket = Bucket(n=n, n_negative=n)
        start_ms = START_MS + minutes * MINUTE_MS
        learn(state, bucket, examine(state, start_ms, bucket, Rules()), Rules())
    assert (state.n_hours, state.n_negative_seen) == (3, 4)
    assert state.last_hour == START_MS // HOUR_MS + 2


@pytest.mark.parametrize(("gap_ms", "n_windows"), [(HOUR_MS, 13), (HOUR_MS + BUCKET_MS, 1)])
def test_a_gap_of_more_than_an_hour_is_missing(gap_ms: int, n_windows: int) -> None:
    state = known(closed_ms=START_MS, recent=[Bucket(n=7)])
    next_ms = START_MS + gap_ms
    state.buckets[next_ms] = Bucket(n=1)
    closed = advance(state, next_ms + BUCKET_MS + MINUTE_MS, Rules())
    assert len(closed) == n_windows
    assert (closed[-1][0].start_ms, closed[-1][0].n) == (next_ms, 1)
    assert len(state.recent) == (1 if n_windows == 1 else 12)
    assert state.closed_ms == next_ms + BUCKET_MS


def test_a_new_brand_starts_at_the_watermark_and_closes_no_empty_bucket() -> None:
    state = BrandState("Air Paradis")
    assert advance(state, START_MS + MINUTE_MS, Rules()) == []
    assert state.closed_ms == START_MS
    assert advance(state, START_MS + BUCKET_MS, Rules()) == []
    state.buckets[START_MS + BUCKET_MS] = Bucket(n_unvalidated=1)
    ((window, alert),) = advance(state, START_MS + 2 * BUCKET_MS, Rules(), ("x",))
    assert (window.n_unvalidated, window.rate, window.adjusted_rate) == (1, None, None)
    assert (window.absent, alert) == (("x",), None)


def test_a_window_has_rounded_rates() -> None:
    state = known(closed_ms=START_MS, bundles={"en": "1"})
    state.buckets[START_MS] = Bucket(n=3, n_negative=1, adjusted=20_000)
    ((window, _),) = advance(state, START_MS + BUCKET_MS, Rules())
    assert (window.rate, window.adjusted_rate, window.bundle) == (0.3333, 0.6667, "en@1")
    assert (window.baseline_rate, window.adjusted_baseline_rate) == (0.5, 0.5)
    assert (window.start_ms, window.end_ms) == (START_MS, START_MS + BUCKET_MS)
    assert window.expected == round(window.expected, 4) == pytest.approx(3.0, abs=1e-3)


def test_the_first_and_last_tweet_of_a_bucket_are_recorded() -> None:
    state = BrandState("Air Paradis", closed_ms=START_MS)
    for offset in (20, 10, 30, 25):
        tweet, prediction = post(START_MS + offset)
        assert observe(state, replace(tweet, replay=True), prediction, Rules()) == "counted"
    bucket = state.buckets[START_MS]
    assert (bucket.first_ms, bucket.last_ms) == (START_MS + 10, START_MS + 30)
    assert (bucket.n, bucket.n_negative, bucket.adjusted) == (4, 4, 38_000)
    assert (state.replay, state.bundles) == (True, {"airline-en": "1"})


def test_a_tweet_before_the_last_closed_bucket_is_late() -> None:
    state = BrandState("Air Paradis", closed_ms=START_MS)
    outcomes = [observe(state, *post(START_MS + offset), Rules()) for offset in (-1, 0)]
    assert (outcomes, state.n_late) == (["late", "counted"], 1)


def test_a_source_is_as_far_as_its_posts_and_its_clock() -> None:
    state = BrandState("Air Paradis")
    tweet = replace(post(START_MS + 9)[0], created_ms=START_MS + 5)
    note_source(state, tweet)
    assert state.newest_ms == {"test": START_MS + 5}
    note_source(state, replace(tweet, created_ms=START_MS + 20))
    assert state.newest_ms == {"test": START_MS + 9}
    note_source(state, replace(tweet, kind="edit", produced_ms=START_MS + 30))
    assert state.newest_ms == {"test": START_MS + 30}
    note_source(state, tweet)
    assert state.newest_ms == {"test": START_MS + 30}


def test_a_source_is_no_further_than_the_broker() -> None:
    state = BrandState("Air Paradis")
    note_source(state, post(START_MS + 9)[0], START_MS + 5)
    assert state.newest_ms == {"test": START_MS + 5}


def test_of_nine_sources_the_oldest_is_dropped() -> None:
    state = BrandState("Air Paradis")
    for name in "ihgfedcba":
        note_source(state, replace(post(START_MS + (name == "a"))[0], source=name))
    assert sorted(state.newest_ms) == [*"acdefghi"]


def days_of(state: BrandState, day: int, n_days: int, per_bucket: float) -> list[float]:
    """Close the buckets of some days, and return what was expected in those of the last day."""
    expected = []
    for i in range(day * 288, (day + n_days) * 288):
        hour_factor = 0.5 + (i % 288 >= 96)
        n = int((i + 1) * per_bucket * hour_factor) - int(i * per_bucket * hour_factor)
        bucket = Bucket(n=2 * n, n_negative=n)
        learn(state, bucket, examine(state, START_MS + i * BUCKET_MS, bucket, Rules()), Rules())
        expected.append(bucket.expected)
    return expected[-288:]


@pytest.mark.parametrize("per_bucket", [0.01, 0.05, 0.1, 0.3, 1.0, 3.0, 40.0])
def test_a_quiet_week_leaves_half_of_the_baseline_at_the_same_hours(per_bucket: float) -> None:
    state = BrandState("Air Paradis")
    before = days_of(state, 0, 21, per_bucket)
    days_of(state, 21, 7, 0.0)
    after = days_of(state, 28, 1, per_bucket / 1e6)
    assert all(0.5 * one <= other <= 1.5 * one for one, other in zip(before, after, strict=True))


def test_buckets_between_tweets_teach_as_before() -> None:
    state, plain = BrandState("Air Paradis"), BrandState("Air Paradis")
    for i in range(3_000):
        n = int(i % 100 == 0)
        for one in (state, plain):
            bucket = Bucket(n=n, n_negative=n)
            learn(one, bucket, examine(one, START_MS + i * BUCKET_MS, bucket, Rules()), Rules())
            if one is plain:
                one.n_empty, one.empty_expected = 0, 0.0
    assert state.baseline == plain.baseline


@pytest.mark.parametrize(
    ("n_empty", "empty_expected", "teaches"),
    [
        (11, 99.0, True), (12, 10.0, False), (12, 6.0, True), (143, 0.0, True), (144, 0.0, False),
        (179, 0.0, True), (180, 0.0, False),
    ],
)  # fmt: skip
def test_long_quiet_teaches_one_bucket_in_sixty(
    n_empty: int, empty_expected: float, teaches: bool
) -> None:
    state = known(n_empty=n_empty, empty_expected=empty_expected)
    before = copy.deepcopy(state.baseline.pack())
    bucket = Bucket()
    learn(state, bucket, examine(state, START_MS, bucket, Rules()), Rules())
    assert (state.baseline.pack() != before) == teaches
    assert state.n_empty == n_empty + 1
    learn(state, Bucket(n=1), examine(state, START_MS, Bucket(n=1), Rules()), Rules())
    assert (state.n_empty, state.empty_expected) == (0, 0.0)
