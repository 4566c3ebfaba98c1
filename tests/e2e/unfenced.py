"""badbuzz with the fence taken out, in one of two ways; the argument before the command says which.

``plain`` writes outputs and state without a transaction, each record for itself. ``own-id`` keeps
the transactions, but gives every worker ids of its own, so that nobody is shut out. The campaign
of ``test_chaos.py`` must fail on either, or it proves nothing.
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
    """A writer that shuts nobody out and writes record by record."""

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
    """A writer of transactions that no other worker's writer knows of."""

    def __init__(self, settings: Settings, transactional_id: str) -> None:
        super().__init__(settings, f"{transactional_id}-{os.getpid()}")


if __name__ == "__main__":
    vars(processor)["TransactionalWriter"] = {"plain": PlainWriter, "own-id": OwnIdWriter}[
        sys.argv.pop(1)
    ]
    main()
