"""The transactional writes of one partition."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import ProducerFenced

from badbuzz.config.settings import Settings
from badbuzz.errors import KafkaError
from stream_processor.engine.broker_errors import call_broker
from stream_processor.engine.clients import stop_producer

Headers = list[tuple[str, bytes]]
Output = tuple[bytes | None, bytes | None, Headers]
"""Key, value and headers of a record; in a compacted topic, no value deletes the key."""

_MAX_BATCH_BYTES: Final = 512 * 1024
_TIMEOUT_MS: Final = 60_000


class TakenOverError(KafkaError):
    """A partition that another writer has taken over; nothing was written."""


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
        await call_broker(self._producer.start())

    async def close(self) -> None:
        """Disconnect from the broker."""
        with suppress(KafkaError, ProducerFenced):
            await stop_producer(self._producer)

    async def write(self, partition: int, outputs: dict[str, list[Output]]) -> None:
        """Write records, given by topic, to the same partition of each topic, atomically.

        Raises
        ------
        BrokerDownError
            When it is not known whether the records were written: open another writer and look.
        TakenOverError
            When another writer has the same id.
        """
        try:
            await call_broker(self._write(partition, outputs), _TIMEOUT_MS / 1000)
        except ProducerFenced as error:
            raise TakenOverError(
                f"another worker took over partition {partition} of this one: start it again"
            ) from error

    async def _write(self, partition: int, outputs: dict[str, list[Output]]) -> None:
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
                await asyncio.sleep(0)  # a turn of the event loop fills and compresses one batch
        if batch.record_count():
            delivered.append(await self._producer.send_batch(batch, topic, partition=partition))
        return delivered
