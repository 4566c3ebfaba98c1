"""The handler of a partition, the records it receives, and the rules of the topic it reads."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from badbuzz.errors import KafkaError


class ConsumerRecord(Protocol):
    """A record as aiokafka delivers it; ``timestamp`` is in Unix milliseconds."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


class PartitionHandler(Protocol):
    """The single owner of a partition, which processes its records.

    If a dependency is unavailable, ``open`` and ``checkpoint`` raise
    :class:`~badbuzz.errors.AwayError`. The handler then keeps the records it has taken, and the
    consumer calls it again.
    """

    partition: int
    next_offset: int

    async def open(self) -> None:
        """Fence the former owner, load its state and set ``next_offset`` (-1 if there is none)."""

    def take(self, records: Sequence[ConsumerRecord]) -> None:
        """Process records, in order and without gaps, and move ``next_offset`` past them."""

    async def checkpoint(self) -> None:
        """Make everything taken so far durable, atomically."""

    async def close(self) -> None:
        """Release the partition and discard what is not in a checkpoint."""


class PositionKeeper(Enum):
    """The place where a worker keeps its position, the next offset of each partition.

    Each member's value is the remedy that error messages name when the topic and the position
    disagree.
    """

    STATE_TOPIC = "to start anew, see docs/kafka.md, Recovery"
    """The processor's state topic. A position below the group's offset means that state is lost."""

    STORE = "see docs/kafka.md, The recorder's recovery"
    """The recorder's database. An older copy of it is filled up again from the topic."""

    GROUP = "see docs/kafka.md, The notifier's recovery"
    """The consumer group. The first position is committed at once, as nothing else holds it."""


@dataclass(frozen=True, slots=True)
class TopicSemantics:
    """The rules by which a worker reads a topic.

    Parameters
    ----------
    keeper
        The place where the position is kept; the state topic by default.
    skip_deleted
        Whether to continue after records that were deleted unread. If false, the default, such a
        loss stops the worker. In a compacted topic, later records replace the deleted ones, so
        that nothing is lost.
    """

    keeper: PositionKeeper = PositionKeeper.STATE_TOPIC
    skip_deleted: bool = False

    @property
    def has_holes(self) -> bool:
        """True if offsets without a record are normal.

        The processor writes its outputs in transactions, whose markers take offsets, and
        compaction removes records. ``tweets``, which the processor reads, has no holes.
        """
        return self.keeper is not PositionKeeper.STATE_TOPIC

    def resume(self, where: str, next_offset: int, first: int, end: int) -> int:
        """Return the offset to resume from when the broker does not have the next offset.

        Parameters
        ----------
        where
            Topic and partition, for the error message.
        next_offset
            Offset that was requested.
        first, end
            First offset of the partition and the offset after its last record.

        Raises
        ------
        KafkaError
            When records were lost.

        Examples
        --------
        >>> TopicSemantics(PositionKeeper.GROUP, True).resume("alerts/0", 3, first=7, end=9)
        7
        >>> TopicSemantics().resume("tweets/0", 3, first=7, end=9)
        Traceback (most recent call last):
        badbuzz.errors.KafkaError: tweets/0: records 3 to 6 were deleted by the topic's ...
        """
        if next_offset > end:
            raise KafkaError(
                f"{where}: the partition ends at offset {end}, but {next_offset} is the next to "
                f"read: the topic was truncated or re-created; {self.keeper.value}"
            )
        if next_offset >= first or self.skip_deleted:
            return max(next_offset, first)
        raise KafkaError(
            f"{where}: records {next_offset} to {first - 1} were deleted by the "
            f"topic's retention before they were read; {self.keeper.value}"
        )


async def all_of(jobs: Iterable[Awaitable[None]]) -> None:
    """Wait until all jobs have ended, then raise the first error."""
    for outcome in await asyncio.gather(*jobs, return_exceptions=True):
        if outcome is not None:
            raise outcome


def contiguous_runs(records: Sequence[ConsumerRecord]) -> Iterator[Sequence[ConsumerRecord]]:
    """Split records into runs without a missing offset.

    Parameters
    ----------
    records
        Records of one partition, by rising offset.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> records = [SimpleNamespace(offset=offset) for offset in (4, 5, 7)]
    >>> [[record.offset for record in run] for run in contiguous_runs(records)]
    [[4, 5], [7]]
    """
    start, n = 0, len(records)
    while start < n:
        end = n
        if records[-1].offset - records[start].offset != n - start - 1:
            end = start + 1
            while records[end].offset == records[end - 1].offset + 1:
                end += 1
        yield records[start:end]
        start = end
