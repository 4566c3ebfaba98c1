"""NAB's score of a detector, written from its paper.

Lavin and Ahmad (2015), "Evaluating real-time anomaly detection algorithms: the Numenta Anomaly
Benchmark". Only the first detection in a window counts, and an earlier one counts more. A detection
outside of windows costs more, the further it is behind the last window. Detections in the
probationary period do not count. The standard profile weighs a detected window 1, a missed one 1
and a false detection 0.11. One threshold, the best one, applies to the whole corpus. No detections
score 0, the detection of each window at its first record scores 100.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import exp, inf
from typing import Final, NamedTuple

from benchmarks.nab.series import Series

DETECTED: Final = 1.0
MISSED: Final = -1.0
FALSE: Final = 0.11
PROBATION: Final = 0.15
LONGEST_PROBATION: Final = 750  # 15 % of 5,000 records
_FAR: Final = 3.0
_STEEPNESS: Final = 5.0


def merit(position: float) -> float:
    """Return the value of a detection by its position, in [-1, 1].

    Parameters
    ----------
    position
        Position in widths of the window: -1 at its first record, 0 at its end, positive
        behind it. The value is -1 from 3 on.

    Examples
    --------
    >>> [round(merit(position), 3) for position in (-1.0, -0.5, 0.0, 1.0, 3.0)]
    [0.987, 0.848, 0.0, -0.987, -1.0]
    """
    if position >= _FAR:
        return -1.0
    return 2.0 / (1.0 + exp(_STEEPNESS * position)) - 1.0


def n_probation(n: int) -> int:
    """Return the number of probationary records among n: 15 %, at most 750.

    Examples
    --------
    >>> n_probation(1_000), n_probation(15_902)
    (150, 750)
    """
    return min(int(PROBATION * n), LONGEST_PROBATION)


class Place(NamedTuple):
    """Value of a detection at one record; ``window`` is -1 outside of windows."""

    window: int
    points: float


def places(series: Series) -> Iterator[tuple[int, Place]]:
    """Return the value of detecting each record after the probation, by its index.

    Raises
    ------
    ValueError
        When a window begins in the probationary period.

    Examples
    --------
    >>> from benchmarks.nab.series import Series, Window
    >>> found = dict(places(Series("AIR", 0, (1,) * 100, (Window(50, 59),))))
    >>> min(found), found[20], found[50]
    (15, Place(window=-1, points=-0.11), Place(window=0, points=1.0))
    """
    n = len(series.counts)
    begin = n_probation(n)
    if series.windows and series.windows[0].first < begin:
        raise ValueError(f"{series.name} has a window in its first {begin} records")
    past = -1
    for i in range(begin, n):
        if past + 1 < len(series.windows) and i >= series.windows[past + 1].first:
            past += 1
        if past < 0:
            yield i, Place(-1, -FALSE)
            continue
        first, last = series.windows[past]
        width = last - first + 1
        if i <= last:
            yield i, Place(past, DETECTED * merit((i - last - 1) / width) / merit(-1.0))
        else:
            yield i, Place(-1, FALSE * merit((i - last) / max(width - 1, 1)))


def raw_score(series: Series, scores: Sequence[float], threshold: float) -> float:
    """Return the raw score of a detector on one series.

    Parameters
    ----------
    series
        The labels.
    scores
        Anomaly score of each record, on any scale.
    threshold
        A record is detected at this score or above.

    Examples
    --------
    >>> from benchmarks.nab.series import Series, Window
    >>> series = Series("AIR", 0, (1,) * 100, (Window(50, 59),))
    >>> raw_score(series, [0.0] * 50 + [1.0] + [0.0] * 49, threshold=1.0)
    1.0
    """
    earned = [MISSED] * len(series.windows)
    lost = 0.0
    for i, place in places(series):
        if scores[i] < threshold:
            continue
        if place.window < 0:
            lost += place.points
        else:
            earned[place.window] = max(earned[place.window], place.points)
    return sum(earned) + lost


def normalised(raw: float, n_windows: int) -> float:
    """Normalise a raw score: 0 for detecting nothing, 100 for the perfect detector.

    Examples
    --------
    >>> normalised(-4.0, n_windows=4), normalised(4.0, n_windows=4), normalised(0.0, n_windows=4)
    (0.0, 100.0, 50.0)
    """
    return 100.0 * (raw - MISSED * n_windows) / ((DETECTED - MISSED) * n_windows)


def best_threshold(corpus: Sequence[Series], scores: Sequence[Sequence[float]]) -> float:
    """Return the best threshold for all series together; infinity if nothing is best.

    Parameters
    ----------
    corpus, scores
        The series, and the scores of each.

    Examples
    --------
    >>> from benchmarks.nab.series import Series, Window
    >>> series = Series("AIR", 0, (1,) * 100, (Window(50, 59),))
    >>> best_threshold([series], [[0.0] * 50 + [0.7] + [0.2] * 49])
    0.7
    """
    points = sorted(
        (
            (scored[i], number, place)
            for number, (series, scored) in enumerate(zip(corpus, scores, strict=True))
            for i, place in places(series)
        ),
        key=lambda point: -point[0],
    )
    earned: dict[tuple[int, int], float] = {}
    total = best = 0.0
    threshold = inf
    for at, (score, number, place) in enumerate(points):
        if place.window < 0:
            total += place.points
        else:
            before = earned.get((number, place.window), MISSED)
            earned[number, place.window] = max(before, place.points)
            total += earned[number, place.window] - before
        last_of_its_score = at + 1 == len(points) or points[at + 1][0] < score
        if last_of_its_score and total > best:
            best, threshold = total, score
    return threshold


@dataclass(frozen=True, slots=True)
class Result:
    """The normalised scores of a detector: 100 is perfect, below 0 is worse than no detection."""

    threshold: float
    by_series: tuple[float, ...]
    total: float


def evaluate(corpus: Sequence[Series], scores: Sequence[Sequence[float]]) -> Result:
    """Score a detector on a corpus at its best threshold.

    Examples
    --------
    >>> from benchmarks.nab.series import Series, Window
    >>> series = Series("AIR", 0, (1,) * 100, (Window(50, 59),))
    >>> evaluate([series], [[0.0] * 50 + [0.7] + [0.2] * 49])
    Result(threshold=0.7, by_series=(100.0,), total=100.0)
    """
    threshold = best_threshold(corpus, scores)
    raws = [raw_score(*pair, threshold) for pair in zip(corpus, scores, strict=True)]
    return Result(
        threshold,
        tuple(normalised(r, len(s.windows)) for r, s in zip(raws, corpus, strict=True)),
        normalised(sum(raws), sum(len(series.windows) for series in corpus)),
    )
