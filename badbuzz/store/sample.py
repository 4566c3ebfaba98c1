"""Bounded sample of scored tweets: the newest, most negative and most uncertain per window.

The sample of a brand's five-minute window is the union of three top-ten lists: newest, most
negative, nearest to 0.5. Each list has a total order, so the sample depends neither on the order
in which records arrive nor on duplicates. The row of a deleted or edited tweet is kept without
text, author and permalink, and is never returned.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, delete, select, tuple_

from badbuzz.detection.seen_ids import network_of
from badbuzz.evidence.masking import mask
from badbuzz.model import BUCKET_MS, Scored, Tweet
from badbuzz.store.alerts import remove_examples
from badbuzz.store.column_types import storable, storable_id
from badbuzz.store.engine import DatabaseAccess
from badbuzz.store.model import SourcePartition
from badbuzz.store.positions import advance_position
from badbuzz.store.schema import deletions, sample
from badbuzz.store.statements import (
    Row,
    TweetKey,
    chunks,
    deleted_among,
    lock_deletions,
    rows_in,
    tweets_in,
    upsert,
)

N_EACH: Final = 10
"""Length of each of the three lists."""

FORGET_AT_ONCE: Final = 2000
"""Maximum number of tweets that one transaction deletes."""

_WindowKey = tuple[str, int]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A post that may be in the sample: its sort keys and, if it is new, its record."""

    brand: str
    network: str
    tweet_id: str
    created_ms: int
    score: float | None
    post: tuple[int, Scored] | None = None

    @property
    def window(self) -> _WindowKey:
        return self.brand, self.created_ms // BUCKET_MS * BUCKET_MS

    @property
    def key(self) -> TweetKey:
        return self.brand, self.network, self.tweet_id


_Order = Callable[[_Candidate], Any]
_ORDERS: Final[tuple[tuple[_Order, bool], ...]] = (
    (lambda one: (-one.created_ms, one.tweet_id, one.network), False),
    (lambda one: (-(one.score or 0.0), one.tweet_id, one.network), True),
    (lambda one: (score_margin(one.score or 0.0), one.tweet_id, one.network), True),
)
"""Sort key of each list, and whether the list requires a score."""


class SampleWriter(DatabaseAccess):
    """Write side of the sample, recorded from the topic ``scored-tweets``."""

    def record_tweets(
        self,
        source: SourcePartition,
        records: Sequence[tuple[int, Scored]],
        next_offset: int,
        at_ms: int | None = None,
    ) -> None:
        """Update the sample and advance the position, in one transaction.

        Deleted and edited tweets are removed from the sample and from the evidence of alerts. They
        stay removed if their record is delivered again.

        Parameters
        ----------
        records
            Scored tweets with their offsets.
        next_offset
            Next offset to read; a higher stored position is kept.
        at_ms
            Time of recording, Unix ms, which :meth:`forget` uses; None is now.
        """
        at_ms = time.time_ns() // 1_000_000 if at_ms is None else at_ms
        posts = _newest(records)
        deleted = [(offset, one) for offset, one in records if one.tweet.kind in ("edit", "delete")]
        best = _best(posts)
        with self._write() as connection:
            advance_position(connection, source, next_offset)
            if deleted:
                lock_deletions(connection)
                _remove(connection, source, deleted)
            _add(connection, source, best, at_ms)

    def forget(self, before_ms: int) -> int:
        """Delete sampled tweets recorded before a time, Unix ms; return their number.

        The time of recording counts, not the event time. Many short transactions let other writers
        proceed. Alerts, windows, feedback, rulings and the audit are kept.
        """
        n_forgotten = 0
        while n_now := self._forget_some(before_ms):
            n_forgotten += n_now
        return n_forgotten

    def _forget_some(self, before_ms: int) -> int:
        key = sample.c.brand, sample.c.network, sample.c.tweet_id
        old = select(*key).where(sample.c.recorded_ms < before_ms).limit(FORGET_AT_ONCE)
        with self._write() as connection:
            return connection.execute(delete(sample).where(tuple_(*key).in_(old))).rowcount


def score_margin(score: float) -> float:
    """Return the distance of a score from 0.5; a small one means an uncertain label.

    Examples
    --------
    >>> score_margin(0.75)
    0.25
    """
    return round(abs(score - 0.5), 6)


def _key(tweet: Tweet, tweet_id: str) -> TweetKey:
    """Return the key of a tweet of the network of another, or of itself."""
    return tweet.brand, storable(network_of(tweet.source)), storable_id(tweet_id)


def _newest(records: Iterable[tuple[int, Scored]]) -> list[_Candidate]:
    """Return the posts; duplicates are reduced to the last record."""
    posts: dict[TweetKey, _Candidate] = {}
    for offset, scored in records:
        tweet = scored.tweet
        if tweet.kind == "post":
            key = _key(tweet, tweet.id)
            posts[key] = _Candidate(*key, tweet.created_ms, scored.score, (offset, scored))
    return list(posts.values())


def _best(candidates: Iterable[_Candidate]) -> dict[_WindowKey, list[_Candidate]]:
    """Return the union of the three lists by brand and window."""
    by_window: dict[_WindowKey, list[_Candidate]] = {}
    for one in candidates:
        by_window.setdefault(one.window, []).append(one)
    return {
        window: several if len(several) <= N_EACH else _union(several)
        for window, several in by_window.items()
    }


def _union(several: Sequence[_Candidate]) -> list[_Candidate]:
    chosen: dict[TweetKey, _Candidate] = {}
    for order, needs_score in _ORDERS:
        fit = [one for one in several if one.score is not None or not needs_score]
        chosen.update((one.key, one) for one in sorted(fit, key=order)[:N_EACH])
    return list(chosen.values())


def _add(
    connection: Connection,
    source: SourcePartition,
    best: Mapping[_WindowKey, Sequence[_Candidate]],
    at_ms: int,
) -> None:
    """Merge new posts into the sample; delete the tweets that leave all lists."""
    new = {one.key: one for several in best.values() for one in several}
    stored = {one.key: one for one in _stored(connection, sorted(best))}
    kept = {one.key for several in _best({**stored, **new}.values()).values() for one in several}
    for some in chunks(sorted(stored.keys() - kept)):
        connection.execute(delete(sample).where(tweets_in(sample, some)))
    deleted = deleted_among(connection, new.keys() & kept)
    rows = [_row(source, one, is_deleted=key in deleted) for key, one in new.items() if key in kept]
    upsert(
        connection,
        sample,
        [{**row, "recorded_ms": at_ms} for row in rows],
        once=("recorded_ms",),
    )


def _stored(connection: Connection, windows: Sequence[_WindowKey]) -> Iterable[_Candidate]:
    column = sample.c
    query = select(column.brand, column.network, column.tweet_id, column.created_ms, column.score)
    for some in chunks(windows):
        in_some = rows_in((column.brand, column.window_start_ms), some)
        for row in connection.execute(query.where(in_some)):
            yield _Candidate(*row)


def _remove(
    connection: Connection, source: SourcePartition, records: Sequence[tuple[int, Scored]]
) -> None:
    """Record deletions; clear the tweets in the sample and in evidence."""
    rows: dict[TweetKey, Row] = {}
    for offset, scored in records:
        tweet = scored.tweet
        brand, network, tweet_id = key = _key(tweet, tweet.removed_id)
        rows[key] = {
            "brand": brand,
            "network": network,
            "tweet_id": tweet_id,
            "kind": tweet.kind,
            "at_ms": tweet.created_ms,
            "partition": source.partition,
            "source_offset": offset,
        }
    upsert(connection, deletions, list(rows.values()))
    unknown = {(brand, "", tweet_id) for brand, _, tweet_id in rows}  # rows of earlier versions
    for some in chunks(sorted({*rows, *unknown})):
        connection.execute(sample.update().where(tweets_in(sample, some)).values(_EMPTY))
        remove_examples(connection, set(some))


_EMPTY: Final[Row] = {"removed": True, "text": "", "url": "", "author": "", "n_retweets": 0}


def _row(source: SourcePartition, one: _Candidate, *, is_deleted: bool) -> Row:
    """Return the row of a post, without its text if it was deleted."""
    assert one.post is not None
    offset, scored = one.post
    tweet = scored.tweet
    row: Row = {
        "brand": one.brand,
        "network": one.network,
        "tweet_id": one.tweet_id,
        "window_start_ms": one.window[1],
        "created_ms": one.created_ms,
        "text": mask(tweet.text),
        **{name: getattr(tweet, name) for name in ("lang", "url", "author", "n_retweets")},
        "score": one.score,
        "doubt": None if one.score is None else score_margin(one.score),
        "negative": scored.negative,
        "bundle": scored.bundle,
        "removed": False,
        "partition": source.partition,
        "source_offset": offset,
    }
    return {**row, **_EMPTY} if is_deleted else row
