"""Distil a tuned encoder into the linear model of the bundles.

Each of two teachers is tuned on one half of the training rows. The target of a row is a mixture of
its label and of the score by the teacher that was not tuned on it; unlabelled texts are scored by
both. The student is the recipe of the bundles, fitted to these targets: a text with target p has
weight p as negative and 1 - p as other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import numpy as np
from scipy import sparse

from training.bert.folder import Encoder
from training.bert.ragged import Ragged
from training.bert.tuning import (
    TunedLayers,
    Tuning,
    WarmStart,
    cross_entropy,
    new_tuned_layers,
    state_reader,
    tune,
)
from training.compare.baselines import AdditionalData
from training.compare.fitted_classifier import FittedClassifier
from training.compare.prepared import FoldParts, Prepared
from training.compare.scale import Scale
from training.datasets.rows import Flags, Floats, group_keys, hashed_folds
from training.recipes.linear import Table, calibrate, fit, hashed_presence, sigmoid
from training.recipes.shipped import Recipe

_N_NUMBERS: Final = 2
_AT_ONCE: Final = 2048
"""Number of texts whose states are in memory at a time."""


@dataclass(frozen=True)
class Mixture:
    """Training data of a student.

    Parameters
    ----------
    trust
        Share of the teacher in the target of a labelled row, in [0, 1].
    weight
        Weight of an unlabelled text, relative to a labelled row.
    """

    trust: float
    weight: float


MIXTURES: Final = (
    Mixture(0.0, 0.0), Mixture(0.5, 0.0), Mixture(0.0, 0.3), Mixture(0.5, 0.1), Mixture(0.5, 0.3),
)  # fmt: skip
"""Mixtures to try; the one with the lowest validation loss is used."""


@dataclass(frozen=True)
class _TrainingSet:
    """Features of texts with labels and teachers' scores; labelled texts first."""

    present: Any
    labels: Floats
    scores: Floats

    def target(self, mixture: Mixture) -> tuple[Floats, Floats]:
        """Return target and weight of each row."""
        n = len(self.labels)
        target = self.scores.copy()
        target[:n] = (1 - mixture.trust) * self.labels + mixture.trust * self.scores[:n]
        counts = np.full(len(target), mixture.weight)
        counts[:n] = 1.0
        return target, counts


class Distiller:
    """Fits the recipe to the scores of tuned encoders.

    Parameters
    ----------
    additional
        Additional data of the recipe, or None.
    unlabelled
        Texts that the teachers score; none of them may be a test row.
    warm
        Weights that teachers start from, or None.
    """

    def __init__(
        self,
        encoder: Encoder,
        tuning: Tuning,
        recipe: Recipe,
        additional: AdditionalData | None,
        unlabelled: Sequence[str],
        warm: WarmStart | None,
    ) -> None:
        self._encoder = encoder
        self._tuning = tuning
        self._recipe = recipe
        self._additional = additional
        self._unlabelled = list(unlabelled)
        self._warm = warm

    @property
    def digest(self) -> str:
        """Hash of the unlabelled texts, 16 hexadecimal digits."""
        joined = "\0".join(self._unlabelled).encode("utf-8", "surrogatepass")
        return sha256(joined).hexdigest()[:16]

    def __call__(self, prepared: Prepared, _: Scale) -> FittedClassifier:
        """Return the student with the lowest validation loss."""
        texts, negative = prepared.inputs, prepared.negative
        shared_s = sum(one.seconds for one in (self._additional, self._warm) if one is not None)
        scores = self._teach(texts, negative)
        training = _TrainingSet(
            self._present([*texts.train, *self._unlabelled]),
            negative.train.astype(np.float64),
            scores,
        )
        validation = self._present(texts.validation)
        students = [self._student(training, mixture) for mixture in MIXTURES]
        losses = [_calibrated_loss(one.logits(validation), negative.validation) for one in students]
        best = students[int(np.argmin(losses))]
        return FittedClassifier(
            lambda inputs: best.logits(self._present(inputs)),
            4 * _N_NUMBERS * (self._recipe.features.n_buckets + 1),
            shared_s=shared_s,
        )

    def _teach(self, texts: FoldParts, negative: FoldParts) -> Floats:
        """Return the teachers' scores of the training rows, out of fold, and of the others."""
        read = state_reader(self._encoder, self._tuning)
        validation = read(texts.validation)
        half = hashed_folds(group_keys(texts.train), 1)[0].inner % 2
        train = read(texts.train)
        scores = np.zeros(len(texts.train))
        teachers = []
        for number in (0, 1):
            own, other = np.flatnonzero(half == number), np.flatnonzero(half != number)
            teacher = new_tuned_layers(self._encoder, self._tuning, self._warm, seed=number)
            tune(
                teacher,
                FoldParts(train.select(own), validation, None),
                FoldParts(negative.train[own], negative.validation, None),
            )
            score = _scorer(teacher, validation, negative.validation)
            scores[other] = score(train.select(other))
            teachers.append(score)
        parts = [scores]
        for at in range(0, len(self._unlabelled), _AT_ONCE):
            states = read(self._unlabelled[at : at + _AT_ONCE])
            parts.append(np.mean([score(states) for score in teachers], axis=0))
        return np.concatenate(parts)

    def _present(self, texts: Sequence[str]) -> Any:
        return hashed_presence(texts, self._recipe.features)

    def _student(self, training: _TrainingSet, mixture: Mixture) -> Table:
        target, counts = training.target(mixture)
        kept = counts > 0
        return fit_soft(
            training.present[kept], target[kept], counts[kept], self._recipe, self._additional
        )


def fit_soft(
    present: Any, target: Floats, counts: Floats, recipe: Recipe, additional: AdditionalData | None
) -> Table:
    """Fit the recipe to targets in [0, 1]; each row is used twice, once per class."""
    rows, negative, weights = [], [], []
    for is_negative, share in ((True, target), (False, 1 - target)):
        kept = share > 0
        rows.append(present[kept])
        negative.append(np.full(int(kept.sum()), is_negative))
        weights.append((counts * share)[kept])
    if additional is not None and len(additional.own):
        rows.append(additional.own_present)
        negative.append(additional.own.negative)
        weights.append(np.ones(len(additional.own)))
    return fit(
        sparse.vstack(rows).tocsr(),
        np.concatenate(negative),
        recipe.shape,
        additional.prior if additional else None,
        np.concatenate(weights),
    )


def _scorer(
    teacher: TunedLayers, validation: Ragged, negative: Flags
) -> Callable[[Ragged], Floats]:
    """Return the function from states to scores, calibrated on the validation rows."""
    slope, bias = calibrate(teacher.logits(validation), negative)
    return lambda states: sigmoid(slope * teacher.logits(states) + bias)


def _calibrated_loss(logits: Floats, negative: Flags) -> float:
    slope, bias = calibrate(logits, negative)
    return cross_entropy(slope * logits + bias, negative)
