"""Puts what was learnt from history into a worker's state, while no worker runs."""

from __future__ import annotations

import logging
import urllib.error
import urllib.request
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final

from aiokafka.errors import ProducerFenced

from badbuzz import wire
from badbuzz.config.settings import Settings
from badbuzz.detection.baseline_file import BrandBaseline, adopt_baseline
from badbuzz.detection.state import BrandState
from badbuzz.errors import KafkaError, StateError
from stream_processor.engine.partitioner import partition_of
from stream_processor.engine.topics import check_topics, group_members
from stream_processor.engine.transaction import TransactionalWriter, load_partition

log = logging.getLogger(__name__)

_ANSWER_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class LoadedBrand:
    """A brand that was loaded: into which partition, and whether it had a state."""

    brand: str
    partition: int
    replaced: bool


@dataclass(frozen=True, slots=True)
class _StateChange:
    """A brand's state to be written."""

    partition: int
    state: BrandState
    replaced: bool


async def load_baselines(
    settings: Settings, brands: Sequence[BrandBaseline], *, replace: bool
) -> list[LoadedBrand]:
    """Write what was learnt into the state that the workers of a deployment load.

    The partitions' transactional ids are taken first, as a worker does: whoever had them can
    write no more. So even a worker that was not seen cannot overwrite what is written here; it
    ends, and finds it when it is started again.

    Parameters
    ----------
    settings
        Of the deployment.
    brands
        Each once.
    replace
        Whether brands that have a state get another baseline; how far their stream has come
        stays.

    Raises
    ------
    KafkaError
        When a worker of the deployment runs, or starts meanwhile.
    StateError
        When a brand has a state and ``replace`` is false: then nothing is written.
    """
    await check_topics(settings)
    await _refuse_while_alive(settings)
    by_partition: dict[int, list[BrandBaseline]] = {}
    for found in brands:
        partition = partition_of(found.state.brand, settings.partitions)
        by_partition.setdefault(partition, []).append(found)
    async with AsyncExitStack() as stack:
        writers = {}
        for partition in sorted(by_partition):
            writers[partition] = writer = TransactionalWriter(
                settings, f"{settings.group}-{partition}"
            )
            stack.push_async_callback(writer.close)
            await writer.open()
        changes = [
            change
            for partition in sorted(by_partition)
            for change in await _changes(settings, partition, by_partition[partition])
        ]
        _refuse_living(changes, replace=replace)
        for partition, writer in writers.items():
            await _write(settings, writer, partition, changes)
    return [LoadedBrand(one.state.brand, one.partition, one.replaced) for one in changes]


async def _refuse_while_alive(settings: Settings) -> None:
    members = await group_members(settings)
    if members is None:  # the embedded broker does not tell
        members = ["a worker"] if _answers(settings) else []
    if members:
        raise KafkaError(
            f"{len(members)} of the workers of {settings.group!r} run ({', '.join(members)}): "
            "stop them all, load, then start them again"
        )


def _answers(settings: Settings) -> bool:
    """Whether something answers where this deployment's worker would."""
    try:
        url = f"http://{settings.web_host}:{settings.web_port}/healthz"
        with urllib.request.urlopen(url, timeout=_ANSWER_S):
            return True
    except urllib.error.HTTPError:
        return True
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


async def _changes(
    settings: Settings, partition: int, brands: Sequence[BrandBaseline]
) -> list[_StateChange]:
    topic = settings.topic(wire.PROCESSOR_STATE)
    packed = await load_partition(settings, topic, partition)
    changes = []
    for found in brands:
        value = packed.get(found.state.brand.encode())
        live = BrandState.unpack(value) if value is not None else None
        changes.append(_StateChange(partition, adopt_baseline(live, found), live is not None))
    return changes


def _refuse_living(changes: Sequence[_StateChange], *, replace: bool) -> None:
    living = [change.state.brand for change in changes if change.replaced]
    if living and not replace:
        raise StateError(
            f"{', '.join(living)} already learn from their stream: --replace gives them this "
            "baseline instead, --brand picks the others; nothing was written"
        )


async def _write(
    settings: Settings, writer: TransactionalWriter, partition: int, changes: Sequence[_StateChange]
) -> None:
    topic = settings.topic(wire.PROCESSOR_STATE)
    own = [change.state for change in changes if change.partition == partition]
    try:
        await writer.write(
            partition, {topic: [(state.brand.encode(), state.pack(), []) for state in own]}
        )
    except ProducerFenced as error:
        raise KafkaError(
            f"a worker of {settings.group!r} was started meanwhile: partition {partition} was "
            "not changed; stop it and load again, with --replace"
        ) from error
