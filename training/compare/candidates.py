"""Every model that is compared: which features, which classifier, with what numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from training.compare.baselines import Beside, Shipped, majority, vader
from training.compare.classifiers import LINEAR, TREES
from training.compare.embeddings import EMBEDDED
from training.compare.fitted_classifier import Classify
from training.compare.lexical import LEXICAL, hashed
from training.compare.networks import NETWORKS
from training.compare.prepared import Features
from training.compare.scale import Scale
from training.datasets.corpus import Corpus
from training.recipes.shipped import AIRLINE_EN, RECIPES, Recipe, shipped_recipe

_NOT_OF_A_MODEL = ("name", "n_folds", "many_rows", "n_brands", "most_rows")


@dataclass(frozen=True)
class Candidate:
    """A model to compare.

    Parameters
    ----------
    features, classifier
        Names of the features and the classifier; together they name the model.
    classify
        Function that fits the classifier.
    params
        All numbers that its result hangs on, besides rows and splits.
    """

    features: str
    classifier: str
    classify: Classify
    params: dict[str, Any]

    @property
    def name(self) -> str:
        """Shown in tables.

        Examples
        --------
        >>> Candidate("tfidf-both", "ridge", lambda *_: None, {}).name
        'tfidf-both, ridge'
        """
        return f"{self.features}, {self.classifier}"


def features_of(corpus: Corpus) -> dict[str, Features]:
    """Return every way to prepare a corpus's texts, by name."""
    return {**LEXICAL, **EMBEDDED, "hashed": hashed(recipe_of(corpus).features)}


def candidates(corpus: Corpus, scale: Scale) -> list[Candidate]:
    """Return every model to compare on a corpus, grouped by features."""
    numbers = {name: value for name, value in asdict(scale).items() if name not in _NOT_OF_A_MODEL}
    order = ["text", *LEXICAL, "hashed", *EMBEDDED]
    found = [
        Candidate(features, name, classify, {**numbers, **more})
        for features, name, classify, more in _pairs(corpus, scale)
    ]
    return sorted(found, key=lambda one: order.index(one.features))


def _pairs(corpus: Corpus, scale: Scale) -> Iterator[tuple[str, str, Classify, dict[str, Any]]]:
    yield "text", "majority", majority, {}
    if corpus.language == "en":
        yield "text", "vader", vader, {}
    for kind in ("words", "letters", "both"):
        yield from _each(f"tfidf-{kind}", LINEAR)
        yield from _each(f"tfidf-{kind}-svd", TREES)
    for name in ("word2vec-mean", "word2vec-idf", "fasttext-mean", "fasttext-idf"):
        yield from _each(name, {**LINEAR, **TREES})
    for name, classifier in (
        ("word2vec-mean", "dense"),
        ("fasttext-mean", "dense"),
        ("word2vec-words", "convolution"),
        ("hashed", "bag"),
    ):
        yield from _each(name, {classifier: NETWORKS[classifier]})
    recipe = recipe_of(corpus)
    more: dict[str, Any] = {"shape": asdict(recipe.shape), "ids": asdict(recipe.features)}
    yield "hashed", "linear", Shipped(recipe.shape), more
    if corpus.recipe and corpus.folder is not None:
        beside = Beside(recipe, corpus.folder, scale)
        if beside.is_there:
            more |= {"beside": beside.digest}
            yield "hashed", "shipped", Shipped(recipe.shape, beside), more


def _each(
    features: str, classifiers: dict[str, Classify]
) -> Iterator[tuple[str, str, Classify, dict[str, Any]]]:
    for name, classify in classifiers.items():
        yield features, name, classify, {}


def recipe_of(corpus: Corpus) -> Recipe:
    """Return the shipped recipe of the corpus, of its language, or of English."""
    in_language = (one for one in RECIPES if one.language == corpus.language)
    return shipped_recipe(corpus) or next(in_language, AIRLINE_EN)
