"""A bounded sample of scored tweets: of each five minutes the newest, worst and most uncertain.

The sample of a brand's five minutes is the union of three lists of ten: newest, most negative,
nearest to 0.5. Each is the top of all posts by a total order, so the sample does not depend on
the order in which they came, nor on how often. A tweet that is deleted or edited leaves its place
empty: the row stays without text, author or permalink, and is never shown.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, delete, select, tuple_

from badbuzz.evidence.masking import mask
from badbuzz.model import Scored
from badbuzz.store.alerts import remove_examples
from badbuzz.store.engine import Connected
from badbuzz.store.model import SourcePartition
from badbuzz.store.positions import advance
from badbuzz.store.removal import among, chunks, removed_among, removing
from badbuzz.store.rows import Row, upsert
from badbuzz.store.schema import deletions, sample
from badbuzz.store.types import storable_id
from badbuzz.store.windows import WINDOW_MS

N_EACH: Final = 10
"""Tweets in each of the three lists of a brand's five minutes."""

FORGET_AT_ONCE: Final = 2000
"""Tweets that one transaction forgets."""

_WindowKey = tuple[str, int]
_TweetKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A post that may be in the sample: what decides, and what is to be written if it is new."""

    brand: str
    tweet_id: str
    created_ms: int
    score: float | None
    post: tuple[int, Scored] | None = None

    @property
    def window(self) -> _WindowKey:
        return self.brand, self.created_ms // WINDOW_MS * WINDOW_MS

    @property
    def key(self) -> _TweetKey:
        return self.brand, self.tweet_id


_Order = Callable[[_Candidate], Any]
_ORDERS: Final[tuple[tuple[_Order, bool], ...]] = (
    (lambda one: (-one.created_ms, one.tweet_id), False),
    (lambda one: (-(one.score or 0.0), one.tweet_id), True),
    (lambda one: (doubt_of(one.score or 0.0), one.tweet_id), True),
)
"""The orders of the three lists, and whether only tweets with a score stand in it."""


class SampleRecorder(Connected):
    """What was recorded from the topic of scored tweets."""

    def record_tweets(
        self,
        place: SourcePartition,
        records: Sequence[tuple[int, Scored]],
        next_offset: int,
        at_ms: int | None = None,
    ) -> None:
        """Write what belongs in the sample and move the place's position, in one transaction.

        A tweet that is deleted or edited leaves the sample and the evidence of alerts, and stays
        out when the stream repeats it.

        Parameters
        ----------
        records
            Each with its offset.
        next_offset
            The next one to read; a position that is further on stays.
        at_ms
            When this is, in Unix ms, by which :meth:`forget` goes; now when None.
        """
        at_ms = time.time_ns() // 1_000_000 if at_ms is None else at_ms
        posts = _newest(records)
        gone = [(offset, one) for offset, one in records if one.tweet.kind in ("edit", "delete")]
        best = _best(posts)
        with self._writing() as connection:
            advance(connection, place, next_offset)
            if gone:
                removing(connection)
                _remove(connection, place, gone)
            _add(connection, place, best, at_ms)

    def forget(self, before_ms: int) -> int:
        """How many tweets recorded before an instant were taken out of the sample.

        An old year that was replayed today is kept as long as what was written today. In many short
        transactions, so that nobody who writes waits for all of it. Alerts with
        their evidence, windows, feedback, rulings and the audit stay.
        """
        n_forgotten = 0
        while n_now := self._forget_some(before_ms):
            n_forgotten += n_now
        return n_forgotten

    def _forget_some(self, before_ms: int) -> int:
        key = sample.c.brand, sample.c.tweet_id
        old = select(*key).where(sample.c.recorded_ms < before_ms).limit(FORGET_AT_ONCE)
        with self._writing() as connection:
            return connection.execute(delete(sample).where(tuple_(*key).in_(old))).rowcount


def doubt_of(score: float) -> float:
    """How far a score is from 0.5: the nearer, the less certain.

    Examples
    --------
    >>> doubt_of(0.75)
    0.25
    """
    return round(abs(score - 0.5), 6)


def _newest(records: Iterable[tuple[int, Scored]]) -> list[_Candidate]:
    """The posts, each tweet once, as its last record has it."""
    posts: dict[_TweetKey, _Candidate] = {}
    for offset, scored in records:
        tweet = scored.tweet
        if tweet.kind == "post":
            id_ = storable_id(tweet.id)
            one = _Candidate(tweet.brand, id_, tweet.created_ms, scored.score, (offset, scored))
            posts[one.key] = one
    return list(posts.values())


def _best(candidates: Iterable[_Candidate]) -> dict[_WindowKey, list[_Candidate]]:
    """Of each brand's five minutes the union of the three lists."""
    by_window: dict[_WindowKey, list[_Candidate]] = {}
    for one in candidates:
        by_window.setdefault(one.window, []).append(one)
    return {
        window: several if len(several) <= N_EACH else _union(several)
        for window, several in by_window.items()
    }


def _union(several: Sequence[_Candidate]) -> list[_Candidate]:
    chosen: dict[_TweetKey, _Candidate] = {}
    for order, needs_score in _ORDERS:
        fit = [one for one in several if one.score is not None or not needs_score]
        chosen.update((one.key, one) for one in sorted(fit, key=order)[:N_EACH])
    return list(chosen.values())


def _add(
    connection: Connection,
    place: SourcePartition,
    best: Mapping[_WindowKey, Sequence[_Candidate]],
    at_ms: int,
) -> None:
    """Merge new posts with the sample so far, and drop what is no longer among the best."""
    new = {one.key: one for several in best.values() for one in several}
    held = {one.key: one for one in _held(connection, sorted(best))}
    kept = {one.key for several in _best({**held, **new}.values()).values() for one in several}
    for some in chunks(sorted(held.keys() - kept)):
        connection.execute(delete(sample).where(_named(some)))
    gone = removed_among(connection, new.keys() & kept)
    rows = [_row(place, one, is_removed=key in gone) for key, one in new.items() if key in kept]
    upsert(
        connection,
        sample,
        [{**row, "recorded_ms": at_ms} for row in rows],
        once=("recorded_ms",),
    )


def _held(connection: Connection, windows: Sequence[_WindowKey]) -> Iterable[_Candidate]:
    column = sample.c
    asked = select(column.brand, column.tweet_id, column.created_ms, column.score)
    for some in chunks(windows):
        in_some = among(column.brand, column.window_start_ms, some)
        for row in connection.execute(asked.where(in_some)):
            yield _Candidate(row.brand, row.tweet_id, row.created_ms, row.score)


def _remove(
    connection: Connection, place: SourcePartition, records: Sequence[tuple[int, Scored]]
) -> None:
    """Note deletions, and take the tweets out of what is shown."""
    rows: dict[_TweetKey, Row] = {}
    for offset, scored in records:
        tweet = scored.tweet
        key = tweet.brand, storable_id(tweet.id)
        rows[key] = {
            "brand": tweet.brand,
            "tweet_id": key[1],
            "kind": tweet.kind,
            "at_ms": tweet.created_ms,
            "partition": place.partition,
            "source_offset": offset,
        }
    upsert(connection, deletions, list(rows.values()))
    for some in chunks(sorted(rows)):
        connection.execute(sample.update().where(_named(some)).values(_EMPTY))
        remove_examples(connection, set(some))


def _named(keys: Collection[_TweetKey]) -> ColumnElement[bool]:
    return among(sample.c.brand, sample.c.tweet_id, keys)


_EMPTY: Final[Row] = {"removed": True, "text": "", "url": "", "author": "", "n_retweets": 0}


def _row(place: SourcePartition, one: _Candidate, *, is_removed: bool) -> Row:
    assert one.post is not None
    offset, scored = one.post
    tweet = scored.tweet
    row: Row = {
        "brand": one.brand,
        "tweet_id": one.tweet_id,
        "window_start_ms": one.window[1],
        "created_ms": one.created_ms,
        "text": mask(tweet.text),
        "lang": tweet.lang,
        "url": tweet.url,
        "author": tweet.author,
        "n_retweets": tweet.n_retweets,
        "score": one.score,
        "doubt": None if one.score is None else doubt_of(one.score),
        "negative": scored.negative,
        "bundle": scored.bundle,
        "removed": False,
        "partition": place.partition,
        "source_offset": offset,
    }
    return {**row, **_EMPTY} if is_removed else row
