"""What a partition of ``alerts`` held when a notifier took it over."""

from __future__ import annotations

from dataclasses import dataclass

from aiokafka import TopicPartition

from badbuzz.config.settings import Settings
from stream_processor.engine.partition import ConsumerRecord
from stream_processor.engine.topic_reader import open_reader, read_to_end


@dataclass(frozen=True, slots=True)
class PartitionSnapshot:
    """A partition as it was found.

    Parameters
    ----------
    committed
        The next offset that its group is to read; None where it never read any.
    end
        The offset that came next.
    records
        All there were, by rising offset; compacted ones are missing.
    """

    committed: int | None
    end: int
    records: tuple[ConsumerRecord, ...]


async def read_snapshot(
    settings: Settings, topic: str, group: str, partition: int
) -> PartitionSnapshot:
    """Read a partition from its beginning to its end, and the group's place in it.

    Parameters
    ----------
    settings
        Broker.
    topic, partition
        What to read.
    group
        Whose place to look up; it is not joined.
    """
    at = TopicPartition(topic, partition)
    async with open_reader(settings, [at], group) as consumer:
        committed = await consumer.committed(at)
        records = [record async for batch in read_to_end(consumer) for record in batch]
        return PartitionSnapshot(committed, await consumer.position(at), tuple(records))
