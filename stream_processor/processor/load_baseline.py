"""Loads baselines learnt from a recording into the processor's state, while no worker runs."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final

from aiokafka import TopicPartition

from badbuzz import wire
from badbuzz.config.settings import Settings
from badbuzz.detection.baseline_file import BrandBaseline, adopt_baseline
from badbuzz.detection.state import BrandState
from badbuzz.errors import KafkaError, StateError
from stream_processor.engine.groups import group_members
from stream_processor.engine.partitioner import partition_of
from stream_processor.engine.topic_reader import await_transactions, load_partition
from stream_processor.engine.topics import check_topics
from stream_processor.engine.transaction import Output, TakenOverError, TransactionalWriter
from stream_processor.processor.state_topic import unpack_brand

_HTTP_LIMIT_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class LoadedBrand:
    """A brand's new state, its partition, and whether it replaces an older state's baseline."""

    state: BrandState
    partition: int
    replaced: bool


async def load_baselines(
    settings: Settings, brands: Sequence[BrandBaseline], *, replace: bool
) -> list[LoadedBrand]:
    """Write learnt baselines into the state that the workers of a deployment load.

    The function first takes over the transactional ids of the partitions, as a worker does. A
    worker that was not noticed is thereby fenced: it cannot overwrite the new state. It ends, and
    loads the new state when it is restarted.

    Parameters
    ----------
    settings
        Settings of the deployment.
    brands
        Learnt baselines, one per brand.
    replace
        Whether to replace the baseline of brands that already have a state. The position of their
        stream does not change.

    Raises
    ------
    KafkaError
        When a worker of the deployment runs, or starts in the meantime.
    StateError
        When a brand has a state and ``replace`` is false; nothing is written then.
    """
    await check_topics(settings)
    await check_stopped(settings)
    by_partition: dict[int, list[BrandBaseline]] = {}
    for learnt in brands:
        partition = partition_of(learnt.state.brand, settings.partitions)
        by_partition.setdefault(partition, []).append(learnt)
    loaded: dict[int, list[LoadedBrand]] = {}
    async with AsyncExitStack() as stack:
        writers = {}
        for partition in sorted(by_partition):
            writer = TransactionalWriter(settings, f"{settings.group}-{partition}")
            stack.push_async_callback(writer.close)
            await writer.open()
            writers[partition] = writer
        for partition in writers:
            loaded[partition] = await _adopt(settings, partition, by_partition[partition])
        everything = [one for several in loaded.values() for one in several]
        _check_replaced(everything, replace=replace)
        for partition, writer in writers.items():
            await _write(settings, writer, partition, loaded[partition])
    return everything


async def check_stopped(settings: Settings) -> None:
    """Fail while a worker of the deployment runs."""
    members = await group_members(settings)
    if members is None:  # the embedded broker does not describe groups
        members = ["a worker"] if _has_web_server(settings) else []
    if members:
        raise KafkaError(
            f"{len(members)} of the workers of {settings.group!r} run ({', '.join(members)}): "
            "stop them all, run this command again, then start them"
        )


def _has_web_server(settings: Settings) -> bool:
    """Tell whether a server answers at the web address of this deployment's worker."""
    try:
        url = f"http://{settings.web_host}:{settings.web_port}/healthz"
        with urllib.request.urlopen(url, timeout=_HTTP_LIMIT_S):
            return True
    except urllib.error.HTTPError:
        return True
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


async def _adopt(
    settings: Settings, partition: int, brands: Sequence[BrandBaseline]
) -> list[LoadedBrand]:
    topic = settings.topic(wire.PROCESSOR_STATE)
    await await_transactions(settings, [TopicPartition(topic, partition)])
    packed = await load_partition(settings, topic, partition)
    loaded = []
    for learnt in brands:
        key = learnt.state.brand.encode()
        value = packed.get(key)
        live = unpack_brand(topic, key, value) if value is not None else None
        loaded.append(LoadedBrand(adopt_baseline(live, learnt), partition, live is not None))
    return loaded


def _check_replaced(loaded: Sequence[LoadedBrand], *, replace: bool) -> None:
    replaced = [one.state.brand for one in loaded if one.replaced]
    if replaced and not replace:
        raise StateError(
            f"{', '.join(replaced)} already have a state: use --replace to replace their "
            "baselines, or --brand to load other brands; nothing was written"
        )


async def _write(
    settings: Settings, writer: TransactionalWriter, partition: int, loaded: Sequence[LoadedBrand]
) -> None:
    topic = settings.topic(wire.PROCESSOR_STATE)
    outputs: list[Output] = [(one.state.brand.encode(), one.state.pack(), []) for one in loaded]
    try:
        await writer.write(partition, {topic: outputs})
    except TakenOverError as error:
        raise KafkaError(
            f"a worker of {settings.group!r} was started in the meantime: partition {partition} "
            "was not changed; stop it and load again, with --replace"
        ) from error
