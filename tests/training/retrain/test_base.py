"""Tests of the base data and of the recipe of a retraining."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from badbuzz.errors import BundleError
from badbuzz.features.hashing import HashedFeatures
from badbuzz.models.scorer import Scorer
from tests.support.registered import SHIPPED, variant
from tests.training.retrain.own_rows import own_rows
from training.datasets.labelled import ReadOptions
from training.recipes.linear import Shape
from training.recipes.shipped import AIRLINE_EN, RECIPES, TWEETS_FR, Recipe
from training.retrain.base import like_champion, read_base


def test_a_folder_and_files_are_one_base(shared_data: Path, tmp_path: Path) -> None:
    own = str(own_rows(tmp_path / "mine.jsonl"))
    both = read_base([str(shared_data), own], ReadOptions(lang="fr"))
    alone = read_base([str(shared_data)], ReadOptions(lang="fr"))
    assert both.recipe == alone.recipe == TWEETS_FR
    assert len(both.rows) == len(alone.rows) + 120


def test_own_rows_have_the_recipe_without_prior_and_left_out_brand(tmp_path: Path) -> None:
    recipe = read_base([str(own_rows(tmp_path / "mine.jsonl"))], ReadOptions(lang="en")).recipe
    assert (recipe.features, recipe.shape) == (AIRLINE_EN.features, AIRLINE_EN.shape)
    assert (recipe.name, recipe.prior, recipe.left_out) == ("own-en", None, None)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_the_champions_recipe_is_read_from_its_bundle(recipe: Recipe) -> None:
    other = replace(
        recipe, name="x", features=HashedFeatures(9, 1, 2, 3), shape=Shape(9.0, 9.0, 9.0)
    )
    champion = Scorer.load(recipe.name)
    assert like_champion(other, champion, SHIPPED / recipe.name) == recipe


def test_a_champion_of_another_kind_is_refused(tmp_path: Path) -> None:
    bundle = variant(tmp_path / "other", model={"kind": "fasttext-mean, dense"})
    with pytest.raises(BundleError, match=r"fasttext-mean, dense.*--shipped-recipe"):
        like_champion(AIRLINE_EN, Scorer.load(str(bundle)), bundle)


@pytest.mark.parametrize("name", ["../../escaped", "..", "a/b"])
def test_a_champions_name_must_be_a_folders_name(tmp_path: Path, name: str) -> None:
    bundle = variant(tmp_path / "other", name=name)
    with pytest.raises(BundleError, match="its name is not a folder's name"):
        like_champion(AIRLINE_EN, Scorer.load(str(bundle)), bundle)
