"""Buckets without a tweet: how they are closed in little time, and when they teach the baseline."""

from __future__ import annotations

from functools import lru_cache
from math import sqrt
from typing import Final

from badbuzz.detection.buckets import SCALES, Bucket
from badbuzz.detection.local_time import local_hour
from badbuzz.detection.state import BrandState, Rules
from badbuzz.detection.statistics import EMPTY_Z, p_value
from badbuzz.model import BUCKET_MS, Window

SETTLING_HOURS: Final = 6
"""Hours with a tweet from which on the expectation is reliable."""

_QUIET_NEGATIVES: Final = 10.0  # expected, and none came: quiet that is not usual
_QUIET_HALF_DAY: Final = 144
_QUIET_STRIDE: Final = 60
_BUCKET_MINUTES: Final = BUCKET_MS // 60_000
_EMPTY_P: Final = float(f"{p_value(EMPTY_Z):.3g}")


def quiet_hour(state: BrandState, rules: Rules) -> list[float] | None:
    """Return the expectations of the last hour's buckets, if an empty one can follow them quietly.

    That is the case if they have no tweet and no alert is open: the score of every scale is 0.
    """
    if state.alert is not None or not state.n_hours:
        return None
    if rules.theta <= 0.0 or rules.min_negatives <= 0:
        return None
    expectations = [bucket.expected for bucket in state.recent if not bucket.n]
    return expectations if len(expectations) == len(state.recent) == SCALES[-1] else None


def close_quiet(
    state: BrandState,
    start_ms: int,
    expectations: list[float],
    rules: Rules,
    absent: tuple[str, ...],
) -> Window:
    """Close an empty bucket as ``windows.advance`` does otherwise, without what cannot differ."""
    baseline, recent = state.baseline, state.recent
    hour, end_ms = local_hour(start_ms, rules.zone), start_ms + BUCKET_MS
    level, season = baseline.level, baseline.season(hour)
    expected = level * season
    spread = baseline.dispersion(0) + baseline.uncertainty(hour)
    twice = 2.0 * sqrt(expected + spread * expected * expected)
    window = _quiet_window(state, end_ms, expected, twice, rules, absent)
    del recent[0]
    bucket = Bucket(expected=expected)
    recent.append(bucket)
    if teaches(state, bucket):
        trusted = state.n_hours >= SETTLING_HOURS
        means = _expected_sums(expectations, expected) if trusted else ()
        baseline.learn_empty(hour, level, season, means)
    return window


def _quiet_window(
    state: BrandState,
    end_ms: int,
    expected: float,
    twice: float,
    rules: Rules,
    absent: tuple[str, ...],
) -> Window:
    """Return the window of an empty bucket; ``twice`` is two standard deviations."""
    baseline = state.baseline
    return Window(
        state.brand,
        end_ms - BUCKET_MS,
        end_ms,
        0,  # n
        0,  # n_negative
        0,  # n_unvalidated
        round(expected, 4),
        round(expected - twice, 4) if expected > twice else 0.0,
        round(expected + twice, 4),
        None,  # rate
        None,  # adjusted_rate
        round(baseline.rate, 4),
        round(baseline.adjusted_rate, 4),
        0.0,  # score
        _BUCKET_MINUTES,
        _EMPTY_P,
        state.window_state(end_ms, rules),
        "",  # alert_id
        absent,
        _join_bundles(tuple(state.bundles.items())),
    )


def _expected_sums(before: list[float], last: float) -> tuple[float, ...]:
    """Return the expectations of :func:`window_sums` for an hour, added in the same order."""
    _, a, b, c, d, e, f, g, h, i, j, k = before
    quarter = last + j + k
    half = quarter + g + h + i
    return last, quarter, half, half + a + b + c + d + e + f


@lru_cache(maxsize=256)
def _join_bundles(bundles: tuple[tuple[str, str], ...]) -> str:
    return ",".join(f"{name}@{digest}" for name, digest in sorted(bundles))


def teaches(state: BrandState, bucket: Bucket) -> bool:
    """Tell whether a bucket updates the baseline, and count buckets without a tweet.

    When no tweet has come for long, the feed is more likely broken than the brand forgotten: then
    only one bucket in 60 teaches, so that the baseline has at least half its value after a week.
    """
    if bucket.n or bucket.n_unvalidated:
        state.n_empty, state.empty_expected = 0, 0.0
        return True
    state.n_empty += 1
    state.empty_expected += bucket.expected
    is_long = state.n_empty > _QUIET_HALF_DAY or (
        state.n_empty > SCALES[-1] and state.empty_expected > _QUIET_NEGATIVES
    )
    return not is_long or state.n_empty % _QUIET_STRIDE == 0
