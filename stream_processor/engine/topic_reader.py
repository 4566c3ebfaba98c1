"""Reads of whole partitions, outside of any consumer group."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final, Literal

from aiokafka import AIOKafkaConsumer, TopicPartition

from badbuzz.config.settings import Settings
from badbuzz.errors import KafkaError
from stream_processor.engine.backoff import Backoff
from stream_processor.engine.broker_errors import call_broker
from stream_processor.engine.clients import stop_consumer
from stream_processor.engine.partition import ConsumerRecord

log = logging.getLogger(__name__)

_POLL_MS: Final = 200
_OPEN_S: Final = 75.0
"""Longest wait for the end of a transaction, in seconds: the broker aborts a worker's after 60."""
_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 2.0
Isolation = Literal["read_committed", "read_uncommitted"]


@asynccontextmanager
async def open_reader(
    settings: Settings, partitions: Sequence[TopicPartition]
) -> AsyncIterator[AIOKafkaConsumer]:
    """Open a consumer at the beginning of partitions; it reads what is committed.

    Parameters
    ----------
    settings
        Settings of the deployment, with the address of the broker.
    partitions
        Partitions to assign.
    """
    async with _connect(settings, "read_committed") as consumer:
        consumer.assign(partitions)
        # seek_to_beginning() would race with the offset reset and might skip everything.
        for partition, first in (await call_broker(consumer.beginning_offsets(partitions))).items():
            consumer.seek(partition, first)
        yield consumer


@asynccontextmanager
async def _connect(settings: Settings, isolation: Isolation) -> AsyncIterator[AIOKafkaConsumer]:
    """Connect a consumer that fetches nothing, because no partition is assigned to it."""
    consumer = AIOKafkaConsumer(
        **settings.kafka_client(),
        isolation_level=isolation,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    try:
        await call_broker(consumer.start())
        yield consumer
    finally:
        await stop_consumer(consumer)


async def poll(consumer: AIOKafkaConsumer, timeout_ms: int = _POLL_MS) -> list[ConsumerRecord]:
    """Return the records that arrive within a time, which may be none."""
    batches = await call_broker(consumer.getmany(timeout_ms=timeout_ms))
    return [record for records in batches.values() for record in records]


async def ends(consumer: AIOKafkaConsumer) -> dict[TopicPartition, int]:
    """Return the end offset of each assigned partition, as its isolation level sees it."""
    return dict(await call_broker(consumer.end_offsets(consumer.assignment())))


async def read_to_end(consumer: AIOKafkaConsumer) -> AsyncIterator[list[ConsumerRecord]]:
    """Yield the records of the assigned partitions, up to the end that they have now.

    A partition is read when the consumer's position has reached its end offset. The last record may
    lie below it, because the markers of transactions take offsets and are never delivered.
    Each item holds the records of one poll, which may be none.
    """
    left = await ends(consumer)
    while left:
        for partition, end in list(left.items()):
            if await call_broker(consumer.position(partition)) >= end:
                del left[partition]
        if left:
            yield await poll(consumer)


async def await_transactions(settings: Settings, partitions: Sequence[TopicPartition]) -> None:
    """Wait until no transaction is open in partitions whose writer was fenced.

    Fencing a writer ends its transaction. A coordinator that loses its answers leaves it open for
    ever; then the committed records end below it, and a state loaded from them would be too old.

    Parameters
    ----------
    settings
        Settings of the deployment, with the address of the broker.
    partitions
        Partitions that no other writer writes to in transactions.

    Raises
    ------
    KafkaError
        When a transaction stays open; the message has the commands that end it.
    """
    backoff = Backoff(_FIRST_PAUSE_S, _LONGEST_PAUSE_S, _OPEN_S)
    async with (
        _connect(settings, "read_uncommitted") as everything,
        _connect(settings, "read_committed") as committed,
    ):
        while True:
            written = await call_broker(everything.end_offsets(partitions))
            stable = await call_broker(committed.end_offsets(partitions))
            hanging = {one: stable[one] for one in written if stable[one] < written[one]}
            if not hanging:
                return
            if backoff.expired:
                raise KafkaError(_describe_hanging(settings, hanging))
            await backoff.sleep()


def _describe_hanging(settings: Settings, hanging: dict[TopicPartition, int]) -> str:
    places = ", ".join(f"{one.topic}/{one.partition}" for one in hanging)
    commands = "; ".join(
        f"kafka-transactions.sh --bootstrap-server {settings.kafka_bootstrap_servers} abort "
        f"--topic {one.topic} --partition {one.partition} --start-offset {offset}"
        for one, offset in hanging.items()
    )
    return (
        f"{places}: a transaction is open that nothing will end, so that later records cannot be "
        f"read; end it, then start again: {commands}"
    )


async def load_partition(settings: Settings, topic: str, partition: int) -> dict[bytes, bytes]:
    """Return the last committed value of every key of a compacted topic's partition.

    Parameters
    ----------
    settings
        Settings of the deployment, with the address of the broker.
    topic
        Name of the topic in this deployment.
    partition
        Number of the partition.
    """
    values: dict[bytes, bytes | None] = {}
    async with open_reader(settings, [TopicPartition(topic, partition)]) as consumer:
        async for records in read_to_end(consumer):
            values.update((record.key, record.value) for record in records if record.key)
    log.info("%s/%d: %d keys loaded", topic, partition, len(values))
    return {key: value for key, value in values.items() if value is not None}
