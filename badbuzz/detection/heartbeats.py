"""The heartbeats of a recording: which they are and where among its tweets they stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from badbuzz.model import Tweet

EVERY_MS: Final = 60_000
TAIL_MS: Final = 660_000
"""Ten minutes and a lateness of one: the last tweet's windows close."""

MAX_SILENCE_MS: Final = 31 * 86_400_000
"""In a silence longer than this nobody was watching: only its first day has heartbeats."""

_WATCHED_MS: Final = 86_400_000


def with_heartbeats(
    tweets: Iterable[Tweet], every_ms: int = EVERY_MS, tail_ms: int = TAIL_MS
) -> Iterator[Tweet]:
    """Tweets with a heartbeat at every whole minute of event time.

    The beat of an instant stands before the first tweet produced at that instant or later; the
    first is the last whole minute at or before the first tweet. Replay sends, and a backtest
    folds, exactly this sequence.

    Parameters
    ----------
    tweets
        Of one source, ``produced_ms`` never falling.
    every_ms
        Milliseconds between beats, > 0.
    tail_ms
        How long they go on after the last tweet, >= 0.

    Yields
    ------
    Tweet
        Beats are of kind ``heartbeat``, unnumbered, of the tweets' source, and carry their
        instant as ``created_ms`` and ``produced_ms``. A silence longer than
        ``MAX_SILENCE_MS`` has beats in its first day only.

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
            yield from _beats(last, due_ms, last.produced_ms + _WATCHED_MS, every_ms)
            due_ms = now_ms - now_ms % every_ms
        if due_ms <= now_ms:
            yield from _beats(tweet, due_ms, now_ms, every_ms)
            due_ms = now_ms - now_ms % every_ms + every_ms
        yield tweet
        last = tweet
    if last is not None:
        yield from _beats(last, due_ms, last.produced_ms + tail_ms, every_ms)


def _beats(tweet: Tweet, first_ms: int, until_ms: int, every_ms: int) -> Iterator[Tweet]:
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
