"""Splits into training and test rows, the same for every model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import numpy as np
from numpy.typing import NDArray

from badbuzz.errors import RecordingError
from training.compare.scale import Scale
from training.datasets.corpus import FEWEST, Corpus
from training.datasets.rows import N_FOLDS, Flags, Split, hashed_folds

RANDOM: Final = "random"
UNSEEN: Final = "unseen brand"

_Indices = NDArray[np.int64]


@dataclass(frozen=True)
class FoldRows:
    """Row indices of one fit.

    Parameters
    ----------
    name
        ``fold 0``, or the brand that is left out.
    train
        Rows to train on.
    validation
        Validation rows, a tenth of the others: for calibration and early stopping.
    test
        Rows to test on.
    """

    name: str
    train: _Indices
    validation: _Indices
    test: _Indices


@dataclass(frozen=True)
class View:
    """Folds whose test rows are evaluated together."""

    name: str
    folds: tuple[FoldRows, ...]

    @property
    def digest(self) -> str:
        """Hash of all indices, 16 hexadecimal digits."""
        digest = sha256(self.name.encode())
        for fold in self.folds:
            for indices in (fold.train, fold.validation, fold.test):
                digest.update(f"{fold.name} {len(indices)} ".encode())
                digest.update(indices.astype("<i8").tobytes())
        return digest.hexdigest()[:16]


def views(corpus: Corpus, scale: Scale) -> list[View]:
    """Return the splits of a corpus: random ones, and one per brand that is left out.

    Near-duplicates are on one side of every split: near-duplicates of the test rows of a brand
    that is left out are not trained on.

    Raises
    ------
    RecordingError
        When a part would lack a class.
    """
    split = hashed_folds(corpus.groups, 1)[0]
    n_folds = scale.n_folds if len(corpus.rows) <= scale.many_rows else 1
    random = tuple(
        _fold(corpus, split, f"fold {fold}", split.outer == fold)
        for fold in range(min(n_folds, N_FOLDS))
    )
    brands = tuple(_brand_folds(corpus, split))[: scale.n_brands]
    return [View(RANDOM, random), *([View(UNSEEN, brands)] if brands else [])]


def _brand_folds(corpus: Corpus, split: Split) -> Iterator[FoldRows]:
    """Return a fold for each brand with enough rows of both classes, the largest first."""
    names, counts = np.unique(corpus.rows.brands, return_counts=True)
    if len(names) < 2:
        return
    negative = corpus.rows.negative
    for place in np.argsort(-counts, kind="stable"):
        test = corpus.rows.brands == names[place]
        if names[place] and all(
            min(int(negative[part].sum()), int((~negative[part]).sum())) >= FEWEST
            for part in (test, ~test)
        ):
            yield _fold(corpus, split, str(names[place]), test)


def _fold(corpus: Corpus, split: Split, name: str, test: Flags) -> FoldRows:
    tested = {corpus.groups[place] for place in np.flatnonzero(test)}
    free = np.array([key not in tested for key in corpus.groups])
    validation = free & (split.inner == 0)
    train = free & (split.inner != 0)
    fold = FoldRows(name, np.flatnonzero(train), np.flatnonzero(validation), np.flatnonzero(test))
    for part, places in (
        ("train", fold.train),
        ("validation", fold.validation),
        ("test", fold.test),
    ):
        n_negative = int(corpus.rows.negative[places].sum())
        if not 0 < n_negative < len(places):
            raise RecordingError(
                f"{corpus.name}: the {part} part of {name!r} has {n_negative} negative rows of "
                f"{len(places)}: give more rows, and fewer copies"
            )
    return fold
