"""Decode and score the records of a partition; a record that fails becomes a failure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from badbuzz import wire
from badbuzz.errors import WireError
from badbuzz.model import DAY_MS, Prediction, Tweet
from badbuzz.models.scorer import ScorerSet
from stream_processor.engine.dead_letters import Failure
from stream_processor.engine.partition import ConsumerRecord
from stream_processor.engine.partitioner import partition_of

MAX_CLOCK_AHEAD_MS: Final = 300_000
MAX_REPLAY_AHEAD_MS: Final = 366 * DAY_MS


def decode(record: ConsumerRecord, n_partitions: int) -> Tweet | Failure:
    """Decode a record of ``tweets``, and check its clock and its partition.

    Parameters
    ----------
    record
        Record of a partition.
    n_partitions
        Number of partitions of the topic.
    """
    try:
        tweet = wire.decode_tweet(record.value or b"")
        _check_clock(tweet, record.timestamp)
        if tweet.kind != "heartbeat":
            _check_partition(tweet.brand, record.partition, n_partitions)
    except Exception as error:  # noqa: BLE001 - no record ends a process
        return Failure.at("decode", error)
    return tweet


def _check_clock(tweet: Tweet, timestamp_ms: int) -> None:
    """Reject a record from the broker's future.

    The clock of a replay is that of its recording, which may be shifted and accelerated. It is
    allowed to be a year ahead. The fold limits the time of a live heartbeat itself, and names its
    source in the windows.
    """
    if tweet.kind == "heartbeat" and not tweet.replay:
        return
    ahead_ms = tweet.produced_ms - timestamp_ms
    if ahead_ms > (MAX_REPLAY_AHEAD_MS if tweet.replay else MAX_CLOCK_AHEAD_MS):
        raise WireError("produced_ms", "future", f"{ahead_ms // 1000} s ahead of the broker")


def _check_partition(brand: str, partition: int, n_partitions: int) -> None:
    expected = partition_of(brand, n_partitions)
    if expected != partition:
        detail = f"belongs in partition {expected}: key its records by the brand"
        raise WireError("brand", "misplaced", detail)


def score(
    scorer_set: ScorerSet, decoded: list[Tweet | Failure]
) -> tuple[list[Tweet], list[Prediction | None]]:
    """Return the posts among decoded records, and their predictions.

    Parameters
    ----------
    scorer_set
        Scorers by language.
    decoded
        Decoded records; a post that cannot be scored is replaced by its failure.

    Returns
    -------
    posts, predictions
        Posts that can be scored, in order; a prediction is None if no bundle is for the language.

    Examples
    --------
    >>> post = Tweet("1", "Air Paradis", "Merci !", created_ms=1, produced_ms=1, lang="de")
    >>> score(ScorerSet({}), [post])[1]
    [None]
    """
    posts = [one for one in decoded if isinstance(one, Tweet) and one.kind == "post"]
    if not posts:
        return [], []
    try:
        return posts, scorer_set.predict(posts)
    except Exception as error:  # noqa: BLE001 - no record ends a process
        Failure.at("score", error)  # raises it unless it is a record's fault
    scored = _score_halves(scorer_set, posts)
    failed = {
        id(post): one for post, one in zip(posts, scored, strict=True) if isinstance(one, Failure)
    }
    decoded[:] = [failed.get(id(one), one) for one in decoded]
    return (
        [post for post in posts if id(post) not in failed],
        [one for one in scored if not isinstance(one, Failure)],
    )


def _score_halves(
    scorer_set: ScorerSet, posts: Sequence[Tweet]
) -> list[Prediction | Failure | None]:
    """Score posts in ever smaller batches, until those that fail are found.

    The score of a text does not depend on the other texts.
    """
    try:
        return list(scorer_set.predict(posts))
    except Exception as error:  # noqa: BLE001 - no record ends a process
        failure = Failure.at("score", error)
        if len(posts) == 1:
            return [failure]
        middle = len(posts) // 2
        halves = posts[:middle], posts[middle:]
        return [one for half in halves for one in _score_halves(scorer_set, half)]
