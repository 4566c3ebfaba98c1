"""Quality of a recipe by five-fold cross-validation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from training.datasets.rows import N_FOLDS, Flags, Floats, Split
from training.recipes.linear import calibrate, sigmoid

Folds = NDArray[np.int64]

SHARES: Final = (0.2, 0.5, 0.8)
N_DRAWN: Final = 500
_N_DRAWS: Final = 400
_N_BINS: Final = 10

Fit = Callable[[Flags], Callable[[Flags], Floats]]
"""Function from the rows to train on to a function from rows to their uncalibrated logits."""


@dataclass(frozen=True)
class Figure:
    """Mean and standard deviation over the folds."""

    mean: float
    sd: float

    @classmethod
    def of(cls, values: list[float]) -> Figure:
        """Return mean and standard deviation of values, rounded to four places."""
        return cls(round(float(np.mean(values)), 4), round(float(np.std(values)), 4))


@dataclass(frozen=True)
class Calibrated:
    """Calibration from out-of-fold logits, with the mean score of either class."""

    slope: float
    bias: float
    m0: float
    m1: float

    @classmethod
    def on(cls, fit: Fit, kept: Flags, negative: Flags, inner: Folds) -> Calibrated:
        """Calibrate on the kept rows, each scored by a model without its inner fold."""
        return cls.of(out_of_fold(fit, kept, inner)[kept], negative[kept])

    @classmethod
    def of(cls, logits: Floats, negative: Flags, *, identity: bool = False) -> Calibrated:
        """Calibrate on logits of rows and their labels; ``identity`` keeps the logits unchanged."""
        slope, bias = (1.0, 0.0) if identity else calibrate(logits, negative)
        scores = sigmoid(slope * logits + bias)
        return cls(slope, bias, float(scores[~negative].mean()), float(scores[negative].mean()))

    def scores(self, logits: Floats) -> Floats:
        """Return P(negative) of logits."""
        return sigmoid(self.slope * logits + self.bias)

    def shares(self, scores: Floats) -> Floats:
        """Return the contribution of each score to the adjusted share of negatives."""
        return (scores - self.m0) / (self.m1 - self.m0)


def out_of_fold(fit: Fit, kept: Flags, inner: Folds) -> Floats:
    """Return the logit of each kept row by a model without its inner fold, 0.0 for other rows."""
    logits = np.zeros(len(kept))
    for fold in np.unique(inner[kept]):
        held = kept & (inner == fold)
        logits[held] = fit(kept & ~held)(held)
    return logits


def cross_validate(
    fit: Fit, negative: Flags, splits: Sequence[Split], step: Callable[[], None]
) -> dict[str, Figure]:
    """Return mean and deviation over the folds of :func:`measure` and :func:`share_errors`.

    Calibration and class means of a fold come from a cross-validation inside the other four.

    Parameters
    ----------
    step
        Called after each fold.
    """
    measurements: dict[str, list[float]] = {}
    for split in splits:
        for fold in range(N_FOLDS):
            held = split.outer == fold
            calibrated = Calibrated.on(fit, ~held, negative, split.inner)
            scores = calibrated.scores(fit(~held)(held))
            measured = measure(scores, negative[held])
            measured |= share_errors(calibrated.shares(scores), negative[held], seed=fold)
            for name, value in measured.items():
                measurements.setdefault(name, []).append(value)
            step()
    return {name: Figure.of(values) for name, values in measurements.items()}


def measure(scores: Floats, negative: Flags) -> dict[str, float]:
    """Return accuracy at 0.5, AUC, and the expected calibration error in ten equal bins."""
    return {
        "accuracy": float(((scores >= 0.5) == negative).mean()),
        "auc": float(roc_auc_score(negative, scores)),
        "ece": calibration_error(scores, negative),
    }


def calibration_error(scores: Floats, negative: Flags) -> float:
    """Return the mean gap between score and share of negatives, over ten bins of equal width."""
    bins = np.minimum((scores * _N_BINS).astype(int), _N_BINS - 1)
    n = np.bincount(bins, minlength=_N_BINS)
    gaps = np.bincount(bins, scores, _N_BINS) - np.bincount(bins, negative, _N_BINS)
    return float(np.abs(gaps).sum()) / int(n.sum())


def share_errors(shares: Floats, negative: Flags, seed: int) -> dict[str, float]:
    """Return bias and deviation of the adjusted share of 500 rows drawn at known shares."""
    rng = np.random.default_rng(seed)
    errors: dict[str, float] = {}
    for truth in SHARES:
        n_negative = round(truth * N_DRAWN)
        drawn = np.concatenate(
            [
                rng.choice(shares[negative], (_N_DRAWS, n_negative)),
                rng.choice(shares[~negative], (_N_DRAWS, N_DRAWN - n_negative)),
            ],
            axis=1,
        ).mean(axis=1)
        errors[f"share_bias_{truth}"] = float(drawn.mean()) - truth
        errors[f"share_sd_{truth}"] = float(drawn.std())
    return errors
