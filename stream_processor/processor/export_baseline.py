"""Exports the baselines that running or stopped workers have learnt."""

from __future__ import annotations

from badbuzz import wire
from badbuzz.config.brands import Brands
from badbuzz.config.settings import Settings
from badbuzz.detection.baseline_file import BrandBaseline, extract_baseline
from badbuzz.errors import KafkaError
from stream_processor.engine.topic_ids import TopicLookup
from stream_processor.engine.topic_reader import load_partition
from stream_processor.engine.topics import wait_for_broker
from stream_processor.processor.state_topic import unpack_brand

_OWN_KEY = b"\x00"
"""First byte of the keys that are no brand's name."""


async def export_baselines(settings: Settings, brands: Brands) -> list[BrandBaseline]:
    """Return the baselines in the state of a deployment's last checkpoints.

    Only the state topic is read, whatever its number of partitions: the export is the first step of
    a move to new topics.

    Parameters
    ----------
    settings
        Settings of the deployment.
    brands
        Rules of the brands, for their time zones.

    Raises
    ------
    KafkaError
        When no broker answers, or the topic does not exist.
    """
    await wait_for_broker(settings)
    topic = settings.topic(wire.PROCESSOR_STATE)
    baselines = []
    for partition in range(await _count_partitions(settings, topic)):
        for key, value in (await load_partition(settings, topic, partition)).items():
            if not key.startswith(_OWN_KEY):
                state = unpack_brand(topic, key, value)
                baselines.append(extract_baseline(state, str(brands.of(state.brand).zone)))
    return [baseline for baseline in baselines if baseline.state.n_hours]


async def _count_partitions(settings: Settings, topic: str) -> int:
    lookup = TopicLookup(settings)
    try:
        found = (await lookup.identify([topic])).get(topic)
    finally:
        await lookup.close()
    if found is None:
        raise KafkaError(f"there is no topic {topic}: check BADBUZZ_TOPIC_PREFIX")
    return found.n_partitions or settings.partitions
