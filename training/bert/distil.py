"""Distil a tuned encoder into the linear model of the bundles.

Teachers are tuned on one half of the training rows each. A row's target is part truth and part the
score of the teacher that did not learn it; texts without labels are scored by both. The student
is the bundles' own recipe, fitted to those targets: a text of target p counts p times as negative
and 1 - p times as other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import numpy as np
from scipy import sparse

from badbuzz.features.hashing import HashedFeaturiser
from training.bert.folder import Encoder
from training.bert.ragged import Ragged
from training.bert.tuning import Top, Tuning, Warm, begun, fitted, loss, reader
from training.compare.baselines import Beside
from training.compare.fitted_classifier import FittedClassifier
from training.compare.prepared import Parts, Prepared
from training.compare.scale import Scale
from training.datasets.rows import Flags, Floats, group_keys, hashed_folds
from training.recipes.linear import Table, calibrate, fit, presence, sigmoid
from training.recipes.shipped import Recipe

_N_NUMBERS: Final = 2
_AT_ONCE: Final = 2048
"""Texts whose states are held at a time."""


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
"""Tried in turn; the validation rows choose."""


@dataclass(frozen=True)
class _Lesson:
    """Rows of hashed ids with their targets; the labelled ones first."""

    present: Any
    truth: Floats
    taught: Floats

    def target(self, mixture: Mixture) -> tuple[Floats, Floats]:
        """Return target and weight of each row."""
        n = len(self.truth)
        target = self.taught.copy()
        target[:n] = (1 - mixture.trust) * self.truth + mixture.trust * self.taught[:n]
        counts = np.full(len(target), mixture.weight)
        counts[:n] = 1.0
        return target, counts


class Distilled:
    """A student of the recipe, on texts.

    Parameters
    ----------
    beside
        Additional training rows of the recipe, or None.
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
        beside: Beside | None,
        unlabelled: Sequence[str],
        warm: Warm | None,
    ) -> None:
        self._encoder = encoder
        self._tuning = tuning
        self._recipe = recipe
        self._beside = beside
        self._unlabelled = list(unlabelled)
        self._warm = warm

    @property
    def digest(self) -> str:
        """A hash of the texts without labels."""
        told = "\0".join(self._unlabelled).encode("utf-8", "surrogatepass")
        return sha256(told).hexdigest()[:16]

    def __call__(self, prepared: Prepared, _: Scale) -> FittedClassifier:
        """Return the student with the lowest validation loss."""
        texts, truth = prepared.inputs, prepared.negative
        before_s = sum(one.seconds for one in (self._beside, self._warm) if one is not None)
        taught = self._taught(texts, truth)
        lesson = _Lesson(
            self._present([*texts.train, *self._unlabelled]), truth.train.astype(np.float64), taught
        )
        watched = self._present(texts.watch)
        students = [self._student(lesson, mixture) for mixture in MIXTURES]
        losses = [_calibrated_loss(one.logits(watched), truth.watch) for one in students]
        best = students[int(np.argmin(losses))]
        return FittedClassifier(
            lambda inputs: best.logits(self._present(inputs)),
            4 * _N_NUMBERS * (self._recipe.features.n_buckets + 1),
            learnt_before_s=before_s,
        )

    def _taught(self, texts: Parts, truth: Parts) -> Floats:
        """P(negative) by teachers: of the training rows out of fold, then of the others."""
        read = reader(self._encoder, self._tuning)
        watch = read(texts.watch)
        half = hashed_folds(group_keys(texts.train), 1)[0].inner % 2
        train = read(texts.train)
        scores = np.zeros(len(texts.train))
        teachers = []
        for number in (0, 1):
            own, other = np.flatnonzero(half == number), np.flatnonzero(half != number)
            teacher = begun(self._encoder, self._tuning, self._warm, seed=number)
            fitted(
                teacher,
                Parts(train.taken(own), watch, None),
                Parts(truth.train[own], truth.watch, None),
            )
            score = _scorer(teacher, watch, truth.watch)
            scores[other] = score(train.taken(other))
            teachers.append(score)
        parts = [scores]
        for at in range(0, len(self._unlabelled), _AT_ONCE):
            states = read(self._unlabelled[at : at + _AT_ONCE])
            parts.append(np.mean([score(states) for score in teachers], axis=0))
        return np.concatenate(parts)

    def _present(self, texts: Sequence[str]) -> Any:
        features = self._recipe.features
        return presence(HashedFeaturiser(features).rows(texts), features.n_buckets)

    def _student(self, lesson: _Lesson, mixture: Mixture) -> Table:
        target, counts = lesson.target(mixture)
        kept = counts > 0
        prior = self._beside.prior if self._beside else None
        return fit_soft(
            lesson.present[kept], target[kept], counts[kept], self._recipe, prior, self._beside
        )


def fit_soft(
    present: Any,
    target: Floats,
    counts: Floats,
    recipe: Recipe,
    prior: Any,
    beside: Beside | None,
) -> Table:
    """Fit the recipe to targets in [0, 1]; each row is used twice, once per class."""
    rows, negative, weights = [], [], []
    for is_negative, share in ((True, target), (False, 1 - target)):
        kept = share > 0
        rows.append(present[kept])
        negative.append(np.full(int(kept.sum()), is_negative))
        weights.append((counts * share)[kept])
    if beside is not None and len(beside.own_negative):
        rows.append(beside.own)
        negative.append(beside.own_negative)
        weights.append(np.ones(len(beside.own_negative)))
    return fit(
        sparse.vstack(rows).tocsr(),
        np.concatenate(negative),
        recipe.shape,
        prior,
        np.concatenate(weights),
    )


def _scorer(teacher: Top, watch: Ragged, negative: Flags) -> Callable[[Ragged], Floats]:
    """Calibrated on the validation rows."""
    slope, bias = calibrate(teacher.logits(watch), negative)
    return lambda states: sigmoid(slope * teacher.logits(states) + bias)


def _calibrated_loss(logits: Floats, negative: Flags) -> float:
    slope, bias = calibrate(logits, negative)
    return loss(slope * logits + bias, negative)
