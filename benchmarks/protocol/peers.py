"""Other detectors on the same counts: one score per bucket, with the product's alert life cycle.

Detectors that compare with a mean use the product's baseline, so that only the tests are compared.
Detectors with a window of their own keep it. None of them looks ahead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from badbuzz.detection.buckets import SCALES
from badbuzz.detection.statistics import count_z, rate_z
from benchmarks.protocol.river_peers import gaussian_scorer, half_space_trees
from benchmarks.protocol.stream import PER_DAY, Floats, Ints, Stream
from benchmarks.protocol.trace import DetectorScores, FoldTrace

_PHI: Final = 0.1


def sums(counts: Floats | Ints, n: int) -> Floats:
    """Return the sum of each bucket and the n - 1 before it; fewer at the start.

    Examples
    --------
    >>> sums(np.array([1.0, 2.0, 3.0]), 2).tolist()
    [1.0, 3.0, 5.0]
    """
    total = np.cumsum(counts, dtype=float)
    total[n:] -= total[:-n].copy()
    return total


def _before(counts: Floats | Ints, n: int) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of the n buckets before each; 0 for the first."""
    seen = np.concatenate([[0.0], counts[:-1]])
    size = np.minimum(np.maximum(np.arange(len(counts)), 1), n)
    mean = sums(seen, n) / size
    variance = sums(seen**2, n) / size - mean**2
    return mean, np.sqrt(np.maximum(variance, 0.0))


def _scored(score: Floats) -> DetectorScores:
    return DetectorScores(score.astype(np.float32))


def count_only(stream: Stream, trace: FoldTrace) -> DetectorScores:
    """Score by the product's count z on its best scale, without the rate."""
    max_count_z = trace.found.max_count_z
    assert max_count_z is not None
    return DetectorScores(max_count_z, max_count_z)


def count_60(stream: Stream, trace: FoldTrace) -> DetectorScores:
    """Score by the negatives of an hour against the expected ones."""
    seen, expected = sums(stream.negatives, 12), sums(trace.expected, 12)
    pairs = zip(seen.tolist(), expected.tolist(), strict=True)
    return _scored(np.array([count_z(n, mean, _PHI) for n, mean in pairs]))


def cusum(stream: Stream, trace: FoldTrace) -> DetectorScores:
    """Score by the cumulative sum of standardised excesses (Page 1954), each at most 4, less 1."""
    spread = np.sqrt(trace.expected + _PHI * trace.expected**2 + 0.25)
    steps = np.minimum((stream.negatives - trace.expected) / spread, 4.0) - 1.0
    score = np.empty(len(steps))
    level = 0.0
    for i, step in enumerate(steps.tolist()):
        level = max(level + step, 0.0)
        score[i] = level
    return _scored(score)


def rate_only(stream: Stream, trace: FoldTrace) -> DetectorScores:
    """Score by the product's rate z on its best scale, without the count."""
    best = np.full(len(trace.rate), -np.inf)
    for n, clustering in zip(SCALES, trace.clustering.T, strict=True):
        negatives, tweets = sums(stream.negatives, n), sums(stream.negatives + stream.others, n)
        columns = (negatives, tweets, trace.rate, clustering)
        rows = zip(*(column.tolist() for column in columns), strict=True)
        best = np.maximum(best, [rate_z(*row) for row in rows])
    return _scored(best)


def ewma_sqrt(stream: Stream, trace: FoldTrace) -> DetectorScores:
    """Score by the root of the count against its exponential mean and deviation over three days."""
    forget = 1.0 / (3 * PER_DAY)
    score = np.empty(len(stream.negatives))
    mean, variance = 0.0, 0.25
    for i, root in enumerate(np.sqrt(stream.negatives).tolist()):
        score[i] = (root - mean) / np.sqrt(variance)
        step = root - mean
        mean += forget * step
        variance += forget * (step * step - variance)
    return _scored(score)


def three_sigma(stream: Stream, trace: FoldTrace) -> DetectorScores:
    """Score by the negatives against mean and standard deviation of the 24 hours before."""
    mean, deviation = _before(stream.negatives, PER_DAY)
    return _scored((stream.negatives - mean) / np.maximum(deviation, 0.5))


def hour_against_twelve(stream: Stream, trace: FoldTrace) -> DetectorScores:
    """Score by the last hour's mentions over the hourly mean of the twelve before.

    Media-monitoring suites describe spike alerts this way: a percentage above the recent mean.
    """
    mentions = stream.negatives + stream.others
    hour = sums(mentions, 12)
    before = np.concatenate([np.zeros(12), sums(mentions, 144)[:-12]]) / 12
    return _scored((hour - before) / np.maximum(before, 5.0))


def promql_z(stream: Stream, trace: FoldTrace) -> DetectorScores:
    """``(x - avg_over_time(x[1w])) / stddev_over_time(x[1w])`` of the negatives."""
    mean, deviation = _before(stream.negatives, 7 * PER_DAY)
    return _scored((stream.negatives - mean) / np.maximum(deviation, 0.5))


PEERS: Final[dict[str, Callable[[Stream, FoldTrace], DetectorScores]]] = {
    "count only": count_only,
    "60-minute count": count_60,
    "CUSUM": cusum,
    "rate only": rate_only,
    "EWMA of sqrt(count)": ewma_sqrt,
    "three sigma over 24 h": three_sigma,
    "hour against 12 h": hour_against_twelve,
    "PromQL z-score": promql_z,
    "River GaussianScorer": gaussian_scorer,
    "River HalfSpaceTrees": half_space_trees,
}
