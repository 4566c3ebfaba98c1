"""badbuzz with the fence taken out: outputs and state are written plainly, each for itself.

The campaign of ``test_chaos.py`` must fail on it, or it proves nothing.
"""

from __future__ import annotations

from aiokafka import AIOKafkaProducer

from badbuzz.cli import main
from badbuzz.settings import Settings
from stream_processor import processor
from stream_processor.transaction import Output


class UnfencedWriter:
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


if __name__ == "__main__":
    vars(processor)["Writer"] = UnfencedWriter
    main()
