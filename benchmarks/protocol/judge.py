"""The life cycle of alerts for any score, and the rule of a hit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.protocol.stream import BUCKET_MIN, PER_DAY, WARMUP_DAYS, Event
from benchmarks.protocol.trace import CALM_Z, Scored

GRACE_MIN: Final = 5
"""An alert hits that opens up to this long after the crisis is over."""

_QUIET: Final = 6  # buckets below, and the alert is over
_COOL_DOWN: Final = 12  # buckets after that in which only a new peak opens
_STEP: Final = 2.0


def openings(found: Scored, threshold: float) -> list[int]:
    """Return the buckets that open an alert, with the product's life cycle, for any score.

    ``badbuzz.detection.alerting`` says the same for the product, and a test holds the two together.
    An alert of a detector without a calm of its own ends after half an hour below the threshold.

    Parameters
    ----------
    found
        Scores of consecutive buckets.
    threshold
        Threshold of the score.

    Examples
    --------
    >>> scores = np.array([0, 5, 0, 5] + [0] * 24 + [5], dtype=np.float32)
    >>> openings(Scored(scores), 4.0)
    [1, 28]
    """
    score = found.score
    restless = found.max_count_z >= CALM_Z if found.max_count_z is not None else score >= threshold
    buckets = np.arange(len(score))
    n_calm = buckets - np.maximum.accumulate(np.where(restless, buckets, -1))
    opened: list[int] = []
    end = cool_until = -1
    peak = 0.0
    for i in np.flatnonzero(score >= threshold).tolist():
        if i <= end or (i < cool_until and score[i] < peak + _STEP):
            continue
        opened.append(i)
        calm = np.flatnonzero(n_calm[i + _QUIET :] >= _QUIET)
        end = i + _QUIET + int(calm[0]) if len(calm) else len(score)
        peak = float(score[i : end + 1].max())
        cool_until = end + _COOL_DOWN
    return opened


@dataclass(frozen=True, slots=True)
class Judged:
    """The crises and surges of one stream that its alerts hit.

    Parameters
    ----------
    n_false
        Alerts that hit nothing.
    n_benign
        Alerts that hit a benign surge and no crisis.
    delays_min
        Minutes to each event's first alert, or None.
    """

    n_false: int
    n_benign: int
    delays_min: tuple[tuple[Event, int | None], ...]


def judge(opened: Sequence[int], events: Sequence[Event], warmup_days: int = WARMUP_DAYS) -> Judged:
    """Hold alerts against what was put into a stream.

    An alert hits an event when it opens after its onset and no later than five minutes after its
    end. Of a crisis that is a catch; of a benign surge it is the very thing counted as "benign
    alerted", and not a false alert besides. Every other alert after the warm-up is false.

    Parameters
    ----------
    opened
        Buckets that opened an alert: it is there at the bucket's end.
    events
        Crises and benign surges.
    warmup_days
        Alerts within are not judged.

    Examples
    --------
    >>> judge([2, 40], [Event(7, 47, 3)], warmup_days=0)
    Judged(n_false=1, n_benign=0, delays_min=((Event(start_min=7, end_min=47, factor=3), 8),))
    """
    judged = [(i + 1) * BUCKET_MIN for i in opened if i >= warmup_days * PER_DAY]
    hits: dict[bool, set[int]] = {True: set(), False: set()}
    delays: list[tuple[Event, int | None]] = []
    for event in events:
        own = [at for at in judged if event.start_min < at <= event.end_min + GRACE_MIN]
        hits[event.factor > 0].update(own)
        delays.append((event, own[0] - event.start_min if own else None))
    n_false = len(set(judged) - hits[True] - hits[False])
    return Judged(n_false, n_benign=len(hits[False] - hits[True]), delays_min=tuple(delays))
