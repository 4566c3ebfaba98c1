"""Linear models over hashed features, folded into one table.

The weight of a feature is ``idf**rarity * (0.3 + |r|)**contrast``, where r is the log ratio of its
shares among negative and other texts (Wang and Manning 2012). A text is the binary vector of its
features times their weights, divided by its norm. Logistic regression is fitted to these vectors.
A model of a larger, noisier corpus may serve as a prior: its sum, divided by the same norm, is one
more input. Weights, coefficients and prior are folded into two numbers for each feature: its
contribution to the sum and to the squared norm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from badbuzz.features.hashing import HashedFeatures, HashedFeaturiser
from training.datasets.rows import Flags, Floats

_FLOOR: Final = 0.3
_PRIOR_SCALE: Final = 0.3
_LEAST_NORM: Final = 1e-3


@dataclass(frozen=True)
class Shape:
    """Hyperparameters: weights of features and strength of the fit.

    Parameters
    ----------
    rarity, contrast
        Exponents of the weight, >= 0.
    strength
        Inverse of the L2 penalty, > 0.
    """

    rarity: float
    contrast: float
    strength: float


@dataclass(frozen=True)
class Prior:
    """Model of another corpus: contribution and log ratio of each feature there."""

    sums: Floats
    ratios: Floats


@dataclass(frozen=True)
class Table:
    """A fitted model.

    Parameters
    ----------
    sums, squares
        Float64 [n_buckets]: contribution of each feature to the sum and to the squared norm.
    bias
        Bias of the logit.
    """

    sums: Floats
    squares: Floats
    bias: float

    def logits(self, present: sparse.csr_matrix) -> Floats:
        """Return the uncalibrated logits of texts."""
        norms = np.maximum(np.sqrt(present @ self.squares), _LEAST_NORM)
        logits: Floats = (present @ self.sums) / norms + self.bias
        return logits


def presence(rows: NDArray[np.int32], n_buckets: int) -> sparse.csr_matrix:
    """Return padded rows of ids as a sparse binary matrix."""
    real = rows < n_buckets
    ends = np.concatenate([[0], np.cumsum(real.sum(axis=1))])
    ids = rows[real]
    return sparse.csr_matrix((np.ones(len(ids)), ids, ends), shape=(len(rows), n_buckets))


def hashed_presence(texts: Sequence[str], features: HashedFeatures) -> sparse.csr_matrix:
    """Return the hashed features of texts as a sparse binary matrix."""
    return presence(HashedFeaturiser(features).rows(texts), features.n_buckets)


def fit(
    present: sparse.csr_matrix,
    negative: Flags,
    shape: Shape,
    prior: Prior | None = None,
    counts: Floats | None = None,
) -> Table:
    """Fit a model to texts, weighted by ``counts``; each has weight 1 by default."""
    ratios = np.abs(log_ratios(present, negative, counts))
    if prior is not None:
        ratios = ratios + np.abs(prior.ratios)
    weights = _rarity(present) ** shape.rarity * (_FLOOR + ratios) ** shape.contrast
    squares = weights**2
    norms = np.maximum(np.sqrt(present @ squares), _LEAST_NORM)
    inputs = sparse.diags_array(1.0 / norms) @ present @ sparse.diags_array(weights)
    if prior is not None:
        other = _PRIOR_SCALE * (present @ prior.sums) / norms
        inputs = sparse.hstack([inputs, sparse.csr_matrix(other[:, None])])
    coefficients, bias = _regress(sparse.csr_matrix(inputs), negative, shape.strength, counts)
    sums = weights * coefficients[: len(weights)]
    if prior is not None:
        sums = sums + _PRIOR_SCALE * coefficients[-1] * prior.sums
    return Table(sums, squares, bias)


def _regress(
    inputs: sparse.csr_matrix, negative: Flags, strength: float, counts: Floats | None
) -> tuple[Floats, float]:
    """Return coefficients and intercept; empty columns are not fitted and have 0."""
    used = np.flatnonzero(np.bincount(inputs.indices, minlength=inputs.shape[1]))
    regression = LogisticRegression(C=strength, solver="liblinear", tol=1e-4, random_state=0).fit(
        inputs[:, used], negative, counts
    )
    coefficients = np.zeros(inputs.shape[1])
    coefficients[used] = regression.coef_[0]
    return coefficients, float(regression.intercept_[0])


def fit_prior(present: sparse.csr_matrix, negative: Flags, shape: Shape) -> Prior:
    """Fit a model of another corpus."""
    return Prior(fit(present, negative, shape).sums, log_ratios(present, negative))


def log_ratios(present: sparse.csr_matrix, negative: Flags, counts: Floats | None = None) -> Floats:
    """Return the log ratio of each feature's shares among negative and other texts, add-one."""
    counts = np.ones(len(negative)) if counts is None else counts
    negatives = present[negative].T @ counts[negative] + 1.0
    others = present[~negative].T @ counts[~negative] + 1.0
    ratios: Floats = np.log(negatives / negatives.sum()) - np.log(others / others.sum())
    return ratios


def _rarity(present: sparse.csr_matrix) -> Floats:
    """Return the smoothed inverse document frequency: 1 for a feature of every text."""
    n_texts = np.asarray(present.sum(axis=0)).ravel()
    rarity: Floats = np.log((1.0 + present.shape[0]) / (1.0 + n_texts)) + 1.0
    return rarity


def calibrate(logits: Floats, negative: Flags) -> tuple[float, float]:
    """Return slope and bias of Platt scaling (Platt 1999)."""
    regression = LogisticRegression(C=1e6).fit(logits[:, None], negative)
    return float(regression.coef_[0, 0]), float(regression.intercept_[0])


def sigmoid(logits: Floats) -> Floats:
    """Return the probabilities of logits."""
    scores: Floats = expit(logits)
    return scores
