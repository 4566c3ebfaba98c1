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

_Places = NDArray[np.int64]


@dataclass(frozen=True)
class Fold:
    """Row indices of one fit.

    Parameters
    ----------
    name
        ``fold 0``, or the brand that is left out.
    train
        Learnt from.
    watch
        A tenth of the others: calibrates scores, and says when a network has learnt enough.
    test
        Seen by nobody before.
    """

    name: str
    train: _Places
    watch: _Places
    test: _Places


@dataclass(frozen=True)
class View:
    """A way to ask how good a model is: its folds, whose tests are looked at together."""

    name: str
    folds: tuple[Fold, ...]

    @property
    def digest(self) -> str:
        """A hash of all places."""
        found = sha256(self.name.encode())
        for fold in self.folds:
            for places in (fold.train, fold.watch, fold.test):
                found.update(f"{fold.name} {len(places)} ".encode())
                found.update(places.astype("<i8").tobytes())
        return found.hexdigest()[:16]


def views(corpus: Corpus, scale: Scale) -> list[View]:
    """Return the splits of a corpus: random ones, and one per brand that is left out.

    Near-duplicates are on one side of every split: whatever resembles a test row of a brand that
    is left out is not used for training either.

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
    found = [View(RANDOM, random)]
    brands = tuple(_brand_folds(corpus, split))[: scale.n_brands]
    if brands:
        found.append(View(UNSEEN, brands))
    return found


def _brand_folds(corpus: Corpus, split: Split) -> Iterator[Fold]:
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


def _fold(corpus: Corpus, split: Split, name: str, test: Flags) -> Fold:
    tested = {corpus.groups[place] for place in np.flatnonzero(test)}
    free = np.array([key not in tested for key in corpus.groups])
    watch = free & (split.inner == 0)
    train = free & (split.inner != 0)
    fold = Fold(name, np.flatnonzero(train), np.flatnonzero(watch), np.flatnonzero(test))
    for part, places in (("train", fold.train), ("watch", fold.watch), ("test", fold.test)):
        n_negative = int(corpus.rows.negative[places].sum())
        if not 0 < n_negative < len(places):
            raise RecordingError(
                f"{corpus.name}: the {part} part of {name!r} has {n_negative} negative rows of "
                f"{len(places)}: give more rows, and fewer copies"
            )
    return fold
