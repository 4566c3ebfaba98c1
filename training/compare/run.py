"""Fit and test of one model in every fold of a view."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.compare.candidates import Candidate
from training.compare.fitted_classifier import Curve
from training.compare.prepared import Experiment, Prepared
from training.compare.views import View
from training.datasets.rows import Flags, Floats
from training.recipes.quality import Calibrated

_LEAST_APART = 1e-6


@dataclass(frozen=True)
class Outcome:
    """Scores of a model for all test rows of a view, and their cost.

    Parameters
    ----------
    rows
        Indices of the test rows in the corpus, fold after fold.
    folds
        Number of each row's fold.
    negative
        Labels of the rows.
    scores
        P(negative), calibrated on rows that were not used for training.
    shares
        Contribution of each row to the adjusted share of negatives.
    train_s
        CPU-seconds of one fit, features included, the mean over the folds.
    score_us
        CPU-microseconds of scoring a text, features included.
    n_bytes
        Mean size of the model with its features over the folds, in bytes.
    curve
        Learning curve of a network in the first fold, or None.
    """

    rows: NDArray[np.int64]
    folds: NDArray[np.int64]
    negative: Flags
    scores: Floats
    shares: Floats
    train_s: float
    score_us: float
    n_bytes: int
    curve: Curve | None


@dataclass(frozen=True)
class _Tested:
    scores: Floats
    shares: Floats
    negative: Flags
    train_s: float
    score_s: float
    n_bytes: int
    curve: Curve | None


def fit_and_score(
    candidate: Candidate, view: View, experiment: Experiment, step: Callable[[], None]
) -> Outcome:
    """Fit and test in every fold; ``step`` is called after each."""
    tested = []
    for fold in view.folds:
        prepared = experiment.prepared(fold, candidate.features)
        tested.append(_test(candidate, prepared, experiment))
        step()
    rows = np.concatenate([fold.test for fold in view.folds])
    lengths = [len(one.scores) for one in tested]
    return Outcome(
        rows=rows,
        folds=np.repeat(np.arange(len(tested)), lengths),
        negative=np.concatenate([one.negative for one in tested]),
        scores=np.concatenate([one.scores for one in tested]),
        shares=np.concatenate([one.shares for one in tested]),
        train_s=float(np.mean([one.train_s for one in tested])),
        score_us=1e6 * sum(one.score_s for one in tested) / len(rows),
        n_bytes=round(float(np.mean([one.n_bytes for one in tested]))),
        curve=tested[0].curve,
    )


def _test(candidate: Candidate, prepared: Prepared, experiment: Experiment) -> _Tested:
    clock = time.process_time()
    classifier = candidate.classify(prepared, experiment.scale)
    train_s = time.process_time() - clock + classifier.shared_s
    validation_logits = np.asarray(classifier.logits(prepared.inputs.validation), np.float64)
    clock = time.process_time()
    logits = np.asarray(classifier.logits(prepared.inputs.test), np.float64)
    score_s = time.process_time() - clock
    calibrated = Calibrated.of(
        validation_logits, prepared.negative.validation, identity=classifier.untrained
    )
    scores = calibrated.scores(logits)
    apart = calibrated.m1 - calibrated.m0 > _LEAST_APART
    return _Tested(
        scores=scores,
        shares=calibrated.shares(scores) if apart else scores,
        negative=prepared.negative.test,
        train_s=prepared.train_s + train_s,
        score_s=prepared.score_s + score_s,
        n_bytes=prepared.n_bytes + classifier.n_bytes,
        curve=classifier.curve,
    )
