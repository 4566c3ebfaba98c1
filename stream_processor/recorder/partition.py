"""The recorder's lane: windows, alerts and scored tweets from their topics into the store.

One partition of one topic; rows and position go to the store in one transaction, so that a crash
repeats nothing and loses nothing. A recorder that lost its partition while it slept does no harm:
rows of a lower offset and positions never replace later ones.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

from badbuzz import wire
from badbuzz.errors import WireError
from badbuzz.store.database import Store
from badbuzz.store.model import SourcePartition
from badbuzz.store.sample import N_EACH
from stream_processor.engine import metrics
from stream_processor.engine.partition import ConsumerRecord, TopicSemantics
from stream_processor.engine.store_thread import StoreThread
from stream_processor.recorder.sampling import SampleCandidates

log = logging.getLogger(__name__)

_TWEETS_PAUSE_MS: Final = 5000
_REMEDY: Final = "see docs/kafka.md, The recorder's recovery"


class PendingRows(Protocol):
    """What is decoded and not yet recorded."""

    def add(self, offset: int, value: Any) -> None:
        """Take in a value, and the offset of its record."""

    def rows(self) -> list[tuple[int, Any]]:
        """What is to be recorded, by rising offset."""

    def recorded(self) -> None:
        """Forget everything: it is recorded."""


@dataclass
class RowQueue:
    """Everything, in order.

    Examples
    --------
    >>> queue = RowQueue()
    >>> queue.add(7, "window")
    >>> queue.rows()
    [(7, 'window')]
    """

    _rows: list[tuple[int, Any]] = field(default_factory=list)

    def add(self, offset: int, value: Any) -> None:
        """Take in a value, and the offset of its record."""
        self._rows.append((offset, value))

    def rows(self) -> list[tuple[int, Any]]:
        """What is to be recorded, by rising offset."""
        return list(self._rows)

    def recorded(self) -> None:
        """Forget everything: it is recorded."""
        self._rows.clear()


@dataclass(frozen=True, slots=True)
class RecordedTopic:
    """How one topic is recorded.

    Parameters
    ----------
    topic
        Its name, without the prefix.
    reading
        What is usual in it. Its records come from transactions, so holes are; its position is
        the store's, so an older store is filled up again.
    decode
        A record's value.
    record
        The store's method: place, rows, next offset.
    new_waiting
        Where values wait to be recorded.
    """

    topic: str
    reading: TopicSemantics
    decode: Callable[[bytes], Any]
    record: Callable[[Store, SourcePartition, Sequence[tuple[int, Any]], int], None]
    new_waiting: Callable[[], PendingRows] = RowQueue


def recorded_topics(*, skip_deleted: bool) -> tuple[RecordedTopic, ...]:
    """The three topics that are recorded.

    Parameters
    ----------
    skip_deleted
        Whether to go on behind records that retention deleted unread.
    """
    usual = TopicSemantics(
        sparse=True, kept_elsewhere=True, skip_deleted=skip_deleted, remedy=_REMEDY
    )
    return (
        RecordedTopic(wire.WINDOWS, usual, wire.decode_window, Store.record_windows),
        RecordedTopic(
            wire.ALERTS,
            replace(usual, superseded=True),
            wire.decode_alert,
            Store.record_alerts,
        ),
        RecordedTopic(
            wire.SCORED_TWEETS,
            replace(usual, pause_ms=_TWEETS_PAUSE_MS),
            wire.decode_scored,
            Store.record_tweets,
            lambda: SampleCandidates(N_EACH),
        ),
    )


class RecorderHandler:
    """The one owner of a partition of a topic that is recorded.

    Parameters
    ----------
    kind
        How the topic is recorded.
    store, desk
        Where to, and who asks it.
    partition
        Its number.
    """

    def __init__(
        self, kind: RecordedTopic, store: Store, desk: StoreThread, partition: int
    ) -> None:
        self.partition = partition
        self.next_offset = -1
        self._kind = kind
        self._store = store
        self._desk = desk
        self._place = SourcePartition(kind.topic, partition)
        self._waiting = kind.new_waiting()
        self._recorded = -1

    async def open(self) -> None:
        """Find the position in the store."""
        self.next_offset = await self._desk.ask(lambda: self._store.position(self._place))
        self._recorded = self.next_offset

    async def close(self) -> None:
        """Let go: what is not recorded is read again by the next owner."""

    def take(self, records: Sequence[ConsumerRecord]) -> None:
        """Decode records; what cannot be read is counted, and named in the log."""
        unreadable: list[tuple[int, WireError]] = []
        for record in records:
            try:
                value = self._kind.decode(record.value or b"")
            except WireError as error:
                unreadable.append((record.offset, error))
            else:
                self._waiting.add(record.offset, value)
        if unreadable:
            self._report(unreadable)
        self.next_offset = records[-1].offset + 1

    def _report(self, unreadable: Sequence[tuple[int, WireError]]) -> None:
        metrics.UNRECORDED.labels(self._kind.topic).inc(len(unreadable))
        first, why = unreadable[0]
        log.error(
            "%s/%d: %d records from offset %d to %d cannot be read (the first: %s): not recorded, "
            "they stay in the topic",
            self._kind.topic, self.partition, len(unreadable), first, unreadable[-1][0], why,
        )  # fmt: skip

    async def checkpoint(self) -> None:
        """Record everything taken so far, and the position, in one transaction."""
        if self.next_offset == self._recorded:
            return
        rows, upto = self._waiting.rows(), self.next_offset
        await self._desk.ask(lambda: self._kind.record(self._store, self._place, rows, upto))
        metrics.RECORDED.labels(self._kind.topic).inc(len(rows))
        self._waiting.recorded()
        self._recorded = upto
