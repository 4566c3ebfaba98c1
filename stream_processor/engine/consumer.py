"""The consumer: it reads one topic and feeds each partition's records to its handler, by offset.

The consumer knows the next offset of each partition. It skips a record below it and seeks back when
a record lies above it. A :class:`~stream_processor.engine.partition.PartitionHandler` owns each
partition and decides what happens to its records. If a dependency of a handler is down
(:class:`~badbuzz.errors.ServiceDownError`), the consumer fetches nothing more, stays in its group,
and calls the handler again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Final

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition, errors
from mode import Service

from badbuzz.config.settings import Settings
from badbuzz.errors import KafkaError, ServiceDownError, StateError
from stream_processor.engine import metrics
from stream_processor.engine.backoff import Backoff
from stream_processor.engine.exit import hard_exit
from stream_processor.engine.partition import (
    ConsumerRecord,
    PartitionHandler,
    TopicSemantics,
    all_of,
    contiguous_runs,
)

log = logging.getLogger(__name__)

MAX_RECORDS: Final = 2000
_POLL_MS: Final = 50
_PROBE_S: Final = 5.0
_DRAIN_S: Final = 20.0
_MAX_SHARE: Final = 0.1
_SMOOTHING: Final = 0.2
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
        self.broker_reached = True
        self._settings = settings
        self._group = group
        self._new_handler = new_handler
        self._semantics = semantics
        self._label = label or topic
        self._min_interval_s = max(settings.checkpoint_ms, min_interval_ms) / 1000
        self._interval_s = self._min_interval_s
        self._checkpoint_cpu_s = 0.0
        self._checkpointed_s = 0.0
        self._backoff = Backoff(_FIRST_RETRY_S, _LONGEST_RETRY_S)
        self._lock = asyncio.Lock()
        self._consistent = True
        self._to_open: list[int] | None = None
        self._n_uncommitted = 0
        self._sought: dict[int, int] = {}
        self._committed: dict[int, int | None] = {}
        self._consumer: AIOKafkaConsumer | None = None

    @property
    def ready(self) -> bool:
        """True if partitions are assigned, their state is loaded and all dependencies answer."""
        return bool(self.assigned and self.broker_reached and not (self.crashed or self.waiting))

    @property
    def waiting(self) -> bool:
        """True while fetching is paused until a dependency of the handlers answers."""
        return self._backoff.pause_s > 0

    async def on_start(self) -> None:
        """Join the consumer group."""
        self._consumer = AIOKafkaConsumer(
            **self._settings.kafka_client(),
            group_id=self._group,
            group_instance_id=self._settings.instance or None,
            auto_offset_reset="none",
            enable_auto_commit=False,
            isolation_level="read_committed",
            session_timeout_ms=self._settings.session_timeout_s * 1000,
            heartbeat_interval_ms=self._settings.session_timeout_s * 1000 // 6,
            max_poll_records=MAX_RECORDS,
            max_partition_fetch_bytes=2 * 1024 * 1024,
        )
        self._consumer.subscribe([self.topic], listener=_Listener(self))
        await self._consumer.start()

    async def on_stop(self) -> None:
        """Checkpoint and leave the group; if no broker answers, exit without a checkpoint."""
        drained, _ = await asyncio.wait({asyncio.create_task(self._drain())}, timeout=_DRAIN_S)
        if not drained:
            reason = "no broker accepted the last checkpoint: its records are processed again"
            hard_exit(reason, KafkaError.exit_code)

    async def _drain(self) -> None:
        try:
            async with self._exclusive() as consistent:
                if consistent and not self.crashed:
                    await self._checkpoint(last=True)
        except Exception as error:  # noqa: BLE001 - the supervisor would only log it
            await self.crash(error)
        finally:
            await self._close(list(self.handlers))
            if self._consumer is not None:
                await self._consumer.stop()  # it does not call the rebalance listener

    @asynccontextmanager
    async def _exclusive(self) -> AsyncIterator[bool]:
        """Lock the handlers and yield whether they are consistent.

        After an exception in such a block, a handler's next offset may not match its outputs.
        The handlers are then inconsistent for good, and none of them may write a checkpoint.
        """
        async with self._lock:
            try:
                yield self._consistent
            except BaseException:
                self._consistent = False
                raise

    @Service.task
    async def _consume(self) -> None:
        while not self.should_stop:
            if self._to_open is not None and (not self.waiting or self._is_due()):
                await self._open_assigned()
            batches = await self._fetch()
            positions = await self._positions() if self._semantics.has_holes else {}
            async with self._exclusive() as consistent:
                if not consistent:
                    return
                for partition, records in batches.items():
                    self._dispatch(partition, records)
                for number, position in positions.items():
                    if (handler := self.handlers.get(number)) is not None:
                        handler.next_offset = max(handler.next_offset, position)
                is_full = self._n_uncommitted >= 2 * MAX_RECORDS and not self.waiting
                if is_full or (self._is_due() and self._to_open is None):
                    await self._checkpoint()

    def _is_due(self) -> bool:
        """Tell whether it is time for a checkpoint, or for another attempt at a failed one."""
        elapsed_s = time.monotonic() - self._checkpointed_s
        return elapsed_s >= (self._backoff.pause_s or self._interval_s)

    async def _fetch(self) -> dict[TopicPartition, list[ConsumerRecord]]:
        assert self._consumer is not None
        try:
            return dict(await self._consumer.getmany(timeout_ms=_POLL_MS, max_records=MAX_RECORDS))
        except errors.NoOffsetForPartitionError:
            await asyncio.sleep(_POLL_MS / 1000)  # fetching starts before the partition is opened
        except errors.OffsetOutOfRangeError as error:
            await self._resume_in_range(error)
        return {}

    async def _positions(self) -> dict[int, int]:
        """Return the consumer's position in each owned partition; holes lie below it."""
        assert self._consumer is not None
        owned = self._consumer.assignment()
        return {
            partition.partition: await self._consumer.position(partition)
            for partition in [TopicPartition(self.topic, number) for number in self.handlers]
            if partition in owned
        }

    async def _resume_in_range(self, error: errors.OffsetOutOfRangeError) -> None:
        assert self._consumer is not None
        for partition in error.args[0]:
            handler = self.handlers.get(partition.partition)
            if handler is None:
                continue
            first = (await self._consumer.beginning_offsets([partition]))[partition]
            end = (await self._consumer.end_offsets([partition]))[partition]
            where = f"{self.topic}/{partition.partition}"
            offset = self._semantics.resume(where, handler.next_offset, first, end)
            if offset > handler.next_offset:
                log.warning("%s: resumes at the partition's first offset %d", where, offset)
            handler.next_offset = offset
            self._consumer.seek(partition, offset)

    def _dispatch(self, partition: TopicPartition, records: list[ConsumerRecord]) -> None:
        handler = self.handlers.get(partition.partition)
        if handler is None:
            return
        if records[0].offset < handler.next_offset:
            records = [record for record in records if record.offset >= handler.next_offset]
        has_holes = self._semantics.has_holes
        for run in [records] if has_holes and records else contiguous_runs(records):
            is_gap = run[0].offset > handler.next_offset and not has_holes
            if is_gap and self._seek_back(partition, handler, run[0].offset):
                return
            handler.take(run)
            self._n_uncommitted += len(run)
            metrics.BATCH_RECORDS.observe(len(run))
            metrics.LAST_RECORD_SECONDS.set_to_current_time()

    def _seek_back(self, partition: TopicPartition, handler: PartitionHandler, offset: int) -> bool:
        """Fetch missing records again, but only once: the offsets may be transaction markers."""
        assert self._consumer is not None
        if self._sought.get(partition.partition) == handler.next_offset:
            first = handler.next_offset
            log.warning("%s/%d: no records from %d to %d", *partition, first, offset - 1)
            metrics.GAPS.inc()
            return False
        self._sought[partition.partition] = handler.next_offset
        self._consumer.seek(partition, handler.next_offset)
        return True

    async def probe(self) -> None:
        """Check whether the broker answers; while it does not, the consumer is not ready."""
        if self._consumer is None or not self.handlers:
            return
        partitions = [TopicPartition(self.topic, number) for number in self.handlers]
        try:
            async with asyncio.timeout(_PROBE_S):
                await self._consumer.end_offsets(partitions)
        except (errors.KafkaError, TimeoutError) as error:
            if self.broker_reached:
                log.warning("the broker does not answer (%r); waiting for it", error)
            self.broker_reached = False
        else:
            if not self.broker_reached:
                log.info("the broker answers again")
            self.broker_reached = True
        metrics.BROKER_REACHED.set(self.broker_reached)

    async def _checkpoint(self, *, last: bool = False) -> None:
        started_s, cpu_s = time.monotonic(), time.thread_time()
        try:
            await all_of(handler.checkpoint() for handler in self.handlers.values())
        except ServiceDownError:
            self._pause()
            if last:
                raise
            return
        self._resume()
        self._n_uncommitted = 0
        self._checkpointed_s = time.monotonic()
        spent_s = time.thread_time() - cpu_s
        self._checkpoint_cpu_s += _SMOOTHING * (spent_s - self._checkpoint_cpu_s)
        self._interval_s = max(self._min_interval_s, self._checkpoint_cpu_s / _MAX_SHARE)
        metrics.CHECKPOINT_SECONDS.observe(self._checkpointed_s - started_s)
        await self._commit_offsets()

    def _pause(self) -> None:
        """Pause fetching until the next attempt; polling goes on, so the group keeps the member."""
        self._backoff.lengthen()
        self._checkpointed_s = time.monotonic()
        if self._consumer is not None:
            self._consumer.pause(*self._consumer.assignment())

    def _resume(self) -> None:
        if self.waiting and self._consumer is not None:
            self._backoff.reset()
            self._consumer.resume(*self._consumer.paused())

    async def _commit_offsets(self) -> None:
        """Commit the handlers' positions to the group, and set the lag metric."""
        assert self._consumer is not None
        owned = self._consumer.assignment()
        offsets: dict[TopicPartition, int] = {}
        for handler in self.handlers.values():
            partition = TopicPartition(self.topic, handler.partition)
            end = self._consumer.highwater(partition) if partition in owned else None
            if end is not None:
                lag = max(end - handler.next_offset, 0)
                metrics.LAG.labels(self._label, str(handler.partition)).set(lag)
            if partition in owned and self._committed.get(handler.partition) != handler.next_offset:
                offsets[partition] = handler.next_offset
        if offsets:
            try:
                await self._consumer.commit(offsets)
                self._committed.update((one.partition, offset) for one, offset in offsets.items())
            except (errors.CommitFailedError, errors.IllegalStateError) as error:
                log.info("offsets not committed, a rebalance is under way: %s", error)

    async def revoke(self, partitions: Iterable[int]) -> None:
        """Checkpoint, and close the handlers of partitions that move to another worker."""
        async with self._exclusive() as consistent:
            self._to_open, self.assigned = None, False
            if consistent:
                await self._checkpoint()
            await self._close(partitions)

    def assign(self, partitions: list[int]) -> None:
        """Note partitions to open; the group gets no heartbeat until this returns."""
        self._to_open = partitions

    async def _open_assigned(self) -> None:
        """Open handlers of the assigned partitions and seek to their positions."""
        assert self._consumer is not None
        async with self._exclusive() as consistent:
            if not consistent or self._to_open is None:
                return
            handlers = {number: self._new_handler(number) for number in self._to_open}
            try:
                await all_of(handler.open() for handler in handlers.values())
                for handler in handlers.values():
                    await self._seek_to_position(handler)
            except BaseException as error:
                await all_of(handler.close() for handler in handlers.values())
                if not isinstance(error, ServiceDownError):
                    raise
                self._pause()
                return
            self._resume()
            self.handlers.update(handlers)
            self._sought.clear()
            self._to_open, self.assigned = None, True
            await self._commit_offsets()
        metrics.PARTITIONS.labels(self._label).set(len(self.handlers))
        metrics.REBALANCES.inc()
        log.info("owns partitions %s of %s", sorted(self.handlers), self.topic)

    async def _seek_to_position(self, handler: PartitionHandler) -> None:
        assert self._consumer is not None
        partition = TopicPartition(self.topic, handler.partition)
        committed = await self._consumer.committed(partition)
        is_behind = committed is not None and handler.next_offset < committed
        if is_behind and not self._semantics.can_fall_back:
            raise StateError(
                f"{self.topic}/{handler.partition}: the state loaded ends at offset "
                f"{handler.next_offset}, but {committed} was committed: state was lost; restore "
                f"the topic, or {self._semantics.remedy}"
            )
        if handler.next_offset < 0:
            handler.next_offset = (await self._consumer.beginning_offsets([partition]))[partition]
        is_pending = self._semantics.commits_first_position
        self._committed[handler.partition] = committed if is_pending else handler.next_offset
        self._consumer.seek(partition, handler.next_offset)

    async def _close(self, partitions: Iterable[int]) -> None:
        for number in list(partitions):
            handler = self.handlers.pop(number, None)
            if handler is not None:
                await handler.close()
                with suppress(KeyError):  # nothing was fetched, so the lag was never set
                    metrics.LAG.remove(self._label, str(number))
        metrics.PARTITIONS.labels(self._label).set(len(self.handlers))


class _Listener(ConsumerRebalanceListener):
    """Passes rebalances to the consumer; aiokafka only logs the exceptions of a listener."""

    def __init__(self, consumer: PartitionedConsumer) -> None:
        self._consumer = consumer

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        try:
            await self._consumer.revoke([partition.partition for partition in revoked])
        except Exception as error:  # noqa: BLE001 - the worker must not continue after it
            await self._consumer.crash(error)

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        self._consumer.assign(sorted(partition.partition for partition in assigned))
