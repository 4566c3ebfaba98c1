"""Building a bundle of the linear recipe from rows in memory."""

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
from training.recipes.study import Study
from training.retrain.base import Base


def check_rows(name: str, language: str, rows: Rows) -> None:
    """Raise an error if a model cannot be trained on the rows and tested in folds.

    Raises
    ------
    RecordingError
        A class has fewer than 50 rows or is missing in a fold, or too many rows are copies.
    """
    Corpus(name, language, rows).checked()
    outer = splits(rows.texts, 1)[0].outer
    for fold in range(N_FOLDS):
        held = rows.negative[outer == fold]
        if not held.any() or held.all():
            raise RecordingError(
                f"{name}: too many rows are near-duplicates of each other: one fifth of them has "
                f"{len(held):,} rows of one class only: give more different rows"
            )


def digest(base: Base) -> str:
    """Return a hash of everything that a bundle is made of, 16 hexadecimal digits."""
    total = sha256(f"{__version__} {base.recipe!r}\n".encode())
    for rows in filter(None, (base.rows, base.prior)):
        total.update(Corpus("", "", rows).digest.encode())
    return total.hexdigest()[:16]


def build(
    base: Base, folder: Path, entries: Mapping[str, Any], begin: Callable[[int], Callable[[], None]]
) -> Path:
    """Train, test in five folds, convert, and write a bundle into a folder.

    Parameters
    ----------
    entries
        Entries to add to the card.
    begin
        Called with the number of steps; returns a function to call after each step.
    """
    recipe = base.recipe
    check_rows(", ".join(recipe.rows.files), recipe.language, base.rows)
    study = Study(recipe, base.rows, base.prior)
    step = begin(study.n_steps + 1)
    quality = study.quality(step)
    bundle = write_bundle(study, quality, folder, entries)
    step()
    return bundle
