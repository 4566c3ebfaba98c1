"""The owner of a partition, what the intake hands it, and what is usual in a topic."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from badbuzz.errors import KafkaError


class ConsumerRecord(Protocol):
    """What the consumer hands over; ``timestamp`` in Unix milliseconds."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


class PartitionHandler(Protocol):
    """The one owner of a partition.

    Where it depends on something that may be away for a while, ``open`` and ``checkpoint`` raise
    :class:`~badbuzz.errors.AwayError`: the lane keeps what it took, and is asked again.
    """

    partition: int
    next_offset: int

    async def open(self) -> None:
        """Shut out the former owner and load what it left; sets ``next_offset``, -1 for none."""

    def take(self, records: Sequence[ConsumerRecord]) -> None:
        """Handle records, in order and without gaps; moves ``next_offset`` past them."""

    async def checkpoint(self) -> None:
        """Make everything taken so far durable, all of it or nothing."""

    async def close(self) -> None:
        """Let go of the partition; what is not checkpointed is forgotten."""


@dataclass(frozen=True, slots=True)
class TopicSemantics:
    """What is usual in a topic for its reader, and what is a loss.

    Parameters
    ----------
    sparse
        Whether offsets without a record are usual: where a topic is written in transactions, each
        marker takes an offset, and compaction leaves holes. Nothing is then sought back for; the
        next offset is the consumer's own position, which passes such holes.
    superseded
        Whether what vanished from the beginning was replaced by what is left, as in a compacted
        topic; else it is a loss, and stops the worker.
    skip_deleted
        Whether to go on behind such a loss.
    kept_elsewhere
        Whether positions are kept where the group does not know of it: one below the group's
        offset is then no lost state, but an older copy, which is filled up again.
    kept_by_group
        Whether the group's offset is the position: where a partition begins is then committed at
        once, as nothing else knows it.
    pause_ms
        Between checkpoints, at least.
    shown
        What metrics call the topic, where one worker reads it more than once.
    remedy
        What a reader does whose topic is not what was read before.
    """

    sparse: bool = False
    superseded: bool = False
    skip_deleted: bool = False
    kept_elsewhere: bool = False
    kept_by_group: bool = False
    pause_ms: int = 0
    shown: str = ""
    remedy: str = "to start anew, see docs/kafka.md, Recovery"

    def resume(self, where: str, next_offset: int, first: int, end: int) -> int:
        """Where to go on when the broker does not have the next offset.

        Parameters
        ----------
        where
            The partition, for the message.
        next_offset
            What was asked for.
        first, end
            Offsets that the partition begins and ends with.

        Raises
        ------
        KafkaError
            When records were lost.

        Examples
        --------
        >>> TopicSemantics(superseded=True).resume("alerts/0", 3, first=7, end=9)
        7
        >>> TopicSemantics().resume("tweets/0", 3, first=7, end=9)
        Traceback (most recent call last):
        badbuzz.errors.KafkaError: tweets/0: records 3 to 6 were deleted by the topic's ...
        """
        if next_offset > end:
            raise KafkaError(
                f"{where}: ends at {end}, but {next_offset} records were read from it: "
                f"the topic was truncated or made anew; {self.remedy}"
            )
        if next_offset >= first or self.superseded or self.skip_deleted:
            return max(next_offset, first)
        raise KafkaError(
            f"{where}: records {next_offset} to {first - 1} were deleted by the "
            f"topic's retention before they were read; {self.remedy}"
        )


async def all_of(jobs: Iterable[Awaitable[None]]) -> None:
    """Wait for every job to end, then raise the first error: none goes on behind the others."""
    for outcome in await asyncio.gather(*jobs, return_exceptions=True):
        if outcome is not None:
            raise outcome


def contiguous_runs(records: Sequence[ConsumerRecord]) -> Iterator[Sequence[ConsumerRecord]]:
    """Records in runs without a missing offset.

    Parameters
    ----------
    records
        Of one partition, offsets rising.

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
