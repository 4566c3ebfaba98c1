"""The scored tweets that may enter the store's sample: the first of each window by three orders."""

from __future__ import annotations

from bisect import insort
from collections import defaultdict
from collections.abc import Callable
from typing import Final

from badbuzz.detection.seen_ids import network_of
from badbuzz.model import BUCKET_MS, Scored
from badbuzz.store.sample import score_margin

Row = tuple[int, Scored]
"""A scored tweet and its offset."""

_MAX_WINDOWS: Final = 4096

_Name = tuple[str, str]
"""Id of a tweet and its network."""

_Order = Callable[[Scored], float | None]
_ORDERS: Final[tuple[_Order, ...]] = (
    lambda row: -row.tweet.created_ms,
    lambda row: None if row.score is None else -row.score,
    lambda row: None if row.score is None else score_margin(row.score),
)
"""Sort keys, lowest first: newest, most negative, most uncertain."""


class TopTweets:
    """The first tweets by one order so far; the lower name comes first among equal keys.

    Parameters
    ----------
    size
        Maximum number of tweets.

    Examples
    --------
    >>> top = TopTweets(2)
    >>> keys = {"a": 3, "b": 2, "c": 3, "d": 1, "e": 2}
    >>> [top.add(key, (id, "x")) for id, key in keys.items()]
    [True, True, False, True, False]
    >>> sorted(top.names)
    [('b', 'x'), ('d', 'x')]
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._entries: list[tuple[float, _Name]] = []
        self.names: set[_Name] = set()

    def add(self, key: float, name: _Name) -> bool:
        """Add a tweet if it is among the first, and return whether it is."""
        if name in self.names:
            return True
        if len(self._entries) == self._size:
            if (key, name) > self._entries[-1]:
                return False
            self.names.discard(self._entries.pop()[1])
        insort(self._entries, (key, name))
        self.names.add(name)
        return True


class SampleCandidates:
    """The tweets of a partition that may enter the sample, and the changes of earlier tweets.

    A tweet that is not among the first of its window by any order cannot be in the store's
    sample, whatever the store already holds, so it is dropped. The place of a deleted tweet in
    the sample stays empty.

    Parameters
    ----------
    size
        Number of tweets kept by each order; at least the store's.
    """

    def __init__(self, size: int) -> None:
        self._tops: defaultdict[tuple[str, int], tuple[TopTweets, ...]] = defaultdict(
            lambda: tuple(TopTweets(size) for _ in _ORDERS)
        )
        self._posts: dict[tuple[str, _Name], Row] = {}
        self._changes: list[Row] = []

    def add(self, offset: int, scored: Scored) -> None:
        """Add a post, an edit or a deletion."""
        tweet = scored.tweet
        if tweet.kind != "post":
            self._changes.append((offset, scored))
            return
        name, is_first = _name(scored), False
        for top, order in zip(self._tops[_window(scored)], _ORDERS, strict=True):
            key = order(scored)
            if key is not None and top.add(key, name):
                is_first = True
        if is_first:
            self._posts[tweet.brand, name] = offset, scored

    def rows(self) -> list[Row]:
        """Return the candidates and changes to record, by rising offset."""
        posts = [row for row in self._posts.values() if self._is_first(row[1])]
        return sorted(posts + self._changes, key=lambda row: row[0])

    def _is_first(self, scored: Scored) -> bool:
        return any(_name(scored) in top.names for top in self._tops[_window(scored)])

    def clear(self) -> None:
        """Remove all rows, because they are recorded; which tweets came first is kept."""
        self._posts.clear()
        self._changes.clear()
        while len(self._tops) > _MAX_WINDOWS:
            del self._tops[next(iter(self._tops))]


def _name(scored: Scored) -> _Name:
    return scored.tweet.id, network_of(scored.tweet.source)


def _window(scored: Scored) -> tuple[str, int]:
    return scored.tweet.brand, scored.tweet.created_ms - scored.tweet.created_ms % BUCKET_MS
