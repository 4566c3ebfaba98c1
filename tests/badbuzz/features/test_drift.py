from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from badbuzz.features.drift import (
    MIN_TWEETS,
    N_BINS,
    DriftReference,
    RollingCounts,
    count_scores,
    population_stability_index,
    smooth_shares,
)
from badbuzz.models.scorer import Scorer

HOUR_MS = 3_600_000
counts = st.lists(st.integers(0, 10_000), min_size=N_BINS, max_size=N_BINS)
ONE = np.array([1])


@given(counts, counts)
def test_stability_is_symmetric_and_never_negative(first: list[int], other: list[int]) -> None:
    assert population_stability_index(first, other) == pytest.approx(
        population_stability_index(other, first)
    )
    assert population_stability_index(first, other) >= 0
    assert population_stability_index(first, first) == 0


def test_the_minimum_of_tweets_without_a_shift_has_a_low_index() -> None:
    expected = DriftReference.from_card(Scorer.load("airline-en").card)
    assert expected is not None
    rng = np.random.default_rng(0)
    usual = np.array(expected.scores) / sum(expected.scores)
    indices = [
        population_stability_index(rng.multinomial(MIN_TWEETS, usual), expected.scores)
        for _ in range(200)
    ]
    chance = (N_BINS - 1) * (1 / MIN_TWEETS + 1 / sum(expected.scores))
    assert np.mean(indices) == pytest.approx(chance, rel=0.15)
    assert max(indices) < 0.1


@given(st.lists(st.floats(0, 1)))
def test_every_score_is_in_one_bin(scores: list[float]) -> None:
    assert count_scores(scores).sum() == len(scores)


@pytest.mark.parametrize(
    "reference",
    [
        [],
        "many",
        {},
        {"scores": [1] * 9},
        {"scores": [0] * 10},
        {"scores": [-1] + [1] * 9},
        {"scores": [1] * 10, "unknown_rate": 7},
        {"scores": [1] * 10, "unknown_rate": 10**400},
    ],
)
def test_an_invalid_reference_is_refused(reference: Any) -> None:
    with pytest.raises(ValueError, match="reference"):
        DriftReference.from_card({"reference": reference})


def test_counts_older_than_a_day_are_dropped() -> None:
    recent = RollingCounts(1)
    for hour in range(48):
        recent.add(hour * HOUR_MS, ONE, n=1)
    recent.add(23 * HOUR_MS, ONE, n=1)
    assert recent.total().tolist() == [24]


def test_counts_are_reset_if_event_time_goes_back() -> None:
    recent = RollingCounts(1)
    recent.add(10_000 * HOUR_MS, ONE, n=1)
    for _ in range(MIN_TWEETS):
        recent.add(HOUR_MS, ONE, n=1)
    assert recent.total().tolist() == [1]
    recent.add(2 * HOUR_MS, ONE, n=1)
    assert recent.total().tolist() == [2]


def test_occasional_old_tweets_change_nothing() -> None:
    recent = RollingCounts(1)
    for _ in range(2 * MIN_TWEETS):
        recent.add(100 * HOUR_MS, ONE, n=1)
        recent.add(HOUR_MS, ONE, n=1)
    assert recent.total().tolist() == [2 * MIN_TWEETS]


def test_the_day_has_24_hours_of_3600_seconds() -> None:
    recent = RollingCounts(1)
    for at_ms in (3_599_999, 3_600_000, 24 * 3_600_000):
        recent.add(at_ms, ONE, n=1)
    assert recent.total().tolist() == [2]


def test_500_old_tweets_in_a_row_reset_the_counts() -> None:
    recent = RollingCounts(1)
    recent.add(100 * HOUR_MS, ONE, n=1)
    recent.add(HOUR_MS, ONE, n=499)
    assert recent.total().tolist() == [1]
    recent.add(2 * HOUR_MS, 7 * ONE, n=1)
    assert recent.total().tolist() == [7]


def test_scores_are_counted_in_ten_bins() -> None:
    scores = [0.0, 0.0999, 0.1, 0.5, 0.8999, 0.9, 1.0]
    assert count_scores(scores).tolist() == [2, 1, 0, 0, 0, 1, 0, 0, 1, 2]


def test_half_a_text_is_added_to_each_bin() -> None:
    assert smooth_shares([9, 0]).tolist() == [0.95, 0.05]


def test_the_index_is_that_of_its_formula() -> None:
    observed = [100, 100, 50, 50, 50, 50, 50, 100, 200, 750]
    expected = [400, 200, 100, 50, 50, 50, 50, 100, 200, 300]
    assert population_stability_index(observed, expected) == pytest.approx(0.6180219514170364)


def test_a_reference_has_scores_and_perhaps_a_rate() -> None:
    scores = [0, 1] * 5
    assert DriftReference.from_card({}) is None
    assert DriftReference.from_card({"reference": {"scores": scores}}) == DriftReference(
        tuple(scores), None
    )
    with_rate = {"reference": {"scores": scores, "unknown_rate": "0.25"}}
    assert DriftReference.from_card(with_rate) == DriftReference(tuple(scores), 0.25)


def test_drift_is_measured_from_500_tweets_on() -> None:
    assert MIN_TWEETS == 500
