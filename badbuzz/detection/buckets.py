"""Buckets of five minutes, and windows as sums of buckets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from badbuzz.model import SCORE_UNITS

SCALES: Final = (1, 3, 6, 12)
"""Number of buckets in a window of each scale: 5, 15, 30 and 60 minutes."""


@dataclass(slots=True)
class Bucket:
    """Counts of one brand in five minutes.

    ``expected`` is the baseline's expected number of negatives when the bucket closed.
    ``adjusted`` is the sum of the tweets' ``Prediction.adjusted``, in units of 1/10,000.
    """

    n: int = 0
    n_negative: int = 0
    adjusted: int = 0
    n_unvalidated: int = 0
    first_ms: int = 0
    last_ms: int = 0
    expected: float = 0.0


class WindowCounts(NamedTuple):
    """A window's counts and expected negatives, summed over its buckets."""

    n: int
    n_negative: int
    expected: float


def window_sums(recent: Sequence[Bucket]) -> list[WindowCounts]:
    """Return the window that ends with the newest bucket, for each scale.

    Parameters
    ----------
    recent
        Closed buckets, oldest first. If there are fewer than a scale needs, all are summed once.

    Examples
    --------
    >>> window_sums([Bucket(n=2, n_negative=1, expected=0.5)] * 4)[1]
    WindowCounts(n=6, n_negative=3, expected=1.5)
    """
    n = n_negative = taken = 0
    expected = 0.0
    sums = []
    for n_buckets in SCALES:
        for bucket in recent[-n_buckets : max(len(recent) - taken, 0)]:
            n += bucket.n
            n_negative += bucket.n_negative
            expected += bucket.expected
        taken = n_buckets
        sums.append(WindowCounts(n, n_negative, expected))
    return sums


def adjusted_rate(adjusted: int, n: int) -> float:
    """Return the adjusted negative rate of n tweets, in [0, 1]; 0.0 if n is 0.

    Parameters
    ----------
    adjusted
        Sum of the tweets' ``Prediction.adjusted``, in units of 1/10,000.
    n
        Number of tweets, >= 0.
    """
    return round(min(max(adjusted / (SCORE_UNITS * n), 0.0), 1.0), 4) if n else 0.0
