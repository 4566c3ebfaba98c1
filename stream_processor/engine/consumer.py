"""The intake: one aiokafka consumer whose partitions each have one owner, by offset.

The consumer knows the next offset of each partition. It skips a record below it and seeks back when
a record lies above it. A :class:`~stream_processor.engine.partition.PartitionHandler` owns each
partition and decides what happens to its records. If a dependency of a handler is unavailable
(:class:`~badbuzz.errors.AwayError`), the consumer fetches nothing more, stays in its group, and
asks the handler again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import (
    CommitFailedError,
    IllegalStateError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
)
from aiokafka.errors import KafkaError as BrokerError
from mode import Service

from badbuzz.config.settings import Settings
from badbuzz.errors import AwayError, KafkaError, StateError
from stream_processor.engine import metrics
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
_UNHEARD: Final = "no broker took the last checkpoint: what it held will be done again"
_FIRST_RETRY_S: Final = 0.2
_LAST_RETRY_S: Final = 5.0


class PartitionedConsumer(Service):
    """Feeds lanes from one topic, and checkpoints them.

    Parameters
    ----------
    settings
        Broker, group and intervals.
    topic
        Name of the topic in this deployment.
    group
        Consumer group; its offsets measure lag and are never resumed from.
    new_lane
        Makes the owner of a partition.
    reading
        What is usual in the topic.
    """

    def __init__(
        self,
        settings: Settings,
        topic: str,
        group: str,
        new_lane: Callable[[int], PartitionHandler],
        reading: TopicSemantics | None = None,
        **service_options: Any,
    ) -> None:
        super().__init__(**service_options)
        self.lanes: dict[int, PartitionHandler] = {}
        self._settings = settings
        self.topic = topic
        self._group = group
        self._new_lane = new_lane
        self._reading = reading or TopicSemantics()
        self._shown = self._reading.shown or topic
        self._least_s = max(settings.checkpoint_ms, self._reading.pause_ms) / 1000
        self._lock = asyncio.Lock()
        self._unsound = False
        self._arriving: list[int] | None = None
        self._checkpointed_s = 0.0
        self._interval_s = self._least_s
        self._cost_s = 0.0
        self._retry_s = 0.0
        self._n_waiting = 0
        self._sought: dict[int, int] = {}
        self._committed: dict[int, int | None] = {}
        self._consumer: AIOKafkaConsumer | None = None
        self.assigned = False
        self.reached = True

    @property
    def ready(self) -> bool:
        """Whether partitions are assigned, their state is loaded, and all that it needs answers."""
        return bool(self.assigned and self.reached and not self.crashed and not self.waiting)

    @property
    def waiting(self) -> bool:
        """Whether nothing is fetched until what the lanes depend on is back."""
        return self._retry_s > 0

    async def on_start(self) -> None:
        """Join the group."""
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
        """Checkpoint, then leave the group; where no broker answers, end as a kill would."""
        drained, _ = await asyncio.wait({asyncio.create_task(self._drain())}, timeout=_DRAIN_S)
        if not drained:
            hard_exit(_UNHEARD, KafkaError.exit_code)

    async def _drain(self) -> None:
        try:
            async with self._alone() as sound:
                if sound and not self.crashed:
                    await self._checkpoint(last=True)
        except Exception as error:  # noqa: BLE001 - the supervisor would log it, and end in peace
            await self.crash(error)
        finally:
            await self._close(list(self.lanes))
            if self._consumer is not None:
                await self._consumer.stop()  # alone it would tell nobody

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[bool]:
        """The lanes to oneself; False when they are unsound: nothing of them may be written.

        They are once anything failed that changes them: their next offset and what they hold may
        not belong together any more.
        """
        async with self._lock:
            try:
                yield not self._unsound
            except BaseException:
                self._unsound = True
                raise

    @Service.task
    async def _feed(self) -> None:
        while not self.should_stop:
            if self._arriving is not None and (not self.waiting or self._due()):
                await self._take_over()
            batches = await self._fetch()
            passed = await self._passed() if self._reading.sparse else {}
            async with self._alone() as sound:
                if not sound:
                    return
                for at, records in batches.items():
                    self._offer(at, records)
                for partition, position in passed.items():
                    self._pass_holes(partition, position)
                full = self._n_waiting >= 2 * MAX_RECORDS and not self.waiting
                if full or (self._due() and self._arriving is None):
                    await self._checkpoint()

    def _due(self) -> bool:
        """Whether it is time for a checkpoint, or to ask again what did not answer."""
        return time.monotonic() - self._checkpointed_s >= (self._retry_s or self._interval_s)

    async def _fetch(self) -> dict[TopicPartition, list[ConsumerRecord]]:
        assert self._consumer is not None
        try:
            batches: dict[TopicPartition, list[ConsumerRecord]] = await self._consumer.getmany(
                timeout_ms=_POLL_MS, max_records=MAX_RECORDS
            )
        except NoOffsetForPartitionError:
            await asyncio.sleep(_POLL_MS / 1000)  # fetching began before the listener could seek
            return {}
        except OffsetOutOfRangeError as error:
            await self._explain_out_of_range(error)
            return {}
        return batches

    async def _passed(self) -> dict[int, int]:
        """Where the consumer stands in each owned partition, holes behind it included."""
        assert self._consumer is not None
        owned = self._consumer.assignment()
        places = {lane: TopicPartition(self.topic, lane) for lane in self.lanes}
        return {
            partition: await self._consumer.position(at)
            for partition, at in places.items()
            if at in owned
        }

    def _pass_holes(self, partition: int, position: int) -> None:
        lane = self.lanes.get(partition)
        if lane is not None:
            lane.next_offset = max(lane.next_offset, position)

    async def _explain_out_of_range(self, error: OffsetOutOfRangeError) -> None:
        assert self._consumer is not None
        for at in error.args[0]:
            lane = self.lanes.get(at.partition)
            if lane is None:
                continue
            first = (await self._consumer.beginning_offsets([at]))[at]
            end = (await self._consumer.end_offsets([at]))[at]
            where = f"{at.topic}/{at.partition}"
            found = self._reading.resume(where, lane.next_offset, first, end)
            if found > lane.next_offset:
                log.warning("%s: begins at %d; goes on from there", where, found)
            lane.next_offset = found
            self._consumer.seek(at, found)

    def _offer(self, at: TopicPartition, records: list[ConsumerRecord]) -> None:
        lane = self.lanes.get(at.partition)
        if lane is None:
            return
        if records[0].offset < lane.next_offset:
            records = [record for record in records if record.offset >= lane.next_offset]
        for run in [records] if self._reading.sparse and records else contiguous_runs(records):
            broken = run[0].offset > lane.next_offset and not self._reading.sparse
            if broken and self._seek_back(at, lane, run[0].offset):
                return
            lane.take(run)
            self._n_waiting += len(run)
            metrics.BATCH_RECORDS.observe(len(run))
            metrics.LAST_RECORD_SECONDS.set_to_current_time()

    def _seek_back(self, at: TopicPartition, lane: PartitionHandler, found: int) -> bool:
        """Ask again for what is missing, once: a transaction's marker takes an offset too."""
        assert self._consumer is not None
        if self._sought.get(at.partition) == lane.next_offset:
            log.warning("%s/%d: no records from %d to %d", *at, lane.next_offset, found - 1)
            metrics.GAPS.inc()
            return False
        self._sought[at.partition] = lane.next_offset
        self._consumer.seek(at, lane.next_offset)
        return True

    async def probe(self) -> None:
        """See whether the broker answers: without it the worker stands still, and is not ready."""
        if self._consumer is None or not self.lanes:
            return
        ends = [TopicPartition(self.topic, partition) for partition in self.lanes]
        try:
            async with asyncio.timeout(_PROBE_S):
                await self._consumer.end_offsets(ends)
        except (BrokerError, TimeoutError) as error:
            if self.reached:
                log.warning("the broker does not answer (%r); waiting for it", error)
            self.reached = False
        else:
            if not self.reached:
                log.info("the broker answers again")
            self.reached = True
        metrics.BROKER_REACHED.set(self.reached)

    async def _checkpoint(self, *, last: bool = False) -> None:
        started_s, cpu_s = time.monotonic(), time.thread_time()
        try:
            await all_of(lane.checkpoint() for lane in self.lanes.values())
        except AwayError:
            self._wait()
            if last:
                raise
            return
        self._go_on()
        self._n_waiting = 0
        self._checkpointed_s = time.monotonic()
        self._cost_s += _SMOOTHING * (time.thread_time() - cpu_s - self._cost_s)
        self._interval_s = max(self._least_s, self._cost_s / _MAX_SHARE)
        metrics.CHECKPOINT_SECONDS.observe(self._checkpointed_s - started_s)
        await self._commit_lag()

    def _wait(self) -> None:
        """Fetch nothing, and ask again ever more slowly; polling goes on, so the group stays."""
        self._retry_s = min(max(2 * self._retry_s, _FIRST_RETRY_S), _LAST_RETRY_S)
        self._checkpointed_s = time.monotonic()
        if self._consumer is not None:
            self._consumer.pause(*self._consumer.assignment())

    def _go_on(self) -> None:
        if self._retry_s and self._consumer is not None:
            self._retry_s = 0.0
            self._consumer.resume(*self._consumer.paused())

    async def _commit_lag(self) -> None:
        assert self._consumer is not None
        owned = self._consumer.assignment()
        done: dict[TopicPartition, int] = {}
        for lane in self.lanes.values():
            at = TopicPartition(self.topic, lane.partition)
            end = self._consumer.highwater(at) if at in owned else None
            if end is not None:
                lag = metrics.LAG.labels(self._shown, str(at.partition))
                lag.set(max(end - lane.next_offset, 0))
            if at in owned and self._committed.get(lane.partition) != lane.next_offset:
                done[at] = lane.next_offset
        if done:
            try:
                await self._consumer.commit(done)
                self._committed.update((at.partition, offset) for at, offset in done.items())
            except (CommitFailedError, IllegalStateError) as error:
                log.info("offsets not committed, a rebalance is under way: %s", error)

    async def revoke(self, partitions: Iterable[int]) -> None:
        """Checkpoint and let go of partitions that move to another worker."""
        async with self._alone() as sound:
            self._arriving, self.assigned = None, False
            if sound:
                await self._checkpoint()
            await self._close(partitions)

    def assign(self, partitions: list[int]) -> None:
        """Note what is to be taken over: the group hears no heartbeat until this returns."""
        self._arriving = partitions

    async def _take_over(self) -> None:
        """Shut out former owners, load what they left, go on where they stopped."""
        assert self._consumer is not None
        async with self._alone() as sound:
            if not sound or self._arriving is None:
                return
            lanes = {partition: self._new_lane(partition) for partition in self._arriving}
            try:
                await all_of(lane.open() for lane in lanes.values())
                for partition, lane in lanes.items():
                    at = TopicPartition(self.topic, partition)
                    await self._place(at, lane)
                    self._consumer.seek(at, lane.next_offset)
            except AwayError:
                await all_of(lane.close() for lane in lanes.values())
                self._wait()
                return
            except BaseException:
                await all_of(lane.close() for lane in lanes.values())
                raise
            self._go_on()
            self.lanes.update(lanes)
            self._sought.clear()
            self._arriving, self.assigned = None, True
            await self._commit_lag()
        metrics.PARTITIONS.labels(self._shown).set(len(self.lanes))
        metrics.REBALANCES.inc()
        log.info("owns partitions %s of %s", sorted(self.lanes), self.topic)

    async def _place(self, at: TopicPartition, lane: PartitionHandler) -> None:
        assert self._consumer is not None
        committed = await self._consumer.committed(at)
        behind = committed is not None and lane.next_offset < committed
        if behind and not self._reading.kept_elsewhere:
            raise StateError(
                f"{at.topic}/{at.partition}: the state loaded ends at offset {lane.next_offset}, "
                f"but {committed} was committed: state was lost; restore the topic, or "
                f"{self._reading.remedy}"
            )
        if lane.next_offset < 0:
            lane.next_offset = (await self._consumer.beginning_offsets([at]))[at]
        known = committed if self._reading.kept_by_group else lane.next_offset
        self._committed[at.partition] = known

    async def _close(self, partitions: Iterable[int]) -> None:
        for partition in list(partitions):
            lane = self.lanes.pop(partition, None)
            if lane is not None:
                await lane.close()
                with suppress(KeyError):  # never fetched, never measured
                    metrics.LAG.remove(self._shown, str(partition))
        metrics.PARTITIONS.labels(self._shown).set(len(self.lanes))


class _Listener(ConsumerRebalanceListener):
    """Hands rebalances to the intake; aiokafka would log an exception here and go on."""

    def __init__(self, intake: PartitionedConsumer) -> None:
        self._intake = intake

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        try:
            await self._intake.revoke([at.partition for at in revoked])
        except Exception as error:  # noqa: BLE001 - nothing may be lost here
            await self._intake.crash(error)

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        self._intake.assign(sorted(at.partition for at in assigned))
