from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badbuzz.quality.proportions import (
    MIN_COMPARED,
    MIN_OF_GROUP,
    Share,
    compare_shares,
    difference_interval,
)

shares = st.integers(1, 500).flatmap(
    lambda n: st.integers(0, n).map(lambda n_with: Share(n_with, n))
)


@pytest.mark.parametrize(
    ("share", "low", "high"),
    [
        # Newcombe 1998, Statistics in Medicine 17, 857, table I, method 3
        (Share(81, 263), 0.2553, 0.3662),
        (Share(15, 148), 0.0624, 0.1605),
        (Share(0, 20), 0.0, 0.1611),
        (Share(1, 29), 0.0061, 0.1718),
    ],
)
def test_intervals_are_those_that_were_published(share: Share, low: float, high: float) -> None:
    assert share.interval == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(
    ("after", "before", "low", "high"),
    [
        # the same, 873, table II, method 10
        (Share(56, 70), Share(48, 80), 0.0524, 0.3339),
        (Share(9, 10), Share(3, 10), 0.1705, 0.8090),
        (Share(10, 10), Share(0, 20), 0.6791, 1.0),
    ],
)
def test_differences_are_those_that_were_published(
    after: Share, before: Share, low: float, high: float
) -> None:
    assert difference_interval(before, after) == pytest.approx((low, high), abs=5e-5)


@given(share=shares)
def test_an_interval_contains_its_rate(share: Share) -> None:
    low, high = share.interval
    assert share.rate is not None
    assert 0.0 <= low <= share.rate <= high <= 1.0


@given(before=shares, after=shares)
def test_a_reversed_difference_has_the_mirrored_interval(before: Share, after: Share) -> None:
    low, high = difference_interval(before, after)
    assert difference_interval(after, before) == pytest.approx((-high, -low))


def test_an_empty_group_has_the_interval_from_0_to_1() -> None:
    assert Share(0, 0).interval == (0.0, 1.0)


def test_a_share_of_none_has_no_difference() -> None:
    with pytest.raises(ValueError, match="share of an empty group"):
        difference_interval(Share(0, 0), Share(1, 2))


@pytest.mark.parametrize(
    ("n_before", "n_after", "word"),
    [(10, 30, "worse"), (30, 10, "better"), (20, 22, "no difference")],
)
def test_a_change_is_reported_if_its_interval_excludes_zero(
    n_before: int, n_after: int, word: str
) -> None:
    assert compare_shares(Share(n_before, 100), Share(n_after, 100)) == word


def test_small_groups_are_not_compared() -> None:
    assert compare_shares(Share(0, MIN_COMPARED - 1), Share(100, 100)) == "too few"
    assert compare_shares(Share(0, MIN_COMPARED), Share(100, 100)) == "worse"


def test_groups_are_shown_from_3_and_compared_from_20_on() -> None:
    assert (MIN_OF_GROUP, MIN_COMPARED) == (3, 20)


@pytest.mark.parametrize(("n_before", "n_after"), [(19, 100), (100, 19)])
def test_either_group_may_be_too_small(n_before: int, n_after: int) -> None:
    assert compare_shares(Share(0, n_before), Share(n_after, n_after)) == "too few"
    assert compare_shares(Share(0, 20), Share(20, 20)) == "worse"


def test_an_interval_ends_exactly_at_a_share_of_none_and_of_all() -> None:
    assert Share(0, 3).interval[0] == 0.0
    assert Share(10, 10).interval[1] == 1.0
