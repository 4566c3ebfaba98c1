"""Sizes of a comparison: quick (two minutes) or full (up to two hours)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Scale:
    """Sizes of a comparison, whole numbers above 0.

    Parameters
    ----------
    most_rows
        Number of rows of a corpus; None for all.
    most_prior_rows
        Number of rows of the shipped recipe's larger corpus; None for all.
    n_folds
        Number of random folds that are tested; one if a corpus has more than ``many_rows`` rows.
    n_brands
        Number of brands that are left out in turn, the largest first; None for all.
    n_trees
        Number of trees of a forest and of boosting steps.
    n_components
        Number of components of TF-IDF for trees.
    n_dimensions
        Number of dimensions of a word vector.
    n_passes
        Number of epochs of the word vectors.
    n_epochs
        Maximum epochs of a network.
    """

    name: str
    most_rows: int | None
    most_prior_rows: int | None
    n_folds: int
    many_rows: int
    n_brands: int | None
    n_trees: int
    n_components: int
    n_dimensions: int
    n_passes: int
    n_epochs: int


QUICK: Final = Scale(
    name="quick",
    most_rows=2000,
    most_prior_rows=10_000,
    n_folds=1,
    many_rows=20_000,
    n_brands=1,
    n_trees=40,
    n_components=50,
    n_dimensions=50,
    n_passes=15,
    n_epochs=8,
)
FULL: Final = Scale(
    name="full",
    most_rows=None,
    most_prior_rows=None,
    n_folds=5,
    many_rows=20_000,
    n_brands=None,
    n_trees=150,
    n_components=100,
    n_dimensions=100,
    n_passes=10,
    n_epochs=20,
)
