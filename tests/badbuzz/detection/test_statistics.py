from __future__ import annotations

from math import asin, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import nbinom, norm, poisson

from badbuzz.detection.statistics import EMPTY_Z, count_z, p_value, rate_z


def exact(n_negative: int, expected: float, dispersion: float) -> float:
    if dispersion == 0:
        log_tail = poisson.logsf(n_negative - 1, expected)
    else:
        r = 1 / dispersion
        log_tail = nbinom.logsf(n_negative - 1, r, r / (r + expected))
    return float(norm.isf(pow(2.718281828459045, log_tail)))


@given(
    n_negative=st.integers(1, 2000),
    expected=st.floats(0.05, 400),
    dispersion=st.one_of(st.just(0.0), st.floats(1e-9, 1.0)),
)
def test_excess_is_the_exact_tail_within_six_hundredths(
    n_negative: int, expected: float, dispersion: float
) -> None:
    reference = exact(n_negative, expected, dispersion)
    if -2.9 < reference < 30:
        assert count_z(n_negative, expected, dispersion) == pytest.approx(reference, abs=0.06)


@pytest.mark.parametrize("n_negative", range(95, 107))
def test_excess_is_smooth_where_the_saddlepoint_formula_is_singular(n_negative: int) -> None:
    expected = n_negative - 0.5
    assert count_z(n_negative, expected, 0.1) == pytest.approx(
        count_z(n_negative, expected + 1e-3, 0.1), abs=1e-3
    )


@given(n_negative=st.integers(0, 500), expected=st.floats(0.01, 100), phi=st.floats(0, 1))
def test_one_negative_more_is_more_surprising(n_negative: int, expected: float, phi: float) -> None:
    assert count_z(n_negative + 1, expected, phi) >= count_z(n_negative, expected, phi)


def test_an_empty_window_is_three_below() -> None:
    assert count_z(0, 10.0, 0.1) == EMPTY_Z


def test_the_usual_rate_has_a_z_near_zero() -> None:
    assert abs(rate_z(30, 100, 0.3)) < 0.2


def test_clustered_tweets_count_for_fewer() -> None:
    assert rate_z(800, 1000, 0.5) < 4.0 < 2 * rate_z(800, 1000, 0.5)


@pytest.mark.parametrize(("clustering", "worth"), [(0.0, 100), (1.0, 1), (0.03, 100 / 3.97)])
def test_a_hundred_tweets_are_worth_as_many_as_they_are_independent(
    clustering: float, worth: float
) -> None:
    root_of_one = rate_z(80, 100, 0.5, clustering=1.0)
    assert rate_z(80, 100, 0.5, clustering) == pytest.approx(root_of_one * worth**0.5)


def test_p_value_is_a_half_at_the_mean() -> None:
    assert p_value(0.0) == 0.5


@pytest.mark.parametrize(
    ("n_negative", "expected", "dispersion", "z"),
    [
        (38, 6.1, 0.1, 5.876336862331),
        (38, 6.1, 0.0, 8.613674244293),
        (3, 6.1, 0.1, -1.239464956405),
        (100, 99.5, 0.1, 0.105530120919),
        (1, 400.0, 0.0, -3.0),
    ],
)
def test_the_count_z_of_known_windows(
    n_negative: int, expected: float, dispersion: float, z: float
) -> None:
    assert count_z(n_negative, expected, dispersion) == pytest.approx(z, abs=1e-9)


def test_the_rate_z_of_known_windows() -> None:
    z = 2 * (asin(sqrt(37.5 / 51)) - asin(sqrt(0.3))) * sqrt(51 / (1 + 0.03 * 50))
    assert rate_z(38, 51, 0.3) == pytest.approx(z)
    assert rate_z(0, 51, 0.0) == 0.0
    assert rate_z(1, 1, 0.0) == pytest.approx(2 * asin(sqrt(0.5)))
    assert rate_z(0, 0, 0.3) == 0.0


def test_the_p_value_of_known_scores() -> None:
    assert [p_value(1.0), p_value(-2.0)] == pytest.approx([0.15865525393, 0.97724986805])
