"""The life cycle of alerts for any score, and the matching of alerts with events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.protocol.stream import BUCKET_MIN, PER_DAY, WARMUP_DAYS, Event
from benchmarks.protocol.trace import QUIET_Z, DetectorScores

GRACE_MIN: Final = 5
"""Minutes after its end up to which an alert still matches an event."""

_QUIET: Final = 6  # buckets below the threshold that end an alert
_COOL_DOWN: Final = 12  # buckets after the end in which only a new peak opens an alert
_STEP: Final = 2.0


def openings(found: DetectorScores, threshold: float) -> list[int]:
    """Return the buckets that open an alert, with the product's life cycle, for any score.

    ``badbuzz.detection.alerting`` is the product's implementation; a test compares the two. If a
    detector has no maximum count z, an alert ends after half an hour below the threshold.

    Parameters
    ----------
    found
        Scores of consecutive buckets.
    threshold
        Threshold of the score.

    Examples
    --------
    >>> scores = np.array([0, 5, 0, 5] + [0] * 24 + [5], dtype=np.float32)
    >>> openings(DetectorScores(scores), 4.0)
    [1, 28]
    """
    score = found.score
    is_active = (
        found.max_count_z >= QUIET_Z if found.max_count_z is not None else score >= threshold
    )
    buckets = np.arange(len(score))
    n_calm = buckets - np.maximum.accumulate(np.where(is_active, buckets, -1))
    opened: list[int] = []
    end = cool_until = -1
    peak = 0.0
    for i in np.flatnonzero(score >= threshold).tolist():
        if i <= end or (i < cool_until and score[i] < peak + _STEP):
            continue
        opened.append(i)
        calm = np.flatnonzero(n_calm[i + _QUIET :] >= _QUIET)
        end = i + _QUIET + int(calm[0]) if len(calm) else len(score)
        peak = float(np.max(score[i : end + 1]))
        cool_until = end + _COOL_DOWN
    return opened


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The crises and surges of one stream that its alerts match.

    Parameters
    ----------
    n_false
        Number of alerts that match nothing.
    n_benign
        Number of alerts that match a benign surge and no crisis.
    delays_min
        Minutes from each event's start to its first alert, or None.
    """

    n_false: int
    n_benign: int
    delays_min: tuple[tuple[Event, int | None], ...]


def evaluate(
    opened: Sequence[int], events: Sequence[Event], warmup_days: int = WARMUP_DAYS
) -> Evaluation:
    """Match alerts with the events of a stream.

    An alert matches an event if it opens after its onset and at most five minutes after its end.
    A match with a benign surge counts as "benign alerted" and not as a false alert too. Every other
    alert after the warm-up is false.

    Parameters
    ----------
    opened
        Buckets that opened an alert; it opens at the bucket's end.
    events
        Crises and benign surges.
    warmup_days
        Days at the start whose alerts are not evaluated.

    Examples
    --------
    >>> evaluate([2, 40], [Event(7, 47, 3)], warmup_days=0)
    Evaluation(n_false=1, n_benign=0, delays_min=((Event(start_min=7, end_min=47, factor=3), 8),))
    """
    evaluated = [(i + 1) * BUCKET_MIN for i in opened if i >= warmup_days * PER_DAY]
    hits: dict[bool, set[int]] = {True: set(), False: set()}
    delays: list[tuple[Event, int | None]] = []
    for event in events:
        own = [at for at in evaluated if event.start_min < at <= event.end_min + GRACE_MIN]
        hits[event.factor > 0].update(own)
        delays.append((event, own[0] - event.start_min if own else None))
    n_false = len(set(evaluated) - hits[True] - hits[False])
    return Evaluation(n_false, n_benign=len(hits[False] - hits[True]), delays_min=tuple(delays))
