"""River's detectors on the same counts (Montiel et al. 2021); River may be missing.

Their scores are in [0, 1] and measure how unusual a count is, not how high: a bucket at or below
its stream's mean is calm.
"""

from __future__ import annotations

from importlib.util import find_spec
from math import log10

import numpy as np

from benchmarks.protocol.stream import PER_DAY, Stream
from benchmarks.protocol.trace import DetectorScores, FoldTrace


def installed() -> bool:
    """Return True if River can be imported."""
    return find_spec("river") is not None


def gaussian_scorer(stream: Stream, trace: FoldTrace) -> DetectorScores:
    """``anomaly.GaussianScorer`` of the last week's negatives, as minus log10 of its tail."""
    from river.anomaly import GaussianScorer

    scorer = GaussianScorer(window_size=7 * PER_DAY, grace_period=100)
    score = np.zeros(len(stream.negatives), dtype=np.float32)
    for i, count in enumerate(stream.negatives.tolist()):
        surprise = -log10(max(1.0 - scorer.score_one(None, count), 1e-300))
        score[i] = surprise if count > scorer.gaussian.mu else 0.0
        scorer.learn_one(None, count)
    return DetectorScores(score)


def half_space_trees(stream: Stream, trace: FoldTrace) -> DetectorScores:
    """``anomaly.HalfSpaceTrees`` over the roots of negatives and others, scaled to [0, 1]."""
    from river.anomaly import HalfSpaceTrees
    from river.compose import Pipeline
    from river.preprocessing import MinMaxScaler

    model = Pipeline(MinMaxScaler(), HalfSpaceTrees(n_trees=10, height=8, seed=1))
    score = np.zeros(len(stream.negatives), dtype=np.float32)
    total = 0
    for i, count in enumerate(stream.negatives.tolist()):
        features = {"negatives": count**0.5, "others": float(stream.others[i]) ** 0.5}
        score[i] = model.score_one(features) if count * i > total else 0.0
        model.learn_one(features)
        total += count
    return DetectorScores(score)
