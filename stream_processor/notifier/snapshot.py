"""What a partition of ``alerts`` held when a notifier took it over."""

from __future__ import annotations

from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition

from badbuzz.config.settings import Settings
from stream_processor.engine.partition import ConsumerRecord


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
    consumer = AIOKafkaConsumer(
        **settings.kafka_client(),
        group_id=group,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    at = TopicPartition(topic, partition)
    records: list[ConsumerRecord] = []
    await consumer.start()
    try:
        consumer.assign([at])
        committed = await consumer.committed(at)
        first = (await consumer.beginning_offsets([at]))[at]
        end = (await consumer.end_offsets([at]))[at]
        consumer.seek(at, first)
        while await consumer.position(at) < end:
            for batch in (await consumer.getmany(at, timeout_ms=200)).values():
                records += [record for record in batch if record.offset < end]
    finally:
        await consumer.stop()
    return PartitionSnapshot(committed, end, tuple(records))
