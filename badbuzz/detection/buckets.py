"""Buckets of five minutes, and the windows that are sums of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from badbuzz.model import SCORE_UNITS

SCALES: Final = (1, 3, 6, 12)
"""Buckets of each scale: 5, 15, 30 and 60 minutes."""


@dataclass(slots=True)
class Bucket:
    """Five minutes of one brand.

    ``expected`` is what the baseline expected of it when it closed; ``adjusted`` the sum of its
    tweets' adjusted shares, in ten-thousandths.
    """

    n: int = 0
    n_negative: int = 0
    adjusted: int = 0
    n_unvalidated: int = 0
    first_ms: int = 0
    last_ms: int = 0
    expected: float = 0.0


class WindowSum(NamedTuple):
    """The sums of a window's buckets."""

    n: int
    n_negative: int
    expected: float


def window_sums(recent: Sequence[Bucket]) -> list[WindowSum]:
    """The sums of the newest buckets, for each scale.

    Parameters
    ----------
    recent
        Closed buckets, oldest first; a scale that reaches further back takes what there is.

    Examples
    --------
    >>> window_sums([Bucket(n=2, n_negative=1, expected=0.5)] * 4)[1]
    WindowSum(n=6, n_negative=3, expected=1.5)
    """
    n = n_negative = taken = 0
    expected = 0.0
    sums = []
    for n_buckets in SCALES:
        for bucket in recent[-n_buckets : len(recent) - taken]:
            n += bucket.n
            n_negative += bucket.n_negative
            expected += bucket.expected
        taken = n_buckets
        sums.append(WindowSum(n, n_negative, expected))
    return sums


def share(adjusted: int, n: int) -> float:
    """The adjusted negative rate of n tweets, in [0, 1]; 0.0 of none.

    Parameters
    ----------
    adjusted
        Sum of their adjusted shares, in ten-thousandths.
    """
    return round(min(max(adjusted / (SCORE_UNITS * n), 0.0), 1.0), 4) if n else 0.0
