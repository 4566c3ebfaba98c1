"""Study of a recipe on its data: the model and its quality."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from scipy import sparse
from sklearn.metrics import roc_auc_score
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from badbuzz.features.known_words import KnownWords
from training.datasets.rows import N_FOLDS, Flags, Floats, Rows, read_rows, read_sentences, splits
from training.recipes.graph import Linear
from training.recipes.linear import Prior, Table, fit, fit_prior, hashed_presence
from training.recipes.quality import Calibrated, cross_validate, measure, out_of_fold
from training.recipes.reference import heldout_reference
from training.recipes.shipped import Recipe

VADER_NEGATIVE: Final = -0.05
"""Largest compound score of a negative text by VADER (Hutto and Gilbert 2014)."""


class Study:
    """Recipe with its data and their features.

    Parameters
    ----------
    recipe
        Recipe of the bundle.
    rows
        Rows to train on and to test on in folds.
    prior
        Rows of the larger corpus for the prior; None for no prior.
    """

    def __init__(self, recipe: Recipe, rows: Rows, prior: Rows | None = None) -> None:
        self.recipe = recipe
        self.rows = rows
        self._present = hashed_presence(self.rows.texts, recipe.features)
        self._splits = splits(self.rows.texts, recipe.n_splits)
        self.own = own_sentences(recipe.sentences)
        self._own_present = hashed_presence(self.own.texts, recipe.features)
        self.n_prior = 0 if prior is None else len(prior)
        self._prior_texts: list[str] = [] if prior is None else prior.texts
        self._prior = self._fit_prior(prior)

    @classmethod
    def read(cls, recipe: Recipe, data: Path) -> Self:
        """Read the data of a recipe from their folder."""
        prior = None if recipe.prior is None else read_rows(data, *recipe.prior.files)
        return cls(recipe, read_rows(data, *recipe.rows.files), prior)

    def _fit_prior(self, rows: Rows | None) -> Prior | None:
        shape = self.recipe.prior_shape
        if rows is None or shape is None:
            return None
        present = hashed_presence(rows.texts, self.recipe.features)
        return fit_prior(present, rows.negative, shape)

    def table(self, kept: Flags) -> Table:
        """Fit a model to the kept rows and the recipe's sentences."""
        present = sparse.vstack([self._present[kept], self._own_present]).tocsr()
        negative = np.concatenate([self.rows.negative[kept], self.own.negative])
        return fit(present, negative, self.recipe.shape, self._prior)

    def _fit(self, kept: Flags) -> Callable[[Flags], Floats]:
        table = self.table(kept)
        return lambda rows: table.logits(self._present[rows])

    def quality(self, step: Callable[[], None]) -> dict[str, Any]:
        """Return every figure of the card; call ``step`` :attr:`n_steps` times."""
        figures = cross_validate(self._fit, self.rows.negative, self._splits, step)
        quality: dict[str, Any] = {
            name: {"mean": figure.mean, "sd": figure.sd} for name, figure in figures.items()
        }
        if self.recipe.left_out is not None:
            quality |= self._left_out(self.recipe.left_out)
            step()
        quality["vader"] = vader_quality(self.rows)
        step()
        return quality

    @property
    def n_steps(self) -> int:
        """Number of steps of :meth:`quality`."""
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
        """Return the model of all rows, calibrated on out-of-fold scores."""
        calibrated = Calibrated.of(self._logits, self.rows.negative)
        table = self.table(np.ones(len(self.rows), np.bool_))
        return Linear.of(table, calibrated), calibrated

    @cached_property
    def _logits(self) -> Floats:
        """Out-of-fold logits of all rows."""
        everything = np.ones(len(self.rows), np.bool_)
        return out_of_fold(self._fit, everything, self._splits[0].inner)

    def reference(self, calibrated: Calibrated) -> dict[str, Any]:
        """Return the reference of :meth:`model` by the rows that it is calibrated on."""
        return heldout_reference(
            self.rows.texts,
            calibrated.scores(self._logits),
            self._splits[0].inner,
            [*self.own.texts, *self._prior_texts],
        )

    def known_words(self) -> KnownWords:
        """Return every word that the model was trained on."""
        return KnownWords.from_texts([*self.rows.texts, *self.own.texts, *self._prior_texts])


def own_sentences(name: str | None) -> Rows:
    """Read the sentences of a file in ``training/data``; no rows for None."""
    if name is None:
        return Rows([], np.zeros(0, np.bool_), np.zeros(0, np.str_))
    with as_file(files("training").joinpath("data", name)) as path:
        return read_sentences(path)


def vader_quality(rows: Rows) -> dict[str, float]:
    """Return VADER's accuracy and AUC on rows."""
    analyser = SentimentIntensityAnalyzer()
    compound = np.array([analyser.polarity_scores(text)["compound"] for text in rows.texts])
    right = (compound <= VADER_NEGATIVE) == rows.negative
    return {
        "accuracy": round(float(right.mean()), 4),
        "auc": round(float(roc_auc_score(rows.negative, -compound)), 4),
    }
