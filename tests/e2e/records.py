"""The contents of a recorder's store, and what they should be."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from badbuzz import wire
from badbuzz.errors import StoreDownError
from badbuzz.model import MAX_MS, Window
from badbuzz.store.database import Store
from badbuzz.store.model import SampledTweet, SourcePartition
from tests.support.stream import Deployment, await_that

RECORDED = (wire.WINDOWS, wire.ALERTS, wire.SCORED_TWEETS)
_PAGE = 10_000


def rows(store: Store, partitions: int = 4) -> dict[str, list[bytes]]:
    """Return the windows and alert phases in a store, encoded as in the topics and sorted."""
    values: dict[str, list[bytes]] = {wire.WINDOWS: [], wire.ALERTS: []}
    for place in (SourcePartition(topic, n) for topic in values for n in range(partitions)):
        after = -1
        while changes := store.changes({place: after}, _PAGE):
            after = changes[-1][1]
            values[place.topic] += [
                wire.encode_window(output)
                if isinstance(output, Window)
                else wire.encode_alert(output)
                for _, _, output in changes
            ]
    return {topic: sorted(several) for topic, several in values.items()}


def sample(store: Store) -> list[SampledTweet]:
    """Return all sampled tweets of a store, by brand and time."""
    tweets: list[SampledTweet] = []
    for brand in (summary.brand for summary in store.brands()):
        cursor = None
        while True:
            page = store.tweets(brand, 0, MAX_MS, limit=_PAGE, cursor=cursor)
            tweets += page.items
            cursor = page.cursor
            if cursor is None:
                break
    return tweets


def whole_sample(stream: Deployment, folder: Path) -> list[SampledTweet]:
    """Return the sample of all scored tweets of a deployment, recorded in one transaction."""
    with Store.open(f"sqlite:///{folder / 'whole.db'}") as store:
        scored = [wire.decode_scored(value) for _, value in stream.committed(wire.SCORED_TWEETS)]
        store.record_tweets(
            SourcePartition(wire.SCORED_TWEETS, 0), list(enumerate(scored)), len(scored)
        )
        for topic, value in ((wire.WINDOWS, v) for _, v in stream.committed(wire.WINDOWS)):
            store.record_windows(SourcePartition(topic, 0), [(0, wire.decode_window(value))], 1)
        return sample(store)


def positions(stream: Deployment) -> dict[SourcePartition, int]:
    """Return the end offsets of the recorded topics, the final positions of a recorder."""
    return {
        SourcePartition(topic, partition): end
        for topic in RECORDED
        for partition, end in stream.ends(topic).items()
    }


def await_recorded(stream: Deployment, store_url: str) -> None:
    """Wait until the positions in the store are the ends of the topics."""
    ends = positions(stream)
    with Store.open(store_url) as store:

        def all_recorded() -> bool:
            try:
                return ends.items() <= store.positions().items()
            except StoreDownError:
                return False

        await_that(all_recorded, "all records in the store")


@contextmanager
def locked(store_url: str) -> Iterator[None]:
    """Lock a SQLite store, so that no other connection can write to it.

    Raises
    ------
    sqlite3.OperationalError
        When another connection holds the lock for a second.
    """
    path = store_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, timeout=1)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.rollback()
