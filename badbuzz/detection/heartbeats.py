"""Insert heartbeats into the tweets of a recording."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from badbuzz.model import DAY_MS, Tweet

EVERY_MS: Final = 60_000
TAIL_MS: Final = 660_000
"""Ten minutes plus one of lateness, so that the windows of the last tweet close."""

MAX_SILENCE_MS: Final = 31 * DAY_MS
"""A longer gap between tweets is treated as missing data, with heartbeats in its first day only."""


def with_heartbeats(
    tweets: Iterable[Tweet], every_ms: int = EVERY_MS, tail_ms: int = TAIL_MS
) -> Iterator[Tweet]:
    """Yield tweets with a heartbeat at every whole minute of event time.

    A heartbeat precedes the first tweet that was produced at its time or later. The first heartbeat
    is at the last whole minute at or before the first tweet. Replay sends, and a backtest folds,
    exactly this sequence.

    Parameters
    ----------
    tweets
        Tweets of one source, in the order of ``produced_ms``.
    every_ms
        Milliseconds between heartbeats, > 0.
    tail_ms
        Milliseconds for which heartbeats continue after the last tweet, >= 0.

    Yields
    ------
    Tweet
        Each tweet, and heartbeats of the same source without a sequence number, whose
        ``created_ms`` and ``produced_ms`` are their time. A gap longer than ``MAX_SILENCE_MS`` has
        heartbeats in its first day only.

    Examples
    --------
    >>> tweets = [Tweet("1", "Air Paradis", "", 90_000, 90_000, source="replay:a")]
    >>> [(t.kind, t.created_ms) for t in with_heartbeats(tweets, tail_ms=60_000)]
    [('heartbeat', 60000), ('post', 90000), ('heartbeat', 120000)]
    """
    due_ms = -1
    last: Tweet | None = None
    for tweet in tweets:
        now_ms = tweet.produced_ms
        if last is None:
            due_ms = now_ms - now_ms % every_ms
        elif now_ms - last.produced_ms > MAX_SILENCE_MS:
            yield from _heartbeats(last, due_ms, last.produced_ms + DAY_MS, every_ms)
            due_ms = now_ms - now_ms % every_ms
        if due_ms <= now_ms:
            yield from _heartbeats(tweet, due_ms, now_ms, every_ms)
            due_ms = now_ms - now_ms % every_ms + every_ms
        yield tweet
        last = tweet
    if last is not None:
        yield from _heartbeats(last, due_ms, last.produced_ms + tail_ms, every_ms)


def _heartbeats(tweet: Tweet, first_ms: int, until_ms: int, every_ms: int) -> Iterator[Tweet]:
    for at_ms in range(first_ms, until_ms + 1, every_ms):
        yield Tweet(
            id="",
            brand="",
            text="",
            created_ms=at_ms,
            produced_ms=at_ms,
            source=tweet.source,
            replay=tweet.replay,
            kind="heartbeat",
        )
