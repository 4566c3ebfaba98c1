"""Drift: how far the tweets of the last day are from those that a bundle was measured on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

BinCounts = NDArray[np.int64]

N_BINS: Final = 10
"""Bins of a score, of equal width."""
MIN_TWEETS: Final = 500
"""Tweets under which nothing is said: of so few, chance alone makes a stability of 0.02."""

_HOUR_MS: Final = 3_600_000
_HOURS: Final = 24
_SMOOTHING: Final = 0.5


@dataclass(frozen=True, slots=True)
class DriftReference:
    """What is usual of a bundle: the texts that it was measured on, each held out.

    Parameters
    ----------
    scores
        Texts by the bin of their score.
    unknown_rate
        Share of their tokens whose words the model had not seen, in [0, 1]; None where the bundle
        does not keep its words.
    """

    scores: tuple[int, ...]
    unknown_rate: float | None = None

    @classmethod
    def from_card(cls, card: Mapping[str, Any]) -> DriftReference | None:
        """The reference on a bundle's card; None where it has none.

        An earlier badbuzz built the bundle, or too few texts were there to say what is usual.

        Raises
        ------
        ValueError
            When it is no reference.

        Examples
        --------
        >>> card = {"reference": {"scores": [9, 1, 0, 0, 0, 0, 0, 0, 2, 8]}}
        >>> DriftReference.from_card(card).scores[0]
        9
        >>> DriftReference.from_card({"reference": {"scores": "many"}})
        Traceback (most recent call last):
        ValueError: the card's reference {'scores': 'many'} is none
        """
        told = card.get("reference")
        if told is None:
            return None
        try:
            scores = tuple(int(n) for n in told["scores"])
            rate = told.get("unknown_rate")
            found = cls(scores, None if rate is None else float(rate))
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise ValueError(f"the card's reference {told!r} is none") from error
        if len(scores) != N_BINS or min(scores) < 0 or not sum(scores):
            raise ValueError(f"the card's reference has the scores {scores}")
        return found


def count_scores(scores: ArrayLike) -> BinCounts:
    """How many scores are in each bin; 1.0 is in the last.

    Examples
    --------
    >>> count_scores([0.0, 0.0999, 0.1, 1.0]).tolist()
    [2, 1, 0, 0, 0, 0, 0, 0, 0, 1]
    """
    places = (np.asarray(scores, np.float64) * N_BINS).astype(np.int64)
    return np.bincount(np.minimum(places, N_BINS - 1), minlength=N_BINS)


def smooth_shares(counts: Sequence[int] | BinCounts) -> NDArray[np.float64]:
    """The share of each bin; half a text is added to each, so that none is zero.

    Examples
    --------
    >>> smooth_shares([9, 0]).round(2).tolist()
    [0.95, 0.05]
    """
    smoothed = np.asarray(counts, np.float64) + _SMOOTHING
    found: NDArray[np.float64] = smoothed / smoothed.sum()
    return found


def population_stability_index(
    found: Sequence[int] | BinCounts, expected: Sequence[int] | BinCounts
) -> float:
    """The population stability index of two distributions over the same bins.

    ``sum((f - e) * ln(f / e))`` over the shares ``f`` and ``e`` of the bins (Siddiqi 2006, *Credit
    Risk Scorecards*; Jeffreys' divergence of 1946). Usual reading: under 0.1 nothing, over 0.2 a
    shift. Of two samples of n and m from one distribution it is (bins - 1) * (1/n + 1/m) in the
    mean (Yurdakul 2018), so small samples seem to drift.

    Parameters
    ----------
    found, expected
        Counts by bin, not all zero.

    Returns
    -------
    float
        0.0 for the same shares; without bound.

    Examples
    --------
    >>> expected = [400, 200, 100, 50, 50, 50, 50, 100, 200, 300]
    >>> round(population_stability_index([2 * n for n in expected], expected), 3)
    0.0
    >>> found = [100, 100, 50, 50, 50, 50, 50, 100, 200, 750]
    >>> round(population_stability_index(found, expected), 3)
    0.618
    """
    one, other = smooth_shares(found), smooth_shares(expected)
    return float(((one - other) * np.log(one / other)).sum())


class RollingCounts:
    """Counts of the last day of event time, summed hour by hour.

    What is older is left out, unless so much of it comes that time seems to have gone back, as
    after a replay of the future: then the day begins anew.

    Parameters
    ----------
    n
        How many numbers are counted side by side.

    Examples
    --------
    >>> recent, hour_ms = RollingCounts(1), 3_600_000
    >>> for hour in (0, 5, 24, 0):
    ...     recent.add(hour * hour_ms, np.array([10]), n=1)
    >>> recent.total().tolist()
    [20]
    """

    def __init__(self, n: int) -> None:
        self._hours: dict[int, BinCounts] = {}
        self._nothing = np.zeros(n, np.int64)
        self._newest = 0
        self._n_old = 0

    def add(self, at_ms: int, counts: BinCounts, n: int) -> None:
        """Count ``n`` tweets, of some moment."""
        hour = at_ms // _HOUR_MS
        if hour <= self._newest - _HOURS:
            self._n_old += n
            if self._n_old < MIN_TWEETS:
                return
            self._hours.clear()
            self._newest = hour
        self._n_old = 0
        self._hours[hour] = self._hours.get(hour, self._nothing) + counts
        if hour > self._newest:
            self._newest = hour
            for old in [one for one in self._hours if one <= hour - _HOURS]:
                del self._hours[old]

    def total(self) -> BinCounts:
        """The sums over the day."""
        return sum(self._hours.values(), self._nothing)
