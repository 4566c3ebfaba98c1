"""Time series of a brand for charts: closed windows summed over equal spans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

from badbuzz.detection.baseline import Baseline
from badbuzz.detection.buckets import SCALES, adjusted_rate
from badbuzz.model import BUCKET_MS, SCORE_UNITS, Window

_MINUTES: Final = (5, 15, 30, 60, 120, 180, 360, 720, 1440)
_MINUTE_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class Point:
    """Counts and rates of one span, with the expected number of negatives.

    Rates are in [0, 1], None in a span without tweets. ``low`` and ``high`` are two standard
    deviations below and above ``expected``.
    """

    start_ms: int
    end_ms: int
    n: int
    n_negative: int
    expected: float
    low: float
    high: float
    rate: float | None
    adjusted_rate: float | None
    usual_rate: float


def span_for(first_ms: int, last_ms: int, n_most: int) -> int:
    """Return the shortest round span in ms of which at most ``n_most`` cover a period.

    Examples
    --------
    >>> span_for(0, 10 * 86_400_000, 300) // 60_000
    60
    """
    for minutes in _MINUTES:
        if (last_ms - first_ms) / (minutes * _MINUTE_MS) <= n_most:
            return minutes * _MINUTE_MS
    return _MINUTES[-1] * _MINUTE_MS * -(-(last_ms - first_ms) // (n_most * 86_400_000))


def points(windows: Sequence[Window], span_ms: int, ratio: float = 1.0) -> list[Point]:
    """Sum the ordered windows of a brand over spans of ``span_ms``.

    Parameters
    ----------
    ratio
        Dispersion of such sums divided by that of five minutes, > 0; see
        :func:`dispersion_ratio`.
    """
    groups: dict[int, list[Window]] = {}
    for window in windows:
        groups.setdefault(window.start_ms - window.start_ms % span_ms, []).append(window)
    return [_point(start_ms, span_ms, group, ratio) for start_ms, group in groups.items()]


def dispersion_ratio(baseline: Baseline, span_ms: int) -> float:
    """Return the dispersion of a brand's sums over a span divided by that of five minutes, > 0.

    It uses the baseline's dispersion at the longest scale that the span contains.

    Examples
    --------
    >>> dispersion_ratio(Baseline(), 3_600_000)
    1.0
    """
    scale = max(i for i, n in enumerate(SCALES) if n * BUCKET_MS <= max(span_ms, BUCKET_MS))
    return baseline.dispersion(scale) / baseline.dispersion(0)


def _point(start_ms: int, span_ms: int, group: list[Window], ratio: float) -> Point:
    n = sum(window.n for window in group)
    n_negative = sum(window.n_negative for window in group)
    expected = sum(window.expected for window in group)
    deviation = _deviation(group, expected, ratio)
    adjusted = sum(round((w.adjusted_rate or 0.0) * w.n * SCORE_UNITS) for w in group)
    return Point(
        start_ms=start_ms,
        end_ms=max(start_ms + span_ms, start_ms + BUCKET_MS),
        n=n,
        n_negative=n_negative,
        expected=expected,
        low=max(expected - 2.0 * deviation, 0.0),
        high=expected + 2.0 * deviation,
        rate=n_negative / n if n else None,
        adjusted_rate=adjusted_rate(adjusted, n) if n else None,
        usual_rate=group[-1].baseline_rate,
    )


def _deviation(group: list[Window], expected: float, ratio: float) -> float:
    """Return the standard deviation of a sum: Var = mu + phi * mu**2, phi of its windows."""
    if len(group) == 1:
        return (group[0].expected_high - group[0].expected) / 2.0
    excess = squares = 0.0
    for window in group:
        half = (window.expected_high - window.expected) / 2.0
        excess += half * half - window.expected
        squares += window.expected * window.expected
    dispersion = max(excess / squares, 0.0) if squares else 0.0
    return sqrt(expected + ratio * dispersion * expected * expected)
