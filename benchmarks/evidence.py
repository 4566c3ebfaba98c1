"""Measure the CPU cost of evidence per tweet, in the fold and its checkpoints.

Streams of few busy brands and of many quiet ones, read at full speed and live. A checkpoint packs
what changed and builds the compressed batch that Kafka would get.

Run: python -m benchmarks.evidence
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterator
from typing import NamedTuple

from aiokafka.producer.message_accumulator import BatchBuilder

from badbuzz.detection.fold import Fold
from badbuzz.detection.state import Rules
from badbuzz.model import Prediction, Tweet

BUCKET_MS = 300_000
START_MS = 1_700_006_400_000
N_ROUNDS = 3
ZSTD = 4
COLUMNS = (("fold", "us"), ("pack", "us"), ("compress", "us"), ("written", "B"))
PREDICTIONS = tuple(Prediction(0.9 if n else 0.1, bool(n), 9_500 * n, "bench@1") for n in (0, 1))
TEXT = (
    "the my your flight bag lost again hour hours late delay gate agent phone hold still waiting "
    "why never today tonight airport crew seat plane cancelled rebook refund service customer help "
    "worst ever family kids connection missed storm snow luggage claim desk line people answer"
)
WORDS = TEXT.split()


class Stream(NamedTuple):
    """A stream: brands, tweets per brand and bucket, buckets, and tweets between checkpoints."""

    name: str
    n_brands: int
    n_tweets: int
    n_buckets: int
    n_between: int


STREAMS = (
    Stream("50 brands, 6 tweets a bucket, replayed", 50, 6, 96, 3_000),
    Stream("50 brands, 6 tweets a bucket, 200 ms apart", 50, 6, 48, 2),
    Stream("10 brands, 600 tweets a bucket", 10, 600, 24, 1_000),
    Stream("10,000 brands, 3 tweets a bucket", 10_000, 3, 4, 4_000),
)


class Bare(Fold):
    """The fold without evidence."""

    def _add_evidence(self, tweet: Tweet, prediction: Prediction) -> None:
        pass


def tweets(stream: Stream, bucket: int) -> Iterator[Tweet]:
    """Generate the tweets of a bucket, each of 17 common words and a rare one."""
    dice = random.Random(bucket)
    now_ms = START_MS + bucket * BUCKET_MS
    for i in range(stream.n_tweets):
        at_ms = now_ms + i * BUCKET_MS // stream.n_tweets
        for brand in range(stream.n_brands):
            text = " ".join([*dice.choices(WORDS, k=17), f"word{dice.randrange(5_000):x}"])
            yield Tweet(
                f"{at_ms * 1_000 + dice.randrange(1_000)}",
                f"brand {brand}",
                f"@airline {text}!",
                at_ms,
                at_ms,
                seq=bucket * stream.n_tweets + i,
                source="bench",
                author=f"{dice.getrandbits(64):x}",
            )


def packed(fold: Fold) -> BatchBuilder:
    """Return the batch that a checkpoint writes."""
    records = [(state.brand.encode(), state.pack()) for state in fold.changed_states()]
    batch = BatchBuilder(1 << 30, ZSTD, is_transactional=True)
    for key, value in [*records, *fold.changed_records()]:
        batch.append(timestamp=None, key=key, value=value, headers=[])
    fold.saved()
    return batch


class Cost:
    """CPU seconds by stage, and bytes written."""

    def __init__(self) -> None:
        self.fold = self.pack = self.compress = 0.0
        self.written = 0
        self._last_s = time.process_time()

    def lap(self) -> float:
        """Return the CPU seconds since the last call."""
        last_s, self._last_s = self._last_s, time.process_time()
        return self._last_s - last_s

    def checkpoint(self, fold: Fold) -> None:
        batch = packed(fold)
        self.pack += self.lap()
        if batch.record_count():
            self.written += len(batch._build())
        self.compress += self.lap()


def one_round(stream: Stream, fold: Fold) -> tuple[float, ...]:
    """Return CPU microseconds of fold, packing and compression, and bytes written, per tweet."""
    cost = Cost()
    n_waiting = 0
    for bucket in range(stream.n_buckets):
        posts = list(tweets(stream, bucket))
        cost.lap()
        for start in range(0, len(posts), stream.n_between):
            part = posts[start : start + stream.n_between]
            for i, tweet in enumerate(part):
                fold.apply(tweet, PREDICTIONS[(start + i) * 7 % 11 % 2])
            if start + stream.n_between >= len(posts):
                end_ms = START_MS + (bucket + 1) * BUCKET_MS + 60_000
                fold.apply(Tweet("", "", "", end_ms, end_ms, kind="heartbeat"), None)
            cost.fold += cost.lap()
            n_waiting += len(part)
            if n_waiting >= stream.n_between:
                n_waiting = 0
                cost.checkpoint(fold)
    n = stream.n_brands * stream.n_tweets * stream.n_buckets
    seconds = (cost.fold, cost.pack, cost.compress)
    return (*(one / n * 1e6 for one in seconds), cost.written / n)


def main() -> None:
    """Print the medians of alternating rounds with and without evidence."""
    for stream in STREAMS:
        bare, full = [], []
        for _ in range(N_ROUNDS):
            bare.append(one_round(stream, Bare(lambda _brand: Rules())))
            full.append(one_round(stream, Fold(lambda _brand: Rules())))
        print(stream.name)
        for index, (what, unit) in enumerate(COLUMNS):
            without, with_it = (
                statistics.median(one[index] for one in rounds) for rounds in (bare, full)
            )
            more = with_it - without
            print(
                f"  {what}: {without:.1f} without, {with_it:.1f} with, {more:+.1f} {unit} a tweet"
            )


if __name__ == "__main__":
    main()
