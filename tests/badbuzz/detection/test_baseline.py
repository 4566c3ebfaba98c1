from __future__ import annotations

import math

import pytest

from badbuzz.detection.baseline import Baseline
from badbuzz.detection.buckets import Bucket, WindowCounts, window_sums
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


def test_the_season_follows_the_hours_of_the_day() -> None:
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


def test_a_spike_is_winsorised_at_two_deviations() -> None:
    baseline = learn(Baseline(), [4] * 1000)
    before = baseline.level
    assert learn(baseline, [1000]).level < before + 0.1


def test_little_history_gives_high_uncertainty() -> None:
    assert Baseline().uncertainty(3.0) > 10 * learn(Baseline(), [4] * 5000).uncertainty(3.0)


def test_the_usual_rate_is_learnt() -> None:
    assert learn(Baseline(), [4] * 3000).rate == pytest.approx(0.4, abs=0.01)


def test_tweets_that_agree_with_each_other_are_clustered() -> None:
    alone = learn(Baseline(), [50] * 2000, per_bucket=100)
    agreeing = learn(Baseline(), [20, 80] * 1000, per_bucket=100)
    assert agreeing.clustering(0) > 0.1 > CLUSTERING > alone.clustering(0)


def test_small_windows_do_not_update_clustering() -> None:
    assert learn(Baseline(), [0, 8] * 500, per_bucket=10).clustering(0) == CLUSTERING


NOTHING = [WindowCounts(0, 0, 0.0)] * 4


def test_an_unseen_brand_has_the_priors() -> None:
    new = Baseline()
    assert (new.level, new.rate, new.adjusted_rate) == pytest.approx((0.5, 0.4, 0.4))
    assert (new.dispersion(0), new.clustering(0)) == pytest.approx((0.1, 0.03))
    assert new.season(3.5) == 1.0
    assert new.expected(3.5) == pytest.approx(0.5)
    assert new.uncertainty(3.5) == pytest.approx(1.0 + 1 / 20)


def test_the_fast_level_is_shrunk_to_the_slow_one_as_by_thirty_negatives() -> None:
    baseline = Baseline(level_seen=39.75, level_exposure=19.5, fast_seen=60, fast_exposure=10)
    assert baseline.level == pytest.approx((60 + 30) / (10 + 30 / 2.0))


@pytest.mark.parametrize(
    ("name", "n_buckets"),
    [
        ("level_seen", 18 * 12),
        ("level_exposure", 18 * 12),
        ("fast_seen", 5 * 12),
        ("fast_exposure", 5 * 12),
        ("rate_negatives", 7 * 24 * 12),
        ("rate_tweets", 7 * 24 * 12),
        ("rate_adjusted", 7 * 24 * 12),
    ],
)
def test_a_sum_has_its_half_life(name: str, n_buckets: int) -> None:
    baseline, other = Baseline(), Baseline()
    setattr(baseline, name, 1e9)
    for each in (baseline, other):
        for _ in range(n_buckets):
            each.learn(3.5, Bucket(), NOTHING, trusted=False)
    half = getattr(baseline, name) - getattr(other, name)
    assert half == pytest.approx(5e8, rel=1e-6)


def test_an_hours_season_has_a_half_life_of_42_days() -> None:
    baseline = Baseline(season_seen=[1e9] * 24, season_expected=[1e9] * 24)
    for _ in range(42 * 12):
        baseline.learn(3.5, Bucket(), NOTHING, trusted=False)
    assert baseline.season_seen[2:5] == pytest.approx([1e9, 5e8, 1e9])
    assert baseline.season_expected[2:5] == pytest.approx([1e9, 5e8, 1e9], rel=1e-6)


def test_dispersion_and_clustering_have_a_half_life_of_30_days() -> None:
    big = [1e9] * 4
    baseline = Baseline(
        residual_squares=[*big], mean_squares=[*big], rate_squares=[*big], rate_sizes=[*big]
    )
    for _ in range(30 * 24 * 12):
        baseline.learn(3.5, Bucket(), NOTHING)
    for sums in (baseline.residual_squares, baseline.mean_squares, baseline.rate_squares):
        assert sums == pytest.approx([5e8] * 4)
    assert baseline.rate_sizes == pytest.approx([5e8] * 4)


def test_the_season_is_interpolated_between_the_middles_of_hours() -> None:
    observed, expected = [0.0] * 24, [0.0] * 24
    observed[0], observed[3], expected[23] = 20.0, 40.0, 20.0
    baseline = Baseline(season_seen=observed, season_expected=expected)
    factors = [baseline.season(hour) for hour in (0.5, 3.5, 3.0, 3.75, 23.5, 0.0, 0.25, 23.75)]
    assert factors == pytest.approx([2.0, 3.0, 2.0, 2.5, 0.5, 1.25, 1.625, 0.875])


def test_dispersion_and_clustering_are_shrunk_to_their_priors_and_have_floors() -> None:
    baseline = Baseline(
        residual_squares=[25.0, -1e9, 0.0, 0.0],
        mean_squares=[50.0, 50.0, 0.0, 0.0],
        rate_squares=[850.0, -1e9, 0.0, 0.0],
        rate_sizes=[5000.0, 5000.0, 0.0, 0.0],
    )
    assert [baseline.dispersion(scale) for scale in range(3)] == pytest.approx([0.3, 0.005, 0.1])
    assert [baseline.clustering(scale) for scale in range(3)] == pytest.approx([0.1, 0.02, 0.03])


@pytest.mark.parametrize(("level_seen", "fast_seen", "least"), [(7.0, 0.0, 7.0), (99, 9.0, 39.0)])
def test_uncertainty_falls_with_negatives_seen(
    level_seen: float, fast_seen: float, least: float
) -> None:
    baseline = Baseline(level_seen=level_seen, fast_seen=fast_seen)
    baseline.season_seen[3] = 30.0
    assert baseline.uncertainty(3.9) == pytest.approx(1 / (2 * least + 1) + 1 / 50)


def test_rates_are_shrunk_or_clipped() -> None:
    baseline = Baseline(rate_negatives=8.0, rate_tweets=15.0, rate_adjusted=6.0)
    assert (baseline.rate, baseline.adjusted_rate) == pytest.approx((0.5, 0.4))
    assert Baseline(rate_tweets=1.0, rate_adjusted=2.0).adjusted_rate == 1.0
    assert Baseline(rate_tweets=1.0, rate_adjusted=-2.0).adjusted_rate == 0.0


LIMIT = 4.0 + 2.0 * math.sqrt(4.0 + 0.1 * 16.0) + 1.0


def test_an_observation_is_winsorised_two_deviations_and_one_above_the_expectation() -> None:
    baseline = Baseline()
    assert baseline.ceiling(0, 4.0) == pytest.approx(LIMIT)
    baseline.learn(3.5, Bucket(100, 90, adjusted=600_000, expected=4.0), NOTHING)
    trimmed = 90 - LIMIT
    assert (baseline.level_seen, baseline.level_exposure) == pytest.approx((LIMIT, 1.0))
    assert (baseline.fast_seen, baseline.fast_exposure) == pytest.approx((LIMIT, 1.0))
    assert (baseline.season_seen[3], baseline.season_expected[3]) == pytest.approx((LIMIT, 0.5))
    assert (baseline.rate_negatives, baseline.rate_tweets) == pytest.approx((LIMIT, 100 - trimmed))
    assert baseline.rate_adjusted == pytest.approx(60 - trimmed)


def test_an_untrusted_expectation_winsorises_nothing_and_measures_no_scatter() -> None:
    baseline = Baseline()
    sums = [WindowCounts(100, 90, 4.0)] * 4
    baseline.learn(3.5, Bucket(100, 90, expected=4.0), sums, trusted=False)
    assert (baseline.level_seen, baseline.rate_tweets) == (90.0, 100.0)
    assert baseline.residual_squares == baseline.mean_squares == baseline.rate_sizes == [0.0] * 4


def test_dispersion_is_learnt_from_winsorised_squares() -> None:
    baseline = Baseline()
    sums = [
        WindowCounts(9, 7, 4.0),
        WindowCounts(9, 99, 4.0),
        WindowCounts(9, 0, 4.0),
        WindowCounts(0, 0, 0.0),
    ]
    baseline.learn(3.5, Bucket(), sums)
    expected = [9.0 - 4.0, (LIMIT - 4.0) ** 2 - 4.0, 16.0 - 4.0, 0.0]
    assert baseline.residual_squares == pytest.approx(expected)
    assert baseline.mean_squares == [16.0, 16.0, 16.0, 0.0]


def test_clustering_is_learnt_from_winsorised_squares_of_twenty_tweets_or_more() -> None:
    baseline = Baseline()
    sums = [
        WindowCounts(19, 19, 1.0),
        WindowCounts(20, 9, 9.0),
        WindowCounts(101, 101, 9.0),
        NOTHING[0],
    ]
    baseline.learn(3.5, Bucket(), sums)
    z = 2.0 * (math.asin(math.sqrt(0.45)) - math.asin(math.sqrt(0.4)))
    expected = [0.0, z * z * 20 - 0.92, 4.0 * (1.0 + 0.03 * 100) - 0.92, 0.0]
    assert baseline.rate_squares == pytest.approx(expected)
    assert baseline.rate_sizes == [0.0, 19.0, 100.0, 0.0]
