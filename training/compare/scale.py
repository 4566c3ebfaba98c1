"""Sizes of a comparison: quick (two minutes) or full (up to two hours)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Scale:
    """Sizes, all of them whole numbers above 0.

    Parameters
    ----------
    most_rows
        Rows of a corpus that are used; None for all.
    most_prior_rows
        Rows of the shipped recipe's additional corpus that are used; None for all.
    n_folds
        Random folds that are tested; one alone where a corpus has more than ``many_rows``.
    n_brands
        Brands that are left out in turn, the largest first; None for all.
    n_trees
        Trees of a forest and boosting steps.
    n_components
        Components of TF-IDF for trees.
    n_dimensions
        Dimensions of a word vector.
    n_passes
        Passes over the texts when word vectors are trained.
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
