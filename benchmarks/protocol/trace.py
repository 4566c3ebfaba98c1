"""The scores of the product's fold in a stream, bucket by bucket, for any threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from badbuzz.detection.baseline import Baseline
from badbuzz.detection.buckets import SCALES, Bucket
from badbuzz.detection.state import BrandState, Rules
from badbuzz.detection.windows import examine, learn
from badbuzz.model import BUCKET_MS, SCORE_UNITS
from benchmarks.protocol.stream import START_MS, Floats, Stream

QUIET_Z: Final = 2.0


@dataclass(frozen=True, slots=True)
class DetectorScores:
    """A detector's scores of the buckets of a stream.

    Parameters
    ----------
    score
        Score of each bucket; an alert opens when it reaches the threshold.
    max_count_z
        Maximum count z of each bucket: an alert ends after half an hour below 2. If None, it ends
        after half an hour with the score below the threshold.
    """

    score: npt.NDArray[np.float32]
    max_count_z: npt.NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class FoldTrace:
    """The fold's scores of a stream, and its baseline at each bucket.

    Parameters
    ----------
    found
        Score and maximum count z of each bucket.
    expected, rate
        Expected number and share of negatives of each bucket.
    clustering
        Learned clustering at each bucket, one column per scale.
    p_value
        P-value of an alert that opens at each bucket.
    """

    found: DetectorScores
    expected: Floats
    rate: Floats
    clustering: Floats
    p_value: Floats


class OracleBaseline(Baseline):
    """A baseline that knows the true mean: the upper bound of what a better baseline can gain."""

    __slots__ = ("truth",)

    def __init__(self) -> None:
        super().__init__()
        self.truth = 1.0

    def expected(self, hour: float) -> float:
        """Return the true mean."""
        return self.truth

    def uncertainty(self, hour: float) -> float:
        """Return 0, because the mean is known."""
        return 0.0


def buckets_of(stream: Stream) -> list[Bucket]:
    """Convert a stream's counts to the fold's buckets; a tweet's score is 0 or 1."""
    return [
        Bucket(n=negative + other, n_negative=negative, adjusted=negative * SCORE_UNITS)
        for negative, other in zip(stream.negatives.tolist(), stream.others.tolist(), strict=True)
    ]


def trace(stream: Stream, rules: Rules, *, oracle: bool = False) -> FoldTrace:
    """Fold a stream.

    Parameters
    ----------
    stream
        Stream, from the first bucket of its warm-up.
    rules
        Rules of the brand; theta is not used.
    oracle
        Whether the fold knows each bucket's true mean.
    """
    oracle_baseline = OracleBaseline()
    state = BrandState(
        stream.brand, closed_ms=START_MS, baseline=oracle_baseline if oracle else Baseline()
    )
    found: list[tuple[Any, ...]] = []
    for i, bucket in enumerate(buckets_of(stream)):
        start_ms = START_MS + i * BUCKET_MS
        oracle_baseline.truth = float(stream.expected[i])
        finding = examine(state, start_ms, bucket, rules)
        usual = state.baseline
        clustering = (usual.clustering(scale) for scale in range(len(SCALES)))
        own = (finding.score, finding.max_count_z, bucket.expected, usual.rate, finding.p_value)
        found.append((*own, *clustering))
        learn(state, bucket, finding, rules)
    columns = np.array(found).T
    score, max_count_z, expected, rate, p_value = columns[:5]
    return FoldTrace(
        DetectorScores(score.astype(np.float32), max_count_z.astype(np.float32)),
        expected=expected,
        rate=rate,
        clustering=columns[5:].T,
        p_value=p_value,
    )
