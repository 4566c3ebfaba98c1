"""Proportions with 95 % score intervals."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Final, Literal

_Z: Final = 1.959963984540054
MIN_COMPARED: Final = 20
"""Minimum size of two groups whose shares are compared."""
MIN_OF_GROUP: Final = 3
"""Minimum size of a group that a report shows."""

Interval = tuple[float, float]
ShareChange = Literal["better", "worse", "no difference", "too few"]


@dataclass(frozen=True, slots=True)
class Share:
    """Proportion of a group that has a property.

    Parameters
    ----------
    n_with
        Number with the property, in [0, n].
    n
        Size of the group, >= 0.

    Examples
    --------
    >>> Share(3, 12).rate, Share(0, 0).rate
    (0.25, None)
    """

    n_with: int
    n: int

    @property
    def rate(self) -> float | None:
        """Share in [0, 1]; None if the group is empty."""
        return self.n_with / self.n if self.n else None

    @property
    def interval(self) -> Interval:
        """95 % score interval (Wilson 1927); (0, 1) if the group is empty.

        It is accurate for small groups and for shares near 0 and 1.

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
        low = (middle - reach) / (1 + weight) if self.n_with else 0.0
        high = (middle + reach) / (1 + weight) if self.n_with < self.n else 1.0
        return low, high


def difference_interval(before: Share, after: Share) -> Interval:
    """Return the 95 % interval of the difference of two independent shares, after less before.

    It combines the score intervals of the two (Newcombe 1998, Statistics in Medicine 17, method
    10).

    Parameters
    ----------
    before, after
        Shares of groups that are not empty.

    Examples
    --------
    >>> low, high = difference_interval(Share(48, 80), Share(56, 70))
    >>> round(low, 4), round(high, 4)
    (0.0524, 0.3339)
    """
    if before.rate is None or after.rate is None:
        raise ValueError("the share of an empty group cannot be compared")
    (low0, high0), (low1, high1) = before.interval, after.interval
    gap = after.rate - before.rate
    return (
        gap - sqrt((after.rate - low1) ** 2 + (high0 - before.rate) ** 2),
        gap + sqrt((high1 - after.rate) ** 2 + (before.rate - low0) ** 2),
    )


def compare_shares(before: Share, after: Share) -> ShareChange:
    """Classify the change of a share of errors.

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
