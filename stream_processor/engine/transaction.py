"""One partition's transactional producer, and the state topic it writes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from typing import Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from badbuzz.config.settings import Settings

log = logging.getLogger(__name__)

Headers = list[tuple[str, bytes]]
Output = tuple[bytes | None, bytes | None, Headers]
"""Key, value and headers of a record to be written; no value deletes the key, when compacted."""

_MAX_BATCH_BYTES: Final = 512 * 1024
_TIMEOUT_MS: Final = 60_000


class TransactionalWriter:
    """Writes all of a partition's outputs in one transaction, or none of them.

    Opening it shuts out every other writer with the same id, even one that is only asleep: the
    broker refuses what that one sends from then on.

    Parameters
    ----------
    settings
        Broker.
    transactional_id
        ``<app>-<partition>``.
    """

    def __init__(self, settings: Settings, transactional_id: str) -> None:
        self._producer = AIOKafkaProducer(
            **settings.kafka_client(),
            transactional_id=transactional_id,
            transaction_timeout_ms=_TIMEOUT_MS,
            compression_type="zstd",
            max_batch_size=_MAX_BATCH_BYTES,
        )

    async def open(self) -> None:
        """Connect, and fence the former writer."""
        await self._producer.start()

    async def close(self) -> None:
        """Disconnect."""
        await self._producer.stop()

    async def write(self, partition: int, outputs: dict[str, list[Output]]) -> None:
        """Write records to one partition of several topics, atomically.

        Parameters
        ----------
        partition
            Of every topic.
        outputs
            Records by topic.
        """
        async with self._producer.transaction():
            delivered: list[Awaitable[object]] = []
            for topic, records in outputs.items():
                delivered += await self._send(topic, partition, records)
            await asyncio.gather(*delivered)  # committing alone would not notice a refusal

    async def _send(
        self, topic: str, partition: int, records: list[Output]
    ) -> list[Awaitable[object]]:
        delivered: list[Awaitable[object]] = []
        batch = self._producer.create_batch()
        for key, value, headers in records:
            while batch.append(timestamp=None, key=key, value=value, headers=headers) is None:
                delivered.append(await self._producer.send_batch(batch, topic, partition=partition))
                batch = self._producer.create_batch()
        if batch.record_count():
            delivered.append(await self._producer.send_batch(batch, topic, partition=partition))
        return delivered


async def load_partition(settings: Settings, topic: str, partition: int) -> dict[bytes, bytes]:
    """The last committed value of every key of one partition.

    Parameters
    ----------
    settings
        Broker.
    topic, partition
        A compacted topic's partition.
    """
    consumer = AIOKafkaConsumer(
        **settings.kafka_client(),
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    at = TopicPartition(topic, partition)
    values: dict[bytes, bytes | None] = {}
    await consumer.start()
    try:
        consumer.assign([at])
        first = (await consumer.beginning_offsets([at]))[at]
        end = (await consumer.end_offsets([at]))[at]
        consumer.seek(at, first)
        while await consumer.position(at) < end:
            for records in (await consumer.getmany(at, timeout_ms=200)).values():
                values.update((record.key, record.value) for record in records if record.key)
    finally:
        await consumer.stop()
    log.info("%s/%d: %d keys loaded up to offset %d", topic, partition, len(values), end)
    return {key: value for key, value in values.items() if value is not None}
