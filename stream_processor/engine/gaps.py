"""Gaps in the offsets of a topic whose offsets have none."""

from __future__ import annotations

import logging
from typing import Final

from aiokafka import TopicPartition

from stream_processor.engine import metrics

log = logging.getLogger(__name__)


class Gaps:
    """Remembers the gaps whose records were fetched again.

    A gap is fetched again, but only once: its offsets may be transaction markers.

    Examples
    --------
    >>> gaps = Gaps()
    >>> tweets = TopicPartition("tweets", 0)
    >>> gaps.is_new(tweets, 5, 7), gaps.is_new(tweets, 5, 7)
    (True, False)
    """

    def __init__(self) -> None:
        self._sought: Final[dict[int, int]] = {}

    def is_new(self, partition: TopicPartition, first: int, end: int) -> bool:
        """Note a gap, and return whether its records are to be fetched; else count it.

        Parameters
        ----------
        partition
            Topic and partition.
        first, end
            First missing offset, and the offset after the last one.
        """
        if self._sought.get(partition.partition) != first:
            self._sought[partition.partition] = first
            return True
        log.warning("%s/%d: no records from %d to %d", *partition, first, end - 1)
        metrics.GAPS.inc()
        return False

    def forget(self, number: int) -> None:
        """Forget the gap of a partition, whose records are read again."""
        self._sought.pop(number, None)

    def clear(self) -> None:
        """Forget all gaps."""
        self._sought.clear()
