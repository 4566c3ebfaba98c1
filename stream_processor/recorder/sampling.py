"""Which scored tweets could be in the store's sample: of each window the ends of three orders."""

from __future__ import annotations

from bisect import insort
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from badbuzz.model import BUCKET_MS, Scored
from badbuzz.store.sample import score_margin

Row = tuple[int, Scored]
"""A scored tweet and its offset."""

_MAX_WINDOWS: Final = 4096

_Order = Callable[[Scored], float | None]
_ORDERS: Final[tuple[_Order, ...]] = (
    lambda row: -row.tweet.created_ms,
    lambda row: None if row.score is None else -row.score,
    lambda row: None if row.score is None else score_margin(row.score),
)
"""Newest, most negative, most uncertain: lower first."""


class TopTweets:
    """The first by an order so far, at most so many, each tweet once; of equals the lower id.

    Examples
    --------
    >>> top = TopTweets(2)
    >>> [top.enters(place, id) for place, id in ((3, "a"), (2, "b"), (3, "c"), (1, "d"), (2, "e"))]
    [True, True, False, True, False]
    >>> sorted(top.ids)
    ['b', 'd']
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._places: list[tuple[float, str]] = []
        self.ids: set[str] = set()

    def enters(self, place: float, tweet_id: str) -> bool:
        """Whether a tweet is among the first."""
        if tweet_id in self.ids:
            return True
        if len(self._places) == self._size:
            if (place, tweet_id) > self._places[-1]:
                return False
            self.ids.discard(self._places.pop()[1])
        insort(self._places, (place, tweet_id))
        self.ids.add(tweet_id)
        return True


class SampleCandidates:
    """What a partition's tweets add to the sample, since it was last recorded.

    A tweet that is not among the first of its window by any order, of all that was seen here,
    cannot be in the store's sample, whatever is there already: it is not kept. A deleted tweet
    leaves its place in the sample empty.

    Parameters
    ----------
    size
        Of each order, at least the store's.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._tops: OrderedDict[tuple[str, int], tuple[TopTweets, ...]] = OrderedDict()
        self._fresh: dict[tuple[str, str], Row] = {}
        self._changes: list[Row] = []

    def add(self, offset: int, scored: Scored) -> None:
        """Take in a tweet, an edit or a deletion."""
        tweet = scored.tweet
        if tweet.kind != "post":
            self._changes.append((offset, scored))
            return
        entered = False
        for top, order in zip(self._of(scored), _ORDERS, strict=True):
            place = order(scored)
            if place is not None and top.enters(place, tweet.id):
                entered = True
        if entered:
            self._fresh[tweet.brand, tweet.id] = offset, scored

    def _of(self, scored: Scored) -> tuple[TopTweets, ...]:
        key = _window(scored)
        tops = self._tops.get(key)
        if tops is None:
            tops = self._tops[key] = tuple(TopTweets(self._size) for _ in _ORDERS)
        return tops

    def rows(self) -> list[Row]:
        """What is to be recorded, by rising offset: candidates and changes."""
        kept = [row for row in self._fresh.values() if self._is_first(row[1])]
        return sorted(kept + self._changes, key=lambda row: row[0])

    def _is_first(self, scored: Scored) -> bool:
        return any(scored.tweet.id in top.ids for top in self._tops[_window(scored)])

    def recorded(self) -> None:
        """Forget what waits: it is recorded. Which came first is remembered."""
        self._fresh.clear()
        self._changes.clear()
        while len(self._tops) > _MAX_WINDOWS:
            self._tops.popitem(last=False)


def _window(scored: Scored) -> tuple[str, int]:
    return scored.tweet.brand, scored.tweet.created_ms - scored.tweet.created_ms % BUCKET_MS
