"""Reads of whole partitions, outside of any consumer group."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from badbuzz.config.settings import Settings
from stream_processor.engine.partition import ConsumerRecord

log = logging.getLogger(__name__)

_POLL_MS: Final = 200


@asynccontextmanager
async def open_reader(
    settings: Settings, partitions: Sequence[TopicPartition], group: str | None = None
) -> AsyncIterator[AIOKafkaConsumer]:
    """Open a consumer at the beginning of partitions.

    Parameters
    ----------
    settings
        Settings of the deployment, with the address of the broker.
    partitions
        Partitions to assign.
    group
        Consumer group whose committed offsets can be looked up; it is not joined. None by default.
    """
    consumer = AIOKafkaConsumer(
        **settings.kafka_client(),
        group_id=group,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        consumer.assign(partitions)
        # seek_to_beginning() would race with the offset reset and might skip everything.
        for partition, first in (await consumer.beginning_offsets(partitions)).items():
            consumer.seek(partition, first)
        yield consumer
    finally:
        await consumer.stop()


async def read_to_end(consumer: AIOKafkaConsumer) -> AsyncIterator[list[ConsumerRecord]]:
    """Yield the records of the assigned partitions, up to the end that they have now.

    A partition is read when the consumer's position has reached its end offset. The last record may
    lie below it, because the markers of transactions take offsets and are never delivered.
    Each item holds the records of one poll, which may be none.
    """
    ends = await consumer.end_offsets(consumer.assignment())
    while any([await consumer.position(partition) < end for partition, end in ends.items()]):
        batches = await consumer.getmany(timeout_ms=_POLL_MS)
        yield [record for records in batches.values() for record in records]


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
