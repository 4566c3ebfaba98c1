"""A recipe on its data: the model it gives, and how good it is."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Self

import numpy as np
from scipy import sparse

from badbuzz.features.hashing import HashedFeaturiser
from badbuzz.features.known_words import KnownWords
from training.datasets.rows import N_FOLDS, Flags, Floats, Rows, read_rows, read_sentences, splits
from training.recipes.graph import Linear
from training.recipes.linear import Prior, Table, fit, fit_prior, presence
from training.recipes.quality import Calibrated, cross_validate, measure, out_of_fold
from training.recipes.reference import held_out_reference
from training.recipes.shipped import Recipe
from training.recipes.vader import vader_quality


class Study:
    """A recipe with its data read and its features found.

    Parameters
    ----------
    recipe
        What to make.
    rows
        What is trained on, and tested on in folds.
    prior
        Rows of the larger corpus whose model stands beside, or None.
    """

    def __init__(self, recipe: Recipe, rows: Rows, prior: Rows | None = None) -> None:
        self.recipe = recipe
        self.rows = rows
        self._present = self._features(self.rows)
        self._splits = splits(self.rows.texts, recipe.n_splits)
        self.own = own_sentences(recipe.sentences)
        self._own_present = self._features(self.own)
        self.n_prior = 0 if prior is None else len(prior)
        self._prior_texts: list[str] = [] if prior is None else prior.texts
        self._prior = self._fit_prior(prior)

    @classmethod
    def read(cls, recipe: Recipe, data: Path) -> Self:
        """A recipe on the data that it names, in their folder."""
        prior = None if recipe.prior is None else read_rows(data, *recipe.prior.files)
        return cls(recipe, read_rows(data, *recipe.rows.files), prior)

    def _features(self, rows: Rows) -> sparse.csr_matrix:
        features = self.recipe.features
        return presence(HashedFeaturiser(features).rows(rows.texts), features.n_buckets)

    def _fit_prior(self, rows: Rows | None) -> Prior | None:
        shape = self.recipe.prior_shape
        if rows is None or shape is None:
            return None
        return fit_prior(self._features(rows), rows.negative, shape)

    def table(self, kept: Flags) -> Table:
        """The model of the kept rows and our own sentences."""
        present = sparse.vstack([self._present[kept], self._own_present]).tocsr()
        negative = np.concatenate([self.rows.negative[kept], self.own.negative])
        return fit(present, negative, self.recipe.shape, self._prior)

    def _fit(self, kept: Flags) -> Callable[[Flags], Floats]:
        table = self.table(kept)
        return lambda rows: table.logits(self._present[rows])

    def quality(self, step: Callable[[], None]) -> dict[str, Any]:
        """Every figure of the card; ``step`` is called :attr:`n_steps` times."""
        figures = cross_validate(self._fit, self.rows.negative, self._splits, step)
        found: dict[str, Any] = {
            name: {"mean": figure.mean, "sd": figure.sd} for name, figure in figures.items()
        }
        if self.recipe.left_out is not None:
            found |= self._left_out(self.recipe.left_out)
            step()
        found["vader"] = vader_quality(self.rows)
        step()
        return found

    @property
    def n_steps(self) -> int:
        """How long :meth:`quality` takes, in steps."""
        recipe = self.recipe
        return N_FOLDS * recipe.n_splits + (recipe.left_out is not None) + 1

    def _left_out(self, brand: str) -> dict[str, Any]:
        held = self.rows.brands == brand
        negative = self.rows.negative
        calibrated = Calibrated.on(self._fit, ~held, negative, self._splits[0].inner)
        scores = calibrated.scores(self._fit(~held)(held))
        measured = measure(scores, negative[held])
        share = float(calibrated.shares(scores).mean())
        return {
            "left_out": brand,
            **{f"left_out_{name}": round(value, 4) for name, value in measured.items()},
            "left_out_share": round(float(negative[held].mean()), 4),
            "left_out_adjusted_share": round(share, 4),
        }

    def model(self) -> tuple[Linear, Calibrated]:
        """The model of all rows, with the calibration of scores out of fold."""
        calibrated = Calibrated.of(self._logits, self.rows.negative)
        table = self.table(np.ones(len(self.rows), np.bool_))
        return Linear.of(table, calibrated), calibrated

    @cached_property
    def _logits(self) -> Floats:
        """Of all rows, out of fold."""
        everything = np.ones(len(self.rows), np.bool_)
        return out_of_fold(self._fit, everything, self._splits[0].inner)

    def reference(self, calibrated: Calibrated) -> dict[str, Any]:
        """What is usual of :meth:`model`, by the rows that it is calibrated on."""
        return held_out_reference(
            self.rows.texts,
            calibrated.scores(self._logits),
            self._splits[0].inner,
            [*self.own.texts, *self._prior_texts],
        )

    def known_words(self) -> KnownWords:
        """Every word that the model has seen."""
        return KnownWords.from_texts([*self.rows.texts, *self.own.texts, *self._prior_texts])


def own_sentences(name: str | None) -> Rows:
    """Our own sentences in a file of this room's data; no rows for None."""
    if name is None:
        return Rows([], np.zeros(0, np.bool_), np.zeros(0, np.str_))
    with as_file(files("training").joinpath("data", name)) as path:
        return read_sentences(path)
