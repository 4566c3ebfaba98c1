"""The consumer: it reads one topic and feeds each partition's records to its handler, by offset.

The consumer knows the next offset of each partition. It skips a record below it and seeks back when
a record lies above it. A :class:`~stream_processor.engine.partition.PartitionHandler` owns each
partition and decides what happens to its records. It processes them a turn of the event loop at a
time; a rebalance waits for a turn, not for a batch. If a dependency of a handler is down
(:class:`~badbuzz.errors.ServiceDownError`), the consumer fetches nothing more, stays in its group,
and calls the handler again. If the broker is down (:class:`~badbuzz.errors.BrokerDownError`), it
discards what no checkpoint contains, joins its group again and opens the partitions anew.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

from aiokafka import TopicPartition, errors
from mode import Service

from badbuzz.config.settings import Settings
from badbuzz.errors import BrokerDownError, KafkaError, ServiceDownError
from stream_processor.engine import metrics
from stream_processor.engine.backoff import Backoff
from stream_processor.engine.broker_status import BrokerStatus
from stream_processor.engine.checkpoint_clock import CheckpointClock
from stream_processor.engine.exit import exit_after
from stream_processor.engine.gaps import Gaps
from stream_processor.engine.group_client import MAX_RECORDS, GroupClient, RebalanceListener
from stream_processor.engine.partition import (
    ConsumerRecord,
    PartitionHandler,
    TopicSemantics,
    all_of,
    contiguous_runs,
)
from stream_processor.engine.positions import TopicPositions

log = logging.getLogger(__name__)

_DRAIN_S: Final = 5.0
_FIRST_RETRY_S: Final = 0.2
_LONGEST_RETRY_S: Final = 5.0


class PartitionedConsumer(Service):
    """Feeds the handlers of one topic's partitions and checkpoints them.

    Parameters
    ----------
    settings
        Settings of the worker: broker, group and intervals.
    topic
        Name of the topic in this deployment.
    group
        Consumer group. Its offsets measure the lag; the handlers know their own positions.
    new_handler
        Creates the handler of a partition from its number.
    semantics
        Rules by which the topic is read; those of ``tweets`` by default.
    min_interval_ms
        Minimum time between checkpoints in milliseconds, if longer than the setting's.
    label
        Value of the metrics' label ``topic``; the topic's name by default.
    """

    def __init__(
        self,
        settings: Settings,
        topic: str,
        group: str,
        new_handler: Callable[[int], PartitionHandler],
        semantics: TopicSemantics = TopicSemantics.STATE_TOPIC,
        *,
        min_interval_ms: int = 0,
        label: str = "",
    ) -> None:
        super().__init__()
        self.topic = topic
        self.handlers: dict[int, PartitionHandler] = {}
        self.assigned = False
        self._settings = settings
        self._group = group
        self._new_handler = new_handler
        self.semantics = semantics
        self._label = label or topic
        self._clock = CheckpointClock(max(settings.checkpoint_ms, min_interval_ms) / 1000)
        self._backoff = Backoff(_FIRST_RETRY_S, _LONGEST_RETRY_S)
        self._outage = Backoff(_FIRST_RETRY_S, _LONGEST_RETRY_S)
        self._lock = asyncio.Lock()
        self._consistent = True
        self._to_open: list[int] | None = None
        self._n_uncommitted = 0
        self._gaps = Gaps()
        self._status = BrokerStatus()
        self._positions = TopicPositions(settings, topic, group, semantics, self._label)
        self._client: GroupClient | None = None

    @property
    def ready(self) -> bool:
        """True if partitions are assigned and loaded, and all dependencies accept what is taken."""
        is_stuck = self.crashed or self.waiting or self._clock.is_stale
        return bool(self.assigned and self.broker_reached and not is_stuck)

    @property
    def broker_reached(self) -> bool:
        """True if the broker answered when it was asked last."""
        return self._status.is_reached

    @property
    def waiting(self) -> bool:
        """True while fetching is paused until a dependency of the handlers answers."""
        return self._backoff.pause_s > 0

    async def on_start(self) -> None:
        """Join the consumer group."""
        await self._join()

    async def _join(self) -> None:
        """Join the group; while the broker is not available, try again."""
        while not self.should_stop:
            self._client = GroupClient(self._settings, self.topic, self._group)
            try:
                await self._client.join(RebalanceListener(self.revoke, self.assign, self.crash))
            except BrokerDownError:
                await self._client.leave()
                await self.sleep(self._outage.lengthen())
            else:
                return

    async def on_stop(self) -> None:
        """Checkpoint and leave the group; exit without a checkpoint if that takes too long."""
        drained, _ = await asyncio.wait({asyncio.create_task(self._drain())}, timeout=_DRAIN_S)
        if not drained:
            exit_after(self.crash_reason or KafkaError(self._describe_wait()))

    def _describe_wait(self) -> str:
        if self._to_open is not None:
            return "stopped while partitions were opened: none of their records was processed"
        return "no broker accepted the last checkpoint: its records are processed again"

    async def _drain(self) -> None:
        try:
            async with self._exclusive() as consistent:
                if consistent and not self.crashed:
                    await self._checkpoint(last=True)
        except Exception as error:  # noqa: BLE001 - the supervisor would only log it
            await self.crash(error)
        finally:
            await self._close(list(self.handlers))
            if self._client is not None:
                await self._client.leave()
            await self._positions.close()

    @asynccontextmanager
    async def _exclusive(self) -> AsyncIterator[bool]:
        """Lock the handlers and yield whether they are consistent.

        After an exception in such a block, a handler's next offset may not match its outputs.
        The handlers are then inconsistent, and none of them may write a checkpoint.
        """
        async with self._lock:
            try:
                yield self._consistent
            except BaseException:
                self._consistent = False
                raise

    @Service.task
    async def _consume(self) -> None:
        while not (self.should_stop or self.crashed):
            try:
                await self._turn()
            except BrokerDownError as error:
                await self._discard(error)
                if self._client is not None:
                    await self._client.leave()
                await self.sleep(self._outage.lengthen())
                await self._join()

    async def _turn(self) -> None:
        """Open, fetch, process and checkpoint once, as far as each of them is due."""
        assert self._client is not None
        if self._to_open is not None and (
            not self.waiting or self._clock.is_due(self._backoff.pause_s)
        ):
            await self._open_assigned()
        batches = await self._fetch()
        has_holes = self.semantics.has_holes
        positions = await self._client.positions(self.handlers) if has_holes else {}
        for partition, records in batches.items():
            await self._process(partition, records)
        async with self._exclusive() as consistent:
            if not consistent or self.should_stop:
                return
            for number, position in positions.items():
                if (handler := self.handlers.get(number)) is not None:
                    handler.next_offset = max(handler.next_offset, position)
            await self._checkpoint_if_due()

    async def _process(self, partition: TopicPartition, records: Sequence[ConsumerRecord]) -> None:
        """Pass the records of a partition to its handler, one turn of the event loop at a time."""
        while records and not self.should_stop:
            async with self._exclusive() as consistent:
                handler = self.handlers.get(partition.partition)
                if handler is None or not consistent:
                    return
                records = await self._dispatch(partition, handler, records)
                if handler.needs_open:
                    records = ()
                    await self._open_again()
                await self._checkpoint_if_due()
            await asyncio.sleep(0)

    async def _checkpoint_if_due(self) -> None:
        is_full = self._n_uncommitted >= 2 * MAX_RECORDS and not self.waiting
        if is_full or (self._clock.is_due(self._backoff.pause_s) and self._to_open is None):
            await self._checkpoint()
            await self._open_again()

    async def _discard(self, error: BrokerDownError) -> None:
        """Close all handlers; they are opened again, where their last checkpoint ended."""
        log.warning("%s: %s; partitions are read again from the last checkpoint", self.topic, error)
        async with self._lock:
            self._to_open, self.assigned, self._n_uncommitted = None, False, 0
            await self._close(list(self.handlers))
            self._backoff.reset()
            self._clock.note_discard()
            self._consistent = True
        self._status.note(is_reached=False)

    async def _fetch(self) -> dict[TopicPartition, list[ConsumerRecord]]:
        assert self._client is not None
        try:
            return await self._client.fetch()
        except errors.OffsetOutOfRangeError as error:
            async with self._exclusive() as consistent:
                if consistent:
                    await self._positions.resume(self._client, self.handlers, error.args[0])
        return {}

    async def _dispatch(
        self,
        partition: TopicPartition,
        handler: PartitionHandler,
        records: Sequence[ConsumerRecord],
    ) -> Sequence[ConsumerRecord]:
        """Pass the first records to their handler, and return those that are left."""
        assert self._client is not None
        if records[0].offset < handler.next_offset:
            records = [record for record in records if record.offset >= handler.next_offset]
            if not records:
                return records
        has_holes = self.semantics.has_holes
        run = records if has_holes else next(contiguous_runs(records))
        first, end = handler.next_offset, run[0].offset
        if end > first and not has_holes and self._gaps.is_new(partition, first, end):
            self._client.seek(partition, first)
            return ()
        n_taken = await handler.take(run)
        self._n_uncommitted += n_taken
        self._clock.note_record()
        metrics.BATCH_RECORDS.observe(n_taken)
        metrics.LAST_RECORD_SECONDS.set_to_current_time()
        return records[n_taken:]

    async def probe(self) -> None:
        """Check whether the broker answers; while it does not, the consumer is not ready."""
        if self._client is not None and self.handlers:
            await self._status.probe(self._client, self.handlers)

    async def _checkpoint(self, *, last: bool = False) -> None:
        try:
            with self._clock.measure():
                await all_of(handler.checkpoint() for handler in self.handlers.values())
        except BrokerDownError:
            raise
        except ServiceDownError:
            self._pause()
            if last:
                raise
            return
        self._resume()
        if self._n_uncommitted:
            self._outage.reset()
        self._n_uncommitted = 0
        await self._commit_offsets()

    def _pause(self) -> None:
        """Pause fetching until the next attempt; polling goes on, so the group keeps the member."""
        self._backoff.lengthen()
        self._clock.note_attempt()
        if self._client is not None:
            self._client.pause()

    def _resume(self) -> None:
        if self.waiting and self._client is not None:
            self._backoff.reset()
            self._client.resume()

    async def _commit_offsets(self) -> None:
        """Commit the handlers' positions to the group, and set the lag metric."""
        assert self._client is not None
        owned = self._client.assigned()
        offsets: dict[TopicPartition, tuple[int, str]] = {}
        for handler in self.handlers.values():
            partition = TopicPartition(self.topic, handler.partition)
            end = self._client.end(partition) if partition in owned else None
            if end is not None:
                lag = max(end - handler.next_offset, 0)
                metrics.LAG.labels(self._label, str(handler.partition)).set(lag)
            is_new = self._positions.committed.get(handler.partition) != handler.next_offset
            if partition in owned and is_new and not handler.needs_open:
                offsets[partition] = handler.next_offset, handler.topic_id
        if offsets and await self._client.commit(offsets):
            for partition, (offset, _) in offsets.items():
                self._positions.committed[partition.partition] = offset

    async def revoke(self, partitions: Iterable[int]) -> None:
        """Checkpoint, and close the handlers of partitions that move to another worker."""
        try:
            async with self._exclusive() as consistent:
                self._to_open, self.assigned = None, False
                if consistent:
                    await self._checkpoint()
                await self._close(partitions)
        except BrokerDownError as error:
            await self._discard(error)

    def assign(self, partitions: list[int]) -> None:
        """Note partitions to open; the group gets no heartbeat until this returns."""
        self._to_open = partitions

    async def _open_assigned(self) -> None:
        """Open handlers of the assigned partitions and seek to their positions."""
        assert self._client is not None
        identity = await self._positions.identify()
        async with self._exclusive() as consistent:
            if not consistent or self._to_open is None:
                return
            self.semantics.check_partitions(self.topic, identity, self._settings.partitions)
            handlers = {number: self._new_handler(number) for number in self._to_open}
            try:
                await all_of(handler.open() for handler in handlers.values())
                await self._positions.seek(self._client, handlers, identity.id)
            except BaseException as error:
                await all_of(handler.close() for handler in handlers.values())
                if isinstance(error, BrokerDownError) or not isinstance(error, ServiceDownError):
                    raise
                self._pause()
                return
            self._resume()
            self.handlers.update(handlers)
            self._gaps.clear()
            self._to_open, self.assigned = None, True
            await self._commit_offsets()
        self._status.note(is_reached=True)
        metrics.PARTITIONS.labels(self._label).set(len(self.handlers))
        metrics.REBALANCES.inc()
        log.info("owns partitions %s of %s", sorted(self.handlers), self.topic)

    async def _open_again(self) -> None:
        """Open handlers again that discarded what is not in a checkpoint, and read it again."""
        assert self._client is not None
        again = {number: one for number, one in self.handlers.items() if one.needs_open}
        if not again:
            return
        identity = await self._positions.identify()
        await all_of(handler.open() for handler in again.values())
        await self._positions.seek(self._client, again, identity.id)
        for number in again:
            self._gaps.forget(number)

    async def _close(self, partitions: Iterable[int]) -> None:
        closed = {number: self.handlers.pop(number, None) for number in list(partitions)}
        await all_of(handler.close() for handler in closed.values() if handler is not None)
        for number in closed:
            with suppress(KeyError):  # nothing was fetched, so the lag was never set
                metrics.LAG.remove(self._label, str(number))
        metrics.PARTITIONS.labels(self._label).set(len(self.handlers))
