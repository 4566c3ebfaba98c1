"""The contents of a partition of ``alerts`` when a notifier takes it over."""

from __future__ import annotations

from dataclasses import dataclass

from aiokafka import TopicPartition

from badbuzz.config.settings import Settings
from stream_processor.engine.partition import ConsumerRecord
from stream_processor.engine.topic_reader import open_reader, read_to_end


@dataclass(frozen=True, slots=True)
class PartitionSnapshot:
    """The records of a partition and the group's position in it.

    Parameters
    ----------
    committed
        The group's committed offset; None if it never committed one.
    end
        End offset of the partition.
    records
        All records by increasing offset; compacted ones are missing.
    """

    committed: int | None
    end: int
    records: tuple[ConsumerRecord, ...]


async def read_snapshot(
    settings: Settings, topic: str, group: str, partition: int
) -> PartitionSnapshot:
    """Read a partition from its beginning to its end, and the group's position in it.

    Parameters
    ----------
    settings
        Broker address.
    topic, partition
        The partition to read.
    group
        Consumer group whose committed offset is read; it is not joined.
    """
    at = TopicPartition(topic, partition)
    async with open_reader(settings, [at], group) as consumer:
        committed = await consumer.committed(at)
        records = [record async for batch in read_to_end(consumer) for record in batch]
        return PartitionSnapshot(committed, await consumer.position(at), tuple(records))
