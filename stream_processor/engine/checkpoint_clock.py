"""The time between a consumer's checkpoints, and the age of what no checkpoint contains."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from stream_processor.engine import metrics

_MAX_SHARE: Final = 0.1
_SMOOTHING: Final = 0.2
_STALE_S: Final = 30.0
_MAX_INTERVAL_S: Final = 2.0  # bounds what waits in memory while a backlog is read


class CheckpointClock:
    """Spaces checkpoints so that they take at most a tenth of the CPU time.

    If they would then be rarer than every two seconds, they take more.

    Parameters
    ----------
    min_interval_s
        Minimum time between checkpoints, in seconds.

    Examples
    --------
    >>> clock = CheckpointClock(min_interval_s=60)
    >>> with clock.measure():
    ...     pass
    >>> clock.is_due(), clock.is_stale
    (False, False)
    """

    def __init__(self, min_interval_s: float) -> None:
        self._min_interval_s = min_interval_s
        self._interval_s = min_interval_s
        self._cpu_s = 0.0
        self._attempted_s = 0.0
        self._unsaved_since_s: float | None = None

    def is_due(self, pause_s: float = 0.0) -> bool:
        """Tell whether it is time for a checkpoint, or for another attempt after a pause."""
        return time.monotonic() - self._attempted_s >= (pause_s or self._interval_s)

    @property
    def is_stale(self) -> bool:
        """True if records have waited for a checkpoint for half a minute longer than they should.

        A broker whose disk is full, for instance, accepts connections and no transactions.
        """
        since_s = self._unsaved_since_s
        return since_s is not None and time.monotonic() - since_s > self._interval_s + _STALE_S

    def note_record(self) -> None:
        """Note that a record was taken."""
        if self._unsaved_since_s is None:
            self._unsaved_since_s = time.monotonic()

    def note_attempt(self) -> None:
        """Note that a checkpoint failed and is to be tried again."""
        self._attempted_s = time.monotonic()

    def note_discard(self) -> None:
        """Note that the records taken since the last checkpoint were given up."""
        self._unsaved_since_s = None

    @contextmanager
    def measure(self) -> Iterator[None]:
        """Measure a checkpoint; one that raises an exception is none."""
        started_s, cpu_s = time.monotonic(), time.thread_time()
        yield
        self._unsaved_since_s = None
        self._attempted_s = time.monotonic()
        self._cpu_s += _SMOOTHING * (time.thread_time() - cpu_s - self._cpu_s)
        self._interval_s = max(self._min_interval_s, min(self._cpu_s / _MAX_SHARE, _MAX_INTERVAL_S))
        metrics.CHECKPOINT_SECONDS.observe(self._attempted_s - started_s)
