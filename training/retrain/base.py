"""Base data and recipe of a language's model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import orjson

from badbuzz.errors import BundleError, RecordingError
from badbuzz.features.hashing import HashedFeatures
from badbuzz.models.scorer import Scorer
from badbuzz.recordings.rows import check_readable
from training.datasets.labelled import ReadOptions, read_own
from training.datasets.rows import Rows, read_rows
from training.recipes.linear import Shape
from training.recipes.shipped import AIRLINE_EN, RECIPES, Recipe, Source

_SHAPE: Final = ("rarity", "contrast", "strength")
_HASHED: Final = ("hashed, linear", "hashed, shipped")
"""Names of the shipped bundles' recipe in ``train compare``."""


@dataclass(frozen=True)
class Base:
    """Base data and recipe of a model.

    Parameters
    ----------
    recipe
        Recipe of the model.
    rows
        Rows to train on and to test on in folds.
    prior
        Rows of the larger corpus for the prior; None for no prior.
    notes
        Sentences on rows that were skipped or repeated.
    """

    recipe: Recipe
    rows: Rows
    prior: Rows | None
    notes: tuple[str, ...] = ()


def read_base(paths: Sequence[str], reading: ReadOptions) -> Base:
    """Read the base data of a language.

    Parameters
    ----------
    paths
        Labelled files, and at most one folder with the data of the language's shipped bundle.
    reading
        Options on reading; ``lang`` is the language.

    Raises
    ------
    RecordingError
        A file cannot be read or is invalid, or there is more than one folder.
    """
    folders = [path for path in paths if Path(path).is_dir()]
    files = [path for path in paths if path not in folders]
    if len(folders) > 1:
        raise RecordingError(f"{folders[1]}: give one folder, and files of your own")
    check_readable(files)
    own = read_own(files, reading) if files else None
    if not folders:
        assert own is not None
        return Base(_own_recipe(reading.lang, files), own.rows, None, own.notes)
    shipped = _shipped(folders[0], reading.lang)
    if own is None:
        return shipped
    return replace(shipped, rows=shipped.rows.joined(own.rows), notes=own.notes)


def _shipped(folder: str, language: str) -> Base:
    recipe = next((recipe for recipe in RECIPES if recipe.language == language), None)
    if recipe is None:
        raise RecordingError(f"{folder}: no bundle in {language!r} is shipped: give files instead")
    data = Path(folder)
    prior = None if recipe.prior is None else read_rows(data, *recipe.prior.files)
    return Base(recipe, read_rows(data, *recipe.rows.files), prior)


def _own_recipe(language: str, files: Sequence[str]) -> Recipe:
    """Return the recipe of the language's shipped bundle, or of the English one, for own rows."""
    like = next((recipe for recipe in RECIPES if recipe.language == language), AIRLINE_EN)
    names = tuple(Path(file).name for file in files)
    return replace(
        like,
        name=f"own-{language}",
        language=language,
        rows=Source(names, f"rows of {', '.join(names)}", "your own", "trained and tested on"),
        bars=(),
        prior=None,
        prior_shape=None,
        sentences=like.sentences if like.language == language else None,
        left_out=None,
    )


def like_champion(recipe: Recipe, champion: Scorer, bundle: Path) -> Recipe:
    """Return a recipe with name, threshold, features and shape of the champion.

    Raises
    ------
    BundleError
        The champion was made by another recipe, or its name is not a folder's name.
    """
    if champion.name.startswith(".") or Path(champion.name).name != champion.name:
        raise BundleError(
            f"{champion.version}: its name is not a folder's name: use --shipped-recipe, "
            "which trains a bundle with its own name"
        )
    config = orjson.loads((bundle / "featuriser.json").read_bytes())
    made = champion.card.get("model", {})
    same = replace(recipe, name=champion.name, threshold=champion.threshold)
    if made.get("kind") in _HASHED:
        return same
    if "features" not in config or not set(_SHAPE) <= made.keys():
        raise BundleError(
            f"{champion.version}: was made by another recipe ({made.get('kind', 'unknown')}), and "
            "retraining supports only the recipe of the shipped bundles: use --shipped-recipe to "
            "train that one, which must be better than this champion to be promoted"
        )
    shape = Shape(*(float(made[name]) for name in _SHAPE))
    return replace(same, features=HashedFeatures(**config["features"]), shape=shape)
