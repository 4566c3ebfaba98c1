"""The recorder's partition handler: it writes windows, alerts and scored tweets to the store.

It reads one partition of one topic. Rows and position are written in one transaction, so that a
crash neither loses nor repeats a row. A recorder that lost its partition while it was suspended
does no harm: rows of a lower offset and lower positions never replace later ones.

A record that cannot be decoded, or whose row the database refuses, becomes a dead letter before the
position passes it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from badbuzz import wire
from badbuzz.store.database import Store
from badbuzz.store.model import SourcePartition
from badbuzz.store.sample import N_EACH
from stream_processor.engine import metrics
from stream_processor.engine.dead_letters import DeadLetters, Failure
from stream_processor.engine.partition import ConsumerRecord
from stream_processor.engine.store_thread import StoreThread
from stream_processor.recorder.sampling import SampleCandidates

log = logging.getLogger(__name__)

_MAX_TAKEN: Final = 512
"""Number of records that are decoded in one turn of the event loop."""


class RowQueue:
    """The pending rows of a topic that is recorded completely.

    Examples
    --------
    >>> queue = RowQueue()
    >>> queue.add(7, "window")
    >>> queue.rows()
    [(7, 'window')]
    """

    def __init__(self) -> None:
        self._rows: list[tuple[int, Any]] = []

    def add(self, offset: int, value: Any) -> None:
        """Add a value and the offset of its record."""
        self._rows.append((offset, value))

    def rows(self) -> list[tuple[int, Any]]:
        """Return the rows to record, by rising offset."""
        return list(self._rows)

    def clear(self) -> None:
        """Remove all rows, because they are recorded."""
        self._rows.clear()


@dataclass(frozen=True, slots=True)
class RecordedTopic:
    """The way in which one topic is recorded.

    Parameters
    ----------
    name
        Name of the topic, without the prefix.
    decode
        Decodes the value of a record.
    record
        Method of the store that writes rows: place, rows, next offset.
    skip_deleted
        Whether to continue after records that were deleted unread.
    new_pending
        Creates the container of pending rows; a queue of all rows by default.
    min_interval_ms
        Minimum time between checkpoints in milliseconds; the setting's by default.
    """

    name: str
    decode: Callable[[bytes], Any]
    record: Callable[[Store, SourcePartition, Sequence[tuple[int, Any]], int], None]
    skip_deleted: bool
    new_pending: Callable[[], RowQueue | SampleCandidates] = RowQueue
    min_interval_ms: int = 0


def recorded_topics(*, skip_deleted: bool) -> tuple[RecordedTopic, ...]:
    """Return the three topics that are recorded.

    Parameters
    ----------
    skip_deleted
        Whether to continue after records that retention deleted unread.
    """
    return (
        RecordedTopic(wire.WINDOWS, wire.decode_window, Store.record_windows, skip_deleted),
        # The topic is compacted: later phases of an alert replace deleted ones.
        RecordedTopic(wire.ALERTS, wire.decode_alert, Store.record_alerts, skip_deleted=True),
        RecordedTopic(
            wire.SCORED_TWEETS,
            wire.decode_scored,
            Store.record_tweets,
            skip_deleted,
            lambda: SampleCandidates(N_EACH),
            min_interval_ms=5000,
        ),
    )


class RecorderHandler:
    """The single owner of a partition of a recorded topic.

    Parameters
    ----------
    topic
        The topic and the way in which it is recorded.
    store
        Store to write to.
    store_thread
        Thread that makes the calls to the store.
    dead_letters
        Receives the records that cannot be recorded.
    partition
        Number of the partition.
    """

    needs_open = False

    def __init__(
        self,
        topic: RecordedTopic,
        store: Store,
        store_thread: StoreThread,
        dead_letters: DeadLetters,
        partition: int,
    ) -> None:
        self.partition = partition
        self.next_offset = -1
        self.topic_id = ""
        self._topic = topic
        self._store = store
        self._store_thread = store_thread
        self._place = SourcePartition(topic.name, partition)
        self._dead_letters = dead_letters
        self._n_dead_letters = dead_letters.new_counter()
        self._pending = topic.new_pending()
        self._records: dict[int, ConsumerRecord] = {}
        self._unreadable: list[tuple[ConsumerRecord, Failure]] = []
        self._refused: set[int] = set()
        self._recorded_offset = -1

    async def open(self) -> None:
        """Read the position from the store."""
        store, place = self._store, self._place
        self.next_offset, self.topic_id = await self._store_thread.call(
            lambda: (store.position(place), store.topic_id(place))
        )
        self._recorded_offset = self.next_offset

    async def close(self) -> None:
        """Release the partition; its next owner reads again what is not recorded."""

    def move(self, next_offset: int, topic_id: str) -> None:
        """Continue at another offset; it differs from the one recorded, so it is recorded too."""
        self.next_offset, self.topic_id = next_offset, topic_id

    async def take(self, records: Sequence[ConsumerRecord]) -> int:
        """Decode records; unreadable ones are logged and become dead letters."""
        records = records[:_MAX_TAKEN]
        unreadable: list[tuple[ConsumerRecord, Failure]] = []
        for record in records:
            try:
                self._pending.add(record.offset, self._topic.decode(record.value or b""))
            except Exception as error:  # noqa: BLE001 - no record ends a process
                unreadable.append((record, Failure.at("decode", error)))
            else:
                self._records[record.offset] = record
        if unreadable:
            self._report(unreadable)
            self._unreadable += unreadable
        self.next_offset = records[-1].offset + 1
        return len(records)

    def _report(self, unreadable: Sequence[tuple[ConsumerRecord, Failure]]) -> None:
        (first, failure), (last, _) = unreadable[0], unreadable[-1]
        log.error(
            "%s/%d: %d records from offset %d to %d cannot be read (the first: %s: %s): not "
            "recorded, written to dead-letters",
            self._topic.name, self.partition, len(unreadable), first.offset, last.offset,
            failure.field or failure.reason, failure.detail,
        )  # fmt: skip

    async def checkpoint(self) -> None:
        """Record the pending rows and the position in one transaction."""
        if self.next_offset == self._recorded_offset:
            return
        while self._unreadable:
            await self._give_up(*self._unreadable[0])
            del self._unreadable[0]
        rows, offset = self._pending.rows(), self.next_offset
        await self._record([row for row in rows if row[0] not in self._refused], offset)
        metrics.RECORDED.labels(self._topic.name).inc(len(rows) - len(self._refused))
        self._pending.clear()
        self._records.clear()
        self._refused.clear()
        self._recorded_offset = offset

    async def _record(self, rows: Sequence[tuple[int, Any]], next_offset: int) -> None:
        """Record rows; if the database refuses them, record each half, down to a single row."""
        record, store = self._topic.record, self._store
        place = replace(self._place, topic_id=self.topic_id)
        try:
            await self._store_thread.call(lambda: record(store, place, rows, next_offset))
        except Exception as error:
            failure = Failure.at("encode", error)
            if not rows:
                raise
            if len(rows) > 1:
                middle = len(rows) // 2
                await self._record(rows[:middle], rows[middle][0])
                await self._record(rows[middle:], next_offset)
                return
            offset = rows[0][0]
            await self._give_up(self._records[offset], failure)
            self._refused.add(offset)
            await self._record([], next_offset)

    async def _give_up(self, record: ConsumerRecord, failure: Failure) -> None:
        self._n_dead_letters.count(record, failure)
        await self._dead_letters.write(record, failure)
        metrics.UNRECORDED.labels(self._topic.name).inc()
