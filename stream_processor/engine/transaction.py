"""The transactional writes of one partition."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Final

from aiokafka import AIOKafkaProducer

from badbuzz.config.settings import Settings

Headers = list[tuple[str, bytes]]
Output = tuple[bytes | None, bytes | None, Headers]
"""Key, value and headers of a record; in a compacted topic, no value deletes the key."""

_MAX_BATCH_BYTES: Final = 512 * 1024
_TIMEOUT_MS: Final = 60_000


class TransactionalWriter:
    """Writes all outputs of a partition in one transaction, or none of them.

    Opening a writer fences every other writer with the same id: from then on, the broker rejects
    what they send, even if they were only suspended.

    Parameters
    ----------
    settings
        Settings of the worker, with the address of the broker.
    transactional_id
        Id of the producer, ``<app>-<partition>``.
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
        """Connect to the broker and fence the former writer."""
        await self._producer.start()

    async def close(self) -> None:
        """Disconnect from the broker."""
        await self._producer.stop()

    async def write(self, partition: int, outputs: dict[str, list[Output]]) -> None:
        """Write records, given by topic, to the same partition of each topic, atomically."""
        async with self._producer.transaction():
            delivered: list[Awaitable[object]] = []
            for topic, records in outputs.items():
                delivered += await self._send(topic, partition, records)
            await asyncio.gather(*delivered)  # a commit alone does not report a rejected record

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
