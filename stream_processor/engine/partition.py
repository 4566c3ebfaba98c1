"""The handler of a partition, the records it receives, and the rules of the topic it reads."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Iterator, Sequence
from enum import Enum, auto
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

    If a dependency is down, ``open`` and ``checkpoint`` raise
    :class:`~badbuzz.errors.ServiceDownError`. The handler then keeps the records it has taken, and
    the consumer calls it again.
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


class TopicSemantics(Enum):
    """The rules by which a worker reads a topic, named after the place that keeps its position.

    A position is the next offset of a partition.
    """

    STATE_TOPIC = auto()
    """The processor's state topic. A loss of records or of state stops the worker."""

    STORE = auto()
    """The recorder's database. A loss of records stops the worker."""

    STORE_SKIP_DELETED = auto()
    """The recorder's database. The worker continues after records that were deleted unread."""

    GROUP = auto()
    """The notifier's consumer group. The worker continues after records that were deleted unread:
    ``alerts`` is compacted, so later records replace the deleted ones."""

    @property
    def has_holes(self) -> bool:
        """True if offsets without a record are normal.

        The processor writes its outputs in transactions, whose markers take offsets, and
        compaction removes records. ``tweets``, which the processor reads, has no holes.
        """
        return self is not TopicSemantics.STATE_TOPIC

    @property
    def can_fall_back(self) -> bool:
        """True if a position below the group's offset is normal.

        An older copy of the database is filled up again from the topic. Elsewhere such a position
        means that state was lost.
        """
        return self in (TopicSemantics.STORE, TopicSemantics.STORE_SKIP_DELETED)

    @property
    def commits_first_position(self) -> bool:
        """True if the first position is committed at once, because nothing else keeps it."""
        return self is TopicSemantics.GROUP

    @property
    def remedy(self) -> str:
        """The advice of error messages when the topic and the position disagree."""
        if self is TopicSemantics.STATE_TOPIC:
            return "to start anew, see docs/kafka.md, Recovery"
        worker = "notifier" if self is TopicSemantics.GROUP else "recorder"
        return f"see docs/kafka.md, The {worker}'s recovery"

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
        >>> TopicSemantics.GROUP.resume("alerts/0", 3, first=7, end=9)
        7
        >>> TopicSemantics.STATE_TOPIC.resume("tweets/0", 3, first=7, end=9)
        Traceback (most recent call last):
        badbuzz.errors.KafkaError: tweets/0: records 3 to 6 were deleted by the topic's ...
        """
        if next_offset > end:
            raise KafkaError(
                f"{where}: the partition ends at offset {end}, but {next_offset} is the next to "
                f"read: the topic was truncated or re-created; {self.remedy}"
            )
        skips_deleted = self in (TopicSemantics.STORE_SKIP_DELETED, TopicSemantics.GROUP)
        if next_offset >= first or skips_deleted:
            return max(next_offset, first)
        raise KafkaError(
            f"{where}: records {next_offset} to {first - 1} were deleted by the "
            f"topic's retention before they were read; {self.remedy}"
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
