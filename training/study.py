"""A recipe on its data: the model it gives, and how good it is."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from badbuzz.features import Featuriser
from badbuzz.known import KnownWords
from training.graph import Linear
from training.linear import Flags, Floats, Prior, Table, fit, fit_prior, presence
from training.quality import Calibrated, cross_validate, measure, out_of_fold
from training.recipes import Recipe
from training.reference import held_out_reference
from training.rows import N_FOLDS, Rows, read_rows, read_sentences, splits
from training.vader import vader_quality


class Study:
    """A recipe with its data read and its features found.

    Parameters
    ----------
    recipe
        What to make.
    data
        Folder of the data.
    """

    def __init__(self, recipe: Recipe, data: Path) -> None:
        self.recipe = recipe
        self.rows = read_rows(data, *recipe.rows.files)
        self._present = self._features(self.rows)
        self._splits = splits(self.rows.texts, recipe.n_splits)
        self.own = own_sentences(recipe.sentences)
        self._own_present = self._features(self.own)
        self.n_prior = 0
        self._prior_texts: list[str] = []
        self._prior = self._fit_prior(data)

    def _features(self, rows: Rows) -> sparse.csr_matrix:
        features = self.recipe.features
        return presence(Featuriser(features).rows(rows.texts), features.n_buckets)

    def _fit_prior(self, data: Path) -> Prior | None:
        recipe = self.recipe
        if recipe.prior is None or recipe.prior_shape is None:
            return None
        rows = read_rows(data, *recipe.prior.files)
        self.n_prior = len(rows)
        self._prior_texts = rows.texts
        return fit_prior(self._features(rows), rows.negative, recipe.prior_shape)

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
        columns = np.stack([table.sums, table.squares], axis=1).astype(np.float32)
        padded = np.concatenate([columns, np.zeros((1, 2), np.float32)])
        bias = calibrated.slope * table.bias + calibrated.bias
        return Linear(padded, calibrated.slope, bias), calibrated

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
        return KnownWords.of([*self.rows.texts, *self.own.texts, *self._prior_texts])


def own_sentences(name: str | None) -> Rows:
    """Our own sentences in a file of this room's data; no rows for None."""
    if name is None:
        return Rows([], np.zeros(0, np.bool_), np.zeros(0, np.str_))
    with as_file(files("training").joinpath("data", name)) as path:
        return read_sentences(path)
