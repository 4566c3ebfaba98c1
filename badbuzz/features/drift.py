"""Drift of the tweets of the last day from the texts on which a bundle was evaluated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from badbuzz.model import HOUR_MS

BinCounts = NDArray[np.int64]

N_BINS: Final = 10
"""Number of score bins, of equal width."""
MIN_TWEETS: Final = 500
"""Minimum tweets to measure drift: with this many, chance alone gives an index of about 0.02."""

_HOURS: Final = 24
_SMOOTHING: Final = 0.5


@dataclass(frozen=True, slots=True)
class DriftReference:
    """Reference distribution of a bundle: the held-out texts on which it was evaluated.

    Parameters
    ----------
    scores
        Number of texts in each score bin.
    unknown_rate
        Share of unknown tokens, in [0, 1]; None if the bundle does not store its known words.
    """

    scores: tuple[int, ...]
    unknown_rate: float | None = None

    @classmethod
    def from_card(cls, card: Mapping[str, Any]) -> DriftReference | None:
        """Read the reference from a bundle's card.

        Return None if the card has none, because an earlier version of badbuzz built the bundle or
        there were too few texts.

        Raises
        ------
        ValueError
            If the reference is malformed.

        Examples
        --------
        >>> card = {"reference": {"scores": [9, 1, 0, 0, 0, 0, 0, 0, 2, 8]}}
        >>> DriftReference.from_card(card).scores[0]
        9
        >>> DriftReference.from_card({"reference": {"scores": "many"}})
        Traceback (most recent call last):
        ValueError: the card's reference is malformed: {'scores': 'many'}
        """
        value = card.get("reference")
        if value is None:
            return None
        try:
            scores = tuple(int(n) for n in value["scores"])
            rate = value.get("unknown_rate")
            reference = cls(scores, None if rate is None else float(rate))
        except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
            raise ValueError(f"the card's reference is malformed: {str(value)[:200]}") from error
        if not 0.0 <= (reference.unknown_rate or 0.0) <= 1.0:
            raise ValueError(f"the card's reference has the unknown_rate {reference.unknown_rate}")
        if len(scores) != N_BINS or min(scores) < 0 or not sum(scores):
            raise ValueError(
                f"the card's reference: expected {N_BINS} counts of scores, found {scores}"
            )
        return reference


def count_scores(scores: ArrayLike) -> BinCounts:
    """Count the scores in each bin; 1.0 is in the last bin.

    Examples
    --------
    >>> count_scores([0.0, 0.0999, 0.1, 1.0]).tolist()
    [2, 1, 0, 0, 0, 0, 0, 0, 0, 1]
    """
    places = (np.asarray(scores, np.float64) * N_BINS).astype(np.int64)
    return np.bincount(np.minimum(places, N_BINS - 1), minlength=N_BINS)


def smooth_shares(counts: Sequence[int] | BinCounts) -> NDArray[np.float64]:
    """Return the share of each bin after adding half a text to each, so that no share is zero.

    Examples
    --------
    >>> smooth_shares([9, 0]).round(2).tolist()
    [0.95, 0.05]
    """
    smoothed = np.asarray(counts, np.float64) + _SMOOTHING
    shares: NDArray[np.float64] = smoothed / smoothed.sum()
    return shares


def population_stability_index(
    observed: Sequence[int] | BinCounts, expected: Sequence[int] | BinCounts
) -> float:
    """Compute the population stability index of two distributions over the same bins.

    The index is ``sum((f - e) * ln(f / e))`` over the shares ``f`` and ``e`` of the bins (Siddiqi
    2006, *Credit Risk Scorecards*). Below 0.1 is usually read as no shift, above 0.2 as a shift.
    For samples of n and m from one distribution its mean is (bins - 1) * (1/n + 1/m) (Yurdakul
    2018), so small samples appear to drift.

    Parameters
    ----------
    observed, expected
        Counts by bin, not all zero.

    Returns
    -------
    float
        Index in [0, inf); 0.0 for equal shares.

    Examples
    --------
    >>> expected = [400, 200, 100, 50, 50, 50, 50, 100, 200, 300]
    >>> round(population_stability_index([2 * n for n in expected], expected), 3)
    0.0
    >>> observed = [100, 100, 50, 50, 50, 50, 50, 100, 200, 750]
    >>> round(population_stability_index(observed, expected), 3)
    0.618
    """
    one, other = smooth_shares(observed), smooth_shares(expected)
    return float(((one - other) * np.log(one / other)).sum())


class RollingCounts:
    """Counts of the last 24 hours of event time, by hour.

    Older tweets are ignored. If ``MIN_TWEETS`` of them come in a row, event time has gone back, as
    after a replay of later tweets, and the counts are reset.

    Parameters
    ----------
    n
        Number of counters.

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
        self._zeros = np.zeros(n, np.int64)
        self._newest = 0
        self._n_old = 0

    def add(self, at_ms: int, counts: BinCounts, n: int) -> None:
        """Add the counts of ``n`` tweets at an event time in Unix milliseconds."""
        hour = at_ms // HOUR_MS
        if hour <= self._newest - _HOURS:
            self._n_old += n
            if self._n_old < MIN_TWEETS:
                return
            self._hours.clear()
            self._newest = hour
        self._n_old = 0
        self._hours[hour] = self._hours.get(hour, self._zeros) + counts
        if hour > self._newest:
            self._newest = hour
            for old in [one for one in self._hours if one <= hour - _HOURS]:
                del self._hours[old]

    def total(self) -> BinCounts:
        """Return the sums over the last 24 hours."""
        return sum(self._hours.values(), self._zeros)
