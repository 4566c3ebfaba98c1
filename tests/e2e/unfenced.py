"""badbuzz without fencing, in one of two ways, chosen by the argument before the command.

``plain`` writes outputs and state without transactions, record by record. ``own-id`` keeps the
transactions, but gives each worker its own transactional ids, so that no worker is fenced. The
tests of ``test_chaos.py`` must fail with either, or they prove nothing.
"""

from __future__ import annotations

import os
import sys

from aiokafka import AIOKafkaProducer

from badbuzz.cli import main
from badbuzz.config.settings import Settings
from stream_processor.engine.transaction import Output, TransactionalWriter
from stream_processor.processor import partition as processor


class PlainWriter:
    """A writer that fences no other writer and writes record by record."""

    def __init__(self, settings: Settings, transactional_id: str) -> None:
        self._producer = AIOKafkaProducer(**settings.kafka_client(), acks="all")

    async def open(self) -> None:
        await self._producer.start()

    async def close(self) -> None:
        await self._producer.stop()

    async def write(self, partition: int, outputs: dict[str, list[Output]]) -> None:
        for topic, records in outputs.items():
            for key, value, headers in records:
                await self._producer.send(
                    topic, value, key=key, partition=partition, headers=headers
                )
            await self._producer.flush()


class OwnIdWriter(TransactionalWriter):
    """A transactional writer with an id that no other process uses."""

    def __init__(self, settings: Settings, transactional_id: str) -> None:
        super().__init__(settings, f"{transactional_id}-{os.getpid()}")


if __name__ == "__main__":
    vars(processor)["TransactionalWriter"] = {"plain": PlainWriter, "own-id": OwnIdWriter}[
        sys.argv.pop(1)
    ]
    main()
