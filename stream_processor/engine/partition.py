"""The handler of a partition, the records it receives, and the rules of the topic it reads."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Iterable, Iterator, Sequence
from enum import Enum, auto
from typing import Final, Protocol

from badbuzz.errors import KafkaError, StateError
from stream_processor.engine.topic_ids import TopicIdentity

log = logging.getLogger(__name__)

LOST_STATE_REMEDY: Final = "restore the topic, or start anew, see docs/kafka.md, Recovery"
"""What to do about a topic of state that was lost; a worker does not start with an empty one."""


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

    A position is the next offset and the id of the topic that it belongs to: a topic that was
    deleted and created again has another id.

    Attributes
    ----------
    partition
        Number of the partition.
    next_offset
        Offset of the next record to take.
    topic_id
        Id of the topic that the offset belongs to; empty if it is not known.
    needs_open
        Whether the handler failed halfway through a record. It writes no checkpoint then; the
        consumer opens it again, which discards everything since the last one.
    """

    partition: int
    next_offset: int
    topic_id: str
    needs_open: bool

    async def open(self) -> None:
        """Fence the former owner, load its state and set the position.

        ``next_offset`` is -1 if there is no state, and ``topic_id`` is empty if it is not known.
        """

    def move(self, next_offset: int, topic_id: str) -> None:
        """Continue at another offset, or with another topic, without a record.

        The next checkpoint contains the position, even if no record is taken before it: otherwise
        the group's offset would be ahead of the state's.
        """

    async def take(self, records: Sequence[ConsumerRecord]) -> int:
        """Process at least the first record, in order, and move ``next_offset`` past what is done.

        A handler whose records take long returns after a turn of the event loop
        (:mod:`stream_processor.engine.turns`); it is called again with the records that are left.

        Returns
        -------
        int
            Number of records processed.
        """

    async def checkpoint(self) -> None:
        """Make everything taken so far durable, atomically."""

    async def close(self) -> None:
        """Release the partition and discard what is not in a checkpoint."""


class TopicSemantics(Enum):
    """The rules by which a worker reads a topic, named after the place that keeps its position."""

    STATE_TOPIC = auto()
    """The processor's state topic. A loss of records or of state stops the worker."""

    STATE_TOPIC_SKIP_DELETED = auto()
    """The processor's state topic. The worker continues after records that were deleted unread, and
    with a topic that was created again."""

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
        return not self._keeps_state

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
    def command(self) -> str:
        """Command of the worker."""
        if self._keeps_state:
            return "badbuzz process"
        return "badbuzz record" if self.can_fall_back else "badbuzz notify"

    @property
    def remedy(self) -> str:
        """The action with which the worker continues a topic that was created again."""
        if self._keeps_state:
            return "start badbuzz process --skip-deleted once to continue with the new topic"
        if self.can_fall_back:
            return "set BADBUZZ_STORE to a new database, see docs/kafka.md, The recorder's recovery"
        return (
            "stop the notifier and delete its consumer groups, see docs/kafka.md, "
            "The notifier's recovery"
        )

    @property
    def _keeps_state(self) -> bool:
        return self in (TopicSemantics.STATE_TOPIC, TopicSemantics.STATE_TOPIC_SKIP_DELETED)

    @property
    def _skips_deleted(self) -> bool:
        return self not in (TopicSemantics.STATE_TOPIC, TopicSemantics.STORE)

    def check_partitions(self, topic: str, identity: TopicIdentity, n_partitions: int) -> None:
        """Check that a topic has as many partitions as the settings say.

        Raises
        ------
        KafkaError
            When partitions were added.

        Examples
        --------
        >>> TopicSemantics.STATE_TOPIC.check_partitions("tweets", TopicIdentity("a1", 6), 4)
        Traceback (most recent call last):
        badbuzz.errors.KafkaError: tweets has 6 partitions, not 4: move to new topics, see ...
        """
        if identity.id and identity.n_partitions != n_partitions:
            raise KafkaError(
                f"{topic} has {identity.n_partitions} partitions, not {n_partitions}: move to new "
                "topics, see docs/kafka.md, Change the number of partitions"
            )

    def check_identity(self, where: str, handler: PartitionHandler, topic_id: str) -> bool:
        """Check that a handler's position belongs to the topic that exists now.

        Parameters
        ----------
        where
            Topic and partition, for the error message.
        handler
            The handler.
        topic_id
            Id of the topic; empty if the broker gives topics no ids.

        Returns
        -------
        bool
            False if the topic was created again and its deleted records may be skipped: the
            position is then the first offset of the new topic.

        Raises
        ------
        KafkaError
            When the topic was deleted and created again, and its records may not be skipped.
        """
        if not topic_id or handler.topic_id in ("", topic_id):
            return True
        what = (
            f"{where}: the topic was deleted and created again; its former records from offset "
            f"{handler.next_offset} on were not read"
        )
        if self is not TopicSemantics.STATE_TOPIC_SKIP_DELETED:
            raise KafkaError(f"{what}; {self.remedy}")
        log.warning("%s; continues with the first record of the new topic", what)
        return False

    def check_committed(self, where: str, next_offset: int, committed: int) -> None:
        """Check that a position is not below the offset that its group has committed.

        Raises
        ------
        StateError
            When the state that contains the position was lost.
        """
        if next_offset < committed and not self.can_fall_back:
            raise StateError(
                f"{where}: the state loaded ends at offset {next_offset}, but {committed} was "
                f"committed: state was lost; {LOST_STATE_REMEDY}"
            )

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
        badbuzz.errors.KafkaError: tweets/0: records 3 to 6 were deleted unread; ...
        """
        offset = min(max(next_offset, first), end)
        if offset == next_offset:
            return offset
        can_skip, remedy = self._skips_deleted, self.remedy
        if next_offset > end:
            can_skip = self is TopicSemantics.STATE_TOPIC_SKIP_DELETED
            lost = (
                f"{where}: the partition ends at offset {end}, but {next_offset} is the next to "
                "read: the topic was truncated"
            )
        else:
            remedy = f"{self.command} --skip-deleted continues after them"
            lost = f"{where}: records {next_offset} to {first - 1} were deleted unread"
        if not can_skip:
            raise KafkaError(f"{lost}; {remedy}")
        log.warning("%s; continues at offset %d", lost, offset)
        return offset


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
