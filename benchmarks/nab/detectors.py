"""The detectors scored by NAB: badbuzz on volume alone, and a peer."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from math import log10, sqrt
from typing import Final

from badbuzz.detection import windows
from badbuzz.detection.buckets import Bucket
from badbuzz.detection.state import BrandState, Rules
from badbuzz.model import BUCKET_MS
from benchmarks.nab.series import Series

DAY: Final = 86_400_000 // BUCKET_MS
"""Records of a day."""

_LEAST_P: Final = 1e-300


def negative_log_p(series: Series) -> list[float]:
    """Return badbuzz's score of each record: -log10 of the p-value of its window.

    Every mention counts as negative, so the rate is never unusual. The baseline and the test of the
    count on four scales are the product's.

    Returns
    -------
    list of float
        One for each record, in [0, 300]; 0.0 until something was counted.

    Examples
    --------
    >>> quiet_then_loud = Series("AIR", 0, (6,) * 600 + (60,), ())
    >>> found = negative_log_p(quiet_then_loud)
    >>> max(found[300:600]) < 2.0 < 6.0 < found[600]
    True
    """
    state = BrandState(series.name, closed_ms=series.start_ms)
    rules = Rules()
    scores = []
    for i, count in enumerate(series.counts):
        start_ms = series.start_ms + i * BUCKET_MS
        state.buckets[start_ms] = Bucket(n=count, n_negative=count)
        scores.append(0.0)
        for window, _ in windows.advance(state, start_ms + BUCKET_MS, rules):
            scores[i] = -log10(max(window.p_value, _LEAST_P))
    return scores


def novelty(series: Series, days: float = 3.0) -> list[float]:
    """Return the z-score of the square root of each count against its moving average.

    Parameters
    ----------
    series
        The counts.
    days
        Time constant of the exponentially weighted mean and variance.

    Examples
    --------
    >>> novelty(Series("AIR", 0, (4, 4, 4, 4, 16), ()))[-1] > 1.0
    True
    """
    weight = 1.0 / (days * DAY)
    mean, variance = sqrt(series.counts[0]), 1.0
    deviations = []
    for count in series.counts:
        gap = sqrt(count) - mean
        deviations.append(gap / sqrt(variance))
        mean += weight * gap
        variance = (1.0 - weight) * (variance + weight * gap * gap)
    return deviations


def records(scores: Iterable[float], n: int = DAY) -> list[float]:
    """Return each score that exceeds all n before it, and 0.0 for the others.

    NAB takes every record over the threshold for an alarm of its own, where an alert is one
    claim however long its burst lasts. This makes one of a burst.

    Examples
    --------
    >>> records([1.0, 3.0, 2.0, 3.0, 4.0, 2.0, 3.0], n=2)
    [1.0, 3.0, 0.0, 0.0, 4.0, 0.0, 0.0]
    """
    before: deque[float] = deque(maxlen=n)
    kept = []
    for score in scores:
        kept.append(score if score > max(before, default=0.0) else 0.0)
        before.append(score)
    return kept


DETECTORS: Final[dict[str, Callable[[Series], list[float]]]] = {
    "badbuzz": lambda series: records(negative_log_p(series)),
    "badbuzz, every window": negative_log_p,
    "EWMA of √count, 3 days": lambda series: records(novelty(series)),
    "the same, every record": novelty,
}
"""By name: a series to one score a record, the higher the more anomalous."""
