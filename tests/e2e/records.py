"""What a recorder left in its store, and what it should be."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from badbuzz import wire
from badbuzz.errors import StoreDownError
from badbuzz.model import Window
from badbuzz.store.database import Store
from badbuzz.store.model import SampledTweet, SourcePartition
from tests.support.stream import Deployment, await_that

RECORDED = (wire.WINDOWS, wire.ALERTS, wire.SCORED_TWEETS)
_PAGE = 10_000


def rows(store: Store, partitions: int = 4) -> dict[str, list[bytes]]:
    """Windows and alerts' phases in a store, as the topics' values, sorted."""
    found: dict[str, list[bytes]] = {wire.WINDOWS: [], wire.ALERTS: []}
    for place in (SourcePartition(topic, n) for topic in found for n in range(partitions)):
        after = -1
        while changes := store.changes({place: after}, _PAGE):
            after = changes[-1][1]
            found[place.topic] += [
                wire.encode_window(one) if isinstance(one, Window) else wire.encode_alert(one)
                for _, _, one in changes
            ]
    return {topic: sorted(values) for topic, values in found.items()}


def sample(store: Store) -> list[SampledTweet]:
    """Every sampled tweet of a store, by brand and time."""
    found: list[SampledTweet] = []
    for brand in (summary.brand for summary in store.brands()):
        cursor = None
        while True:
            page = store.tweets(brand, 0, wire.MAX_MS, limit=_PAGE, cursor=cursor)
            found += page.items
            cursor = page.cursor
            if cursor is None:
                break
    return found


def whole_sample(stream: Deployment, folder: Path) -> list[SampledTweet]:
    """The sample of all scored tweets of a stream, recorded at once."""
    with Store.open(f"sqlite:///{folder / 'whole.db'}") as store:
        scored = [wire.decode_scored(value) for _, value in stream.committed(wire.SCORED_TWEETS)]
        store.record_tweets(
            SourcePartition(wire.SCORED_TWEETS, 0), list(enumerate(scored)), len(scored)
        )
        for topic, value in ((wire.WINDOWS, v) for _, v in stream.committed(wire.WINDOWS)):
            store.record_windows(SourcePartition(topic, 0), [(0, wire.decode_window(value))], 1)
        return sample(store)


def positions(stream: Deployment) -> dict[SourcePartition, int]:
    """The ends of the recorded topics: where a recorder stands that has read everything."""
    return {
        SourcePartition(topic, partition): end
        for topic in RECORDED
        for partition, end in stream.ends(topic).items()
    }


def await_recorded(stream: Deployment, store_url: str) -> None:
    """Wait until the store's positions are the topics' ends."""
    ends = positions(stream)
    with Store.open(store_url) as store:

        def all_recorded() -> bool:
            try:
                return ends.items() <= store.positions().items()
            except StoreDownError:
                return False

        await_that(all_recorded, "everything in the store")


@contextmanager
def locked(store_url: str) -> Iterator[None]:
    """Keep a SQLite store from answering whoever writes.

    Raises
    ------
    sqlite3.OperationalError
        When somebody else does, for a second.
    """
    path = store_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, timeout=1)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.rollback()
