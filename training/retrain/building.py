"""A bundle of the linear recipe from rows that were read already."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from badbuzz import __version__
from badbuzz.errors import RecordingError
from training.datasets.corpus import Corpus
from training.datasets.rows import N_FOLDS, Rows, splits
from training.recipes.bundles import write_bundle
from training.recipes.shipped import Recipe
from training.recipes.study import Study
from training.retrain.base import Base


def check_rows(name: str, language: str, rows: Rows) -> None:
    """Refuse rows that no model can be trained on and tested in folds.

    Raises
    ------
    RecordingError
        When a class has fewer than fifty rows or is missing in a fold, or most rows are copies.
    """
    Corpus(name, language, rows).checked()
    outer = splits(rows.texts, 1)[0].outer
    for fold in range(N_FOLDS):
        held = rows.negative[outer == fold]
        if not held.any() or held.all():
            raise RecordingError(
                f"{name}: too many rows are near-duplicates of each other: one fifth of them holds "
                f"{len(held):,} rows of one class only: give more that differ"
            )


def digest(base: Base) -> str:
    """A hash of everything that a bundle is made of."""
    found = sha256(f"{__version__} {base.recipe!r}\n".encode())
    for rows in filter(None, (base.rows, base.prior)):
        found.update(Corpus("", "", rows).digest.encode())
    return found.hexdigest()[:16]


def build(
    base: Base, folder: Path, more: Mapping[str, Any], begin: Callable[[int], Callable[[], None]]
) -> Path:
    """Train, test in five folds, convert, and write a bundle into a folder.

    Parameters
    ----------
    more
        Of the card.
    begin
        Called with the number of steps; what it returns is called after each.
    """
    recipe: Recipe = base.recipe
    check_rows(", ".join(recipe.rows.files), recipe.language, base.rows)
    study = Study(recipe, base.rows, base.prior)
    step = begin(study.n_steps + 1)
    quality = study.quality(step)
    bundle = write_bundle(study, quality, folder, {"digest": digest(base), **more})
    step()
    return bundle
