"""A member of a consumer group: aiokafka's consumer, each call with a time limit."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from typing import Final

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition, errors

from badbuzz.config.settings import Settings
from badbuzz.errors import BrokerDownError
from stream_processor.engine.broker_errors import call_broker
from stream_processor.engine.clients import stop_consumer
from stream_processor.engine.partition import ConsumerRecord

log = logging.getLogger(__name__)

MAX_RECORDS: Final = 2000
_POLL_MS: Final = 50
_PROBE_S: Final = 5.0


class GroupClient:
    """Reads the partitions of a topic that its group assigns to it.

    Parameters
    ----------
    settings
        Settings of the worker: broker, session time-out and instance.
    topic
        Name of the topic in this deployment.
    group
        Consumer group to join.
    """

    def __init__(self, settings: Settings, topic: str, group: str) -> None:
        self._topic = topic
        self._consumer = AIOKafkaConsumer(
            **settings.kafka_client(),
            group_id=group,
            group_instance_id=settings.instance or None,
            auto_offset_reset="none",
            enable_auto_commit=False,
            isolation_level="read_committed",
            session_timeout_ms=settings.session_timeout_s * 1000,
            heartbeat_interval_ms=settings.session_timeout_s * 1000 // 6,
            max_poll_records=MAX_RECORDS,
            max_partition_fetch_bytes=2 * 1024 * 1024,
        )

    async def join(self, listener: ConsumerRebalanceListener) -> None:
        """Connect to the broker and join the group."""
        self._consumer.subscribe([self._topic], listener=listener)
        await call_broker(self._consumer.start())

    async def leave(self) -> None:
        """Leave the group and disconnect; aiokafka does not call the listener."""
        await stop_consumer(self._consumer)

    async def fetch(self) -> dict[TopicPartition, list[ConsumerRecord]]:
        """Return records that arrived, after waiting a moment for them."""
        try:
            records = self._consumer.getmany(timeout_ms=_POLL_MS, max_records=MAX_RECORDS)
            return dict(await call_broker(records))
        except errors.NoOffsetForPartitionError:
            await asyncio.sleep(_POLL_MS / 1000)  # fetching starts before the partition is opened
        return {}

    async def positions(self, numbers: Iterable[int]) -> dict[int, int]:
        """Return the next offset to fetch of those partitions that are assigned now."""
        positions = {}
        for number, partition in self._partitions(numbers).items():
            with suppress(errors.IllegalStateError):
                positions[number] = await call_broker(self._consumer.position(partition))
        return positions

    async def bounds(self, partition: TopicPartition) -> tuple[int, int]:
        """Return the first offset of a partition and the offset after its last record."""
        first = await call_broker(self._consumer.beginning_offsets([partition]))
        end = await call_broker(self._consumer.end_offsets([partition]))
        return first[partition], end[partition]

    async def probe(self, numbers: Iterable[int]) -> None:
        """Ask the broker for something; raise an error if it does not answer soon."""
        partitions = list(self._partitions(numbers).values())
        await call_broker(self._consumer.end_offsets(partitions), _PROBE_S)

    async def commit(self, offsets: Mapping[TopicPartition, tuple[int, str]]) -> bool:
        """Commit offsets and their metadata to the group; return whether the group has them."""
        try:
            await call_broker(self._consumer.commit(dict(offsets)))
        except (errors.CommitFailedError, errors.IllegalStateError) as error:
            log.info("offsets not committed, a rebalance is under way: %s", error)
            return False
        except BrokerDownError as error:
            log.warning("offsets not committed: %s", error)
            return False
        return True

    def assigned(self) -> set[TopicPartition]:
        """Return the partitions that the group has assigned."""
        return set(self._consumer.assignment())

    def end(self, partition: TopicPartition) -> int | None:
        """Return the end of an assigned partition at the last fetch; None if unknown."""
        end: int | None = self._consumer.highwater(partition)
        return end

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Fetch from an offset on."""
        try:
            self._consumer.seek(partition, offset)
        except errors.IllegalStateError as error:
            raise BrokerDownError(f"{partition} was revoked while it was opened") from error

    def pause(self) -> None:
        """Fetch nothing from the assigned partitions."""
        self._consumer.pause(*self._consumer.assignment())

    def resume(self) -> None:
        """Fetch again."""
        self._consumer.resume(*self._consumer.paused())

    def _partitions(self, numbers: Iterable[int]) -> dict[int, TopicPartition]:
        return {number: TopicPartition(self._topic, number) for number in numbers}


class RebalanceListener(ConsumerRebalanceListener):
    """Passes rebalances on; aiokafka only logs the exceptions of a listener.

    Parameters
    ----------
    revoke
        Called with the partitions that the member loses, before others get them.
    assign
        Called with all partitions of the member.
    crash
        Called with an exception of ``revoke``.
    """

    def __init__(
        self,
        revoke: Callable[[list[int]], Awaitable[None]],
        assign: Callable[[list[int]], None],
        crash: Callable[[BaseException], Awaitable[None]],
    ) -> None:
        self._revoke = revoke
        self._assign = assign
        self._crash = crash

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Wait until the partitions are checkpointed and closed."""
        try:
            await self._revoke([partition.partition for partition in revoked])
        except Exception as error:  # noqa: BLE001 - the worker must not continue after it
            await self._crash(error)

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Note the partitions."""
        self._assign(sorted(partition.partition for partition in assigned))
