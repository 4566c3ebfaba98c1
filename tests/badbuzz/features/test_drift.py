from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from badbuzz.features.drift import LEAST, N_BINS, Recent, Reference, score_counts, stability
from badbuzz.models.scorer import Scorer

HOUR_MS = 3_600_000
counts = st.lists(st.integers(0, 10_000), min_size=N_BINS, max_size=N_BINS)
ONE = np.array([1])


@given(counts, counts)
def test_stability_is_symmetric_and_never_negative(one: list[int], other: list[int]) -> None:
    assert stability(one, other) == pytest.approx(stability(other, one))
    assert stability(one, other) >= 0
    assert stability(one, one) == 0


def test_the_least_tweets_of_no_shift_seem_to_be_none() -> None:
    expected = Reference.of(Scorer.load("airline-en").card)
    assert expected is not None
    rng = np.random.default_rng(0)
    usual = np.array(expected.scores) / sum(expected.scores)
    found = [stability(rng.multinomial(LEAST, usual), expected.scores) for _ in range(200)]
    chance = (N_BINS - 1) * (1 / LEAST + 1 / sum(expected.scores))
    assert np.mean(found) == pytest.approx(chance, rel=0.15)
    assert max(found) < 0.1


@given(st.lists(st.floats(0, 1)))
def test_every_score_is_in_one_bin(scores: list[float]) -> None:
    assert score_counts(scores).sum() == len(scores)


@pytest.mark.parametrize(
    "told", [[], "many", {}, {"scores": [1] * 9}, {"scores": [0] * 10}, {"scores": [-1] + [1] * 9}]
)
def test_a_reference_that_is_none_is_refused(told: Any) -> None:
    with pytest.raises(ValueError, match="reference"):
        Reference.of({"reference": told})


def test_what_is_older_than_a_day_is_left_out() -> None:
    recent = Recent(1)
    for hour in range(48):
        recent.add(hour * HOUR_MS, ONE, n=1)
    recent.add(23 * HOUR_MS, ONE, n=1)
    assert recent.total().tolist() == [24]


def test_when_time_went_back_the_day_begins_anew() -> None:
    recent = Recent(1)
    recent.add(10_000 * HOUR_MS, ONE, n=1)
    for _ in range(LEAST):
        recent.add(HOUR_MS, ONE, n=1)
    assert recent.total().tolist() == [1]
    recent.add(2 * HOUR_MS, ONE, n=1)
    assert recent.total().tolist() == [2]


def test_a_few_old_tweets_now_and_then_change_nothing() -> None:
    recent = Recent(1)
    for _ in range(2 * LEAST):
        recent.add(100 * HOUR_MS, ONE, n=1)
        recent.add(HOUR_MS, ONE, n=1)
    assert recent.total().tolist() == [2 * LEAST]
