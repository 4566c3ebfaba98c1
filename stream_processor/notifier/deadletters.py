"""Dead letters of the notifier: alert records that a sink did not accept."""

from __future__ import annotations

from aiokafka import AIOKafkaProducer

from badbuzz import wire
from badbuzz.config.settings import Settings
from stream_processor.engine.partition import ConsumerRecord


class DeadLetters:
    """Writes records to the topic ``dead-letters`` and waits until the broker has stored them.

    Parameters
    ----------
    settings
        Broker address and topic prefix.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._topic = settings.topic(wire.DEAD_LETTERS)
        self._producer: AIOKafkaProducer | None = None

    async def open(self) -> None:
        """Connect the producer."""
        client = self._settings.kafka_client()
        self._producer = AIOKafkaProducer(**client, acks="all", compression_type="zstd")
        await self._producer.start()

    async def close(self) -> None:
        """Disconnect the producer."""
        if self._producer is not None:
            await self._producer.stop()

    async def dead_letter(
        self, record: ConsumerRecord, sink: str, reason: str, detail: str
    ) -> None:
        """Write a record with the sink, the reason and its offset as headers."""
        assert self._producer is not None
        headers = [
            ("sink", sink.encode()),
            ("reason", reason.encode()),
            ("detail", detail.encode(errors="replace")),
            ("topic", record.topic.encode()),
            ("partition", str(record.partition).encode()),
            ("offset", str(record.offset).encode()),
        ]
        await self._producer.send_and_wait(
            self._topic, record.value, record.key, partition=record.partition, headers=headers
        )
