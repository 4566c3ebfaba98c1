"""Mends clocks in the processor's state that were moved into the future, while no worker runs."""

from __future__ import annotations

from dataclasses import dataclass

from aiokafka import TopicPartition

from badbuzz import wire
from badbuzz.config.settings import Settings
from badbuzz.detection.fold import PREFIXES, Fold
from badbuzz.detection.state import Rules
from stream_processor.engine.topic_reader import await_transactions, load_partition
from stream_processor.engine.topics import check_topics
from stream_processor.engine.transaction import Output, TransactionalWriter
from stream_processor.processor.load_baseline import check_stopped
from stream_processor.processor.state_topic import PARTITION_KEY, unpack_brand, unpack_own


@dataclass(frozen=True, slots=True)
class ResetPartition:
    """Sources and brands of a partition whose times were after now and are reset."""

    partition: int
    sources: tuple[str, ...]
    brands: tuple[str, ...]


async def reset_clocks(settings: Settings, now_ms: int) -> list[ResetPartition]:
    """Forget times after now in the state that the workers of a deployment load.

    A brand whose closed buckets end after now starts again with its next tweet. Its baseline, its
    evidence and the position in the stream stay.

    Parameters
    ----------
    settings
        Settings of the deployment.
    now_ms
        Present time, Unix milliseconds.

    Raises
    ------
    KafkaError
        When a worker of the deployment runs, or a transaction stays open in the state.
    StateError
        When a record of the state cannot be read.
    """
    await check_topics(settings)
    await check_stopped(settings)
    return [await _reset(settings, partition, now_ms) for partition in range(settings.partitions)]


async def _reset(settings: Settings, partition: int, now_ms: int) -> ResetPartition:
    topic = settings.topic(wire.PROCESSOR_STATE)
    writer = TransactionalWriter(settings, f"{settings.group}-{partition}")
    try:
        await writer.open()
        await await_transactions(settings, [TopicPartition(topic, partition)])
        packed = await load_partition(settings, topic, partition)
        own = packed.pop(PARTITION_KEY, None)
        states = [
            unpack_brand(topic, key, value)
            for key, value in packed.items()
            if not key.startswith(PREFIXES)
        ]
        outputs: list[Output] = []
        brands = sorted(state.brand for state in states if state.closed_ms > now_ms)
        for state in states:
            if state.closed_ms > now_ms:
                state.restart()
                outputs.append((state.brand.encode(), state.pack(), []))
        sources: set[str] = set()
        if own is not None:
            fold = Fold(lambda _: Rules())
            position = unpack_own(topic, fold, partition, own)
            known = {**fold.clocks.live_ms, **fold.clocks.replayed_ms}
            sources = {source for source, time_ms in known.items() if time_ms > now_ms}
            fold.clocks.remove_ahead(now_ms)
            outputs.append((PARTITION_KEY, fold.pack(partition, position), []))
        if brands or sources:
            await writer.write(partition, {topic: outputs})
    finally:
        await writer.close()
    return ResetPartition(partition, tuple(sorted(sources)), tuple(brands))
