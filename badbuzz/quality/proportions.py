"""How many of how many, and how far that can be trusted: score intervals of 95 %."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Final, Literal

_Z: Final = 1.959963984540054
MIN_COMPARED: Final = 20
"""Of fewer, a difference between two shares is not told."""
MIN_OF_GROUP: Final = 3
"""A group of fewer says nothing, and is left out where people read."""

Interval = tuple[float, float]
ShareChange = Literal["better", "worse", "no difference", "too few"]


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many.

    Parameters
    ----------
    n_with
        In [0, n].
    n
        Of how many, >= 0.

    Examples
    --------
    >>> Share(3, 12).rate, Share(0, 0).rate
    (0.25, None)
    """

    n_with: int
    n: int

    @property
    def rate(self) -> float | None:
        """The share in [0, 1]; None of none."""
        return self.n_with / self.n if self.n else None

    @property
    def interval(self) -> Interval:
        """Where the true share lies, as 95 of 100 such intervals say rightly; of none, anywhere.

        The score interval (Wilson 1927), which is good for few and for shares near 0 and 1.

        Examples
        --------
        >>> low, high = Share(81, 263).interval
        >>> round(low, 4), round(high, 4)
        (0.2553, 0.3662)
        """
        if not self.n:
            return 0.0, 1.0
        rate, weight = self.n_with / self.n, _Z * _Z / self.n
        middle = rate + weight / 2
        reach = _Z * sqrt(rate * (1 - rate) / self.n + weight / (4 * self.n))
        low = 0.0 if not self.n_with else (middle - reach) / (1 + weight)
        high = 1.0 if self.n_with == self.n else (middle + reach) / (1 + weight)
        return low, high


def difference_interval(before: Share, after: Share) -> Interval:
    """Where the difference of two independent shares lies, after less before, by 95 %.

    From the score intervals of either (Newcombe 1998, Statistics in Medicine 17, method 10).

    Parameters
    ----------
    before, after
        Of one at least each.

    Examples
    --------
    >>> low, high = difference_interval(Share(48, 80), Share(56, 70))
    >>> round(low, 4), round(high, 4)
    (0.0524, 0.3339)
    """
    if before.rate is None or after.rate is None:
        raise ValueError("a share of none has no difference to another")
    (low0, high0), (low1, high1) = before.interval, after.interval
    gap = after.rate - before.rate
    return (
        gap - sqrt((after.rate - low1) ** 2 + (high0 - before.rate) ** 2),
        gap + sqrt((high1 - after.rate) ** 2 + (before.rate - low0) ** 2),
    )


def compare_shares(before: Share, after: Share) -> ShareChange:
    """What a change of a share of errors comes to.

    Examples
    --------
    >>> [compare_shares(Share(10, 100), Share(n, 100)) for n in (30, 12)]
    ['worse', 'no difference']
    >>> compare_shares(Share(0, 3), Share(9, 9))
    'too few'
    """
    if min(before.n, after.n) < MIN_COMPARED:
        return "too few"
    low, high = difference_interval(before, after)
    if low > 0:
        return "worse"
    return "better" if high < 0 else "no difference"
