"""The state of a partition as records of ``processor-state``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from badbuzz import wire
from badbuzz.config.settings import Settings
from badbuzz.detection.fold import PREFIXES, Fold
from badbuzz.detection.seen_ids import PREFIX as IDS_PREFIX
from badbuzz.detection.state import BrandState
from badbuzz.errors import StateError
from badbuzz.evidence.sample import brand_of
from stream_processor.engine.partitioner import partition_of
from stream_processor.engine.topic_reader import load_partition
from stream_processor.engine.transaction import Output
from stream_processor.engine.turns import in_turns

PARTITION_KEY: Final = b"\x00partition"
"""Key of the partition's own record in the state topic; no brand has this name."""


async def load_state(settings: Settings, fold: Fold, partition: int) -> int:
    """Load the state of a partition into an empty fold, and return the next offset.

    Parameters
    ----------
    settings
        Settings of the deployment, with the address of the broker.
    fold
        Fold without any state.
    partition
        Number of the partition.

    Returns
    -------
    int
        Offset of the next record of ``tweets``; -1 if the partition has no state yet.

    Raises
    ------
    StateError
        If a record cannot be read or belongs to another partition.
    """
    topic, next_offset = settings.topic(wire.PROCESSOR_STATE), -1
    packed = await load_partition(settings, topic, partition)
    own = packed.pop(PARTITION_KEY, None)
    if own is not None:
        next_offset = unpack_own(topic, fold, partition, own)
    await in_turns(_restore(settings, fold, partition, packed))
    return next_offset


def _restore(
    settings: Settings, fold: Fold, partition: int, packed: dict[bytes, bytes]
) -> Iterator[None]:
    """Restore one record at each step."""
    topic = settings.topic(wire.PROCESSOR_STATE)
    for key, value in packed.items():
        is_part = key.startswith(PREFIXES)
        brand = brand_of(key) if is_part else key.decode(errors="replace")
        _check_place(settings, brand, partition)
        if is_part:
            what = "ids" if key.startswith(IDS_PREFIX) else "evidence"
            with _readable(topic, f"the {what} of brand {brand!r}"):
                fold.restore_record(key, value)
        else:
            state = unpack_brand(topic, key, value)
            fold.brands[state.brand] = state
        yield


def unpack_own(topic: str, fold: Fold, partition: int, value: bytes) -> int:
    """Restore a partition's own record into a fold, and return the next offset."""
    with _readable(topic, f"the record of partition {partition}"):
        return fold.unpack(partition, value)


def unpack_brand(topic: str, key: bytes, value: bytes) -> BrandState:
    """Return the state of a brand from its record.

    Examples
    --------
    >>> unpack_brand("processor-state", b"Air Paradis", b"[]")
    Traceback (most recent call last):
    badbuzz.errors.StateError: processor-state: the state of brand 'Air Paradis' cannot be read: ...
    """
    with _readable(topic, f"the state of brand {key.decode(errors='replace')!r}"):
        return BrandState.unpack(value)


def _check_place(settings: Settings, brand: str, partition: int) -> None:
    expected = partition_of(brand, settings.partitions)
    if expected != partition:
        raise StateError(
            f"state of brand {brand!r} is in partition {partition}, with "
            f"{settings.partitions} partitions it belongs in {expected}: the number of "
            "partitions was changed; see docs/kafka.md for the migration"
        )


@contextmanager
def _readable(topic: str, what: str) -> Iterator[None]:
    """Name the record and the remedy in the error of one that cannot be read."""
    try:
        yield
    except StateError as error:
        message = f"{topic}: {what} cannot be read: {error}; see docs/kafka.md, Recovery"
        raise StateError(message) from error


def pack_changes(fold: Fold, partition: int, next_offset: int) -> Iterator[Output]:
    """Yield the records of everything that changed since the last checkpoint.

    Deletions come first: a brand that was dropped and then seen again is kept.

    Parameters
    ----------
    fold
        State of the partition.
    partition
        Number of the partition.
    next_offset
        Offset of the next record of ``tweets``.
    """
    for key, value in fold.changed_records():
        yield key, value, []
    for state in fold.changed_states():
        yield state.brand.encode(), state.pack(), []
    yield PARTITION_KEY, fold.pack(partition, next_offset), []


def check_packable(fold: Fold, brand: str) -> None:
    """Pack the state of a brand, so that an error is raised at once if that fails."""
    state = fold.brands.get(brand)
    if state is not None:  # the record may have dropped the brand
        state.pack()
    for part in (fold.evidence.get(brand), fold.seen.get(brand)):
        if part is not None:
            part.changed()
