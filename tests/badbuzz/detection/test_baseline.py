from __future__ import annotations

import pytest

from badbuzz.detection.baseline import Baseline
from badbuzz.detection.buckets import Bucket, window_sums
from badbuzz.detection.statistics import CLUSTERING


def learn(baseline: Baseline, counts: list[int], *, per_bucket: int = 10) -> Baseline:
    recent: list[Bucket] = []
    for i, n_negative in enumerate(counts):
        hour = i / 12 % 24
        bucket = Bucket(per_bucket, n_negative, expected=baseline.expected(hour))
        recent = [*recent, bucket][-12:]
        baseline.learn(hour, bucket, window_sums(recent))
    return baseline


def test_a_big_brands_level_follows_within_five_hours() -> None:
    baseline = learn(Baseline(), [4] * 5000)
    before = baseline.level
    assert learn(baseline, [0] * 60).level == pytest.approx(before / 2, rel=0.15)


def test_five_silent_hours_hardly_move_a_small_brands_level() -> None:
    baseline = learn(Baseline(), [1, *[0] * 11] * 400)
    before = baseline.level
    assert learn(baseline, [0] * 60).level > 0.75 * before


def test_counts_that_do_not_change_are_expected_again() -> None:
    assert learn(Baseline(), [4] * 5000).expected(12.0) == pytest.approx(4.0, rel=0.02)


def test_it_knows_the_hours_of_the_day() -> None:
    day = [1] * 144 + [5] * 144
    baseline = learn(Baseline(), day * 14)
    assert baseline.season(18.0) > 2 * baseline.season(6.0)


def test_the_season_has_no_step_between_hours() -> None:
    baseline = learn(Baseline(), ([1] * 144 + [5] * 144) * 14)
    for hour in range(24):
        assert baseline.season(hour + 0.4999) == pytest.approx(
            baseline.season(hour + 0.5), abs=0.01
        )


def test_counts_that_scatter_more_have_more_dispersion() -> None:
    even, uneven = learn(Baseline(), [4] * 2000), learn(Baseline(), [0, 8] * 1000)
    assert uneven.dispersion(0) > 2 * even.dispersion(0)


def test_a_spike_teaches_no_more_than_two_deviations() -> None:
    baseline = learn(Baseline(), [4] * 1000)
    before = baseline.level
    assert learn(baseline, [1000]).level < before + 0.1


def test_what_has_been_seen_little_is_uncertain() -> None:
    assert Baseline().uncertainty(3.0) > 10 * learn(Baseline(), [4] * 5000).uncertainty(3.0)


def test_the_usual_rate_is_learnt() -> None:
    assert learn(Baseline(), [4] * 3000).rate == pytest.approx(0.4, abs=0.01)


def test_tweets_that_agree_with_each_other_are_clustered() -> None:
    alone = learn(Baseline(), [50] * 2000, per_bucket=100)
    agreeing = learn(Baseline(), [20, 80] * 1000, per_bucket=100)
    assert agreeing.clustering(0) > 0.1 > CLUSTERING > alone.clustering(0)


def test_small_windows_say_nothing_of_clustering() -> None:
    assert learn(Baseline(), [0, 8] * 500, per_bucket=10).clustering(0) == CLUSTERING
