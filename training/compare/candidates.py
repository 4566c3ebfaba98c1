"""Every model that is compared: features, classifier and parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from training.compare.baselines import AdditionalData, HashedLinear, majority, vader
from training.compare.classifiers import LINEAR, TREES
from training.compare.embeddings import EMBEDDED
from training.compare.fitted_classifier import Classify
from training.compare.lexical import LEXICAL, hashed
from training.compare.networks import NETWORKS
from training.compare.prepared import Features
from training.compare.scale import Scale
from training.datasets.corpus import Corpus
from training.recipes.shipped import AIRLINE_EN, RECIPES, Recipe, shipped_recipe

_NOT_OF_A_MODEL: Final = ("name", "n_folds", "many_rows", "n_brands", "most_rows")
_KINDS: Final = ("words", "letters", "both")
_ON_VECTORS: Final = {**LINEAR, **TREES}
_CLASSIFIERS: Final[dict[str, dict[str, Classify]]] = {
    **{f"tfidf-{kind}": LINEAR for kind in _KINDS},
    **{f"tfidf-{kind}-svd": TREES for kind in _KINDS},
    "hashed": {"bag": NETWORKS["bag"]},
    "word2vec-mean": {**_ON_VECTORS, "dense": NETWORKS["dense"]},
    "word2vec-idf": _ON_VECTORS,
    "fasttext-mean": {**_ON_VECTORS, "dense": NETWORKS["dense"]},
    "fasttext-idf": _ON_VECTORS,
    "word2vec-words": {"convolution": NETWORKS["convolution"]},
}
"""Classifiers that need no data but the rows, by features and name."""


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
        Parameters that its result depends on, besides rows and splits.
    """

    features: str
    classifier: str
    classify: Classify
    params: dict[str, Any]

    @property
    def name(self) -> str:
        """Name of the model in tables.

        Examples
        --------
        >>> Candidate("tfidf-both", "ridge", lambda *_: None, {}).name
        'tfidf-both, ridge'
        """
        return f"{self.features}, {self.classifier}"

    def matches(self, patterns: Sequence[str]) -> bool:
        """Tell whether the name matches one of some patterns, such as ``tfidf-*``."""
        return any(fnmatchcase(self.name, pattern) for pattern in patterns)


def features_of(corpus: Corpus) -> dict[str, Features]:
    """Return every way to prepare a corpus's texts, by name."""
    return {**LEXICAL, **EMBEDDED, "hashed": hashed(recipe_of(corpus).features)}


def candidates(corpus: Corpus, scale: Scale) -> list[Candidate]:
    """Return every model to compare on a corpus, grouped by features."""
    numbers = {name: value for name, value in asdict(scale).items() if name not in _NOT_OF_A_MODEL}
    order = [*LEXICAL, "hashed", *EMBEDDED]
    listed = [Candidate("text", "majority", majority, numbers)]
    if corpus.language == "en":
        listed.append(Candidate("text", "vader", vader, numbers))
    listed += [
        Candidate(features, name, classify, numbers)
        for features, classifiers in _CLASSIFIERS.items()
        for name, classify in classifiers.items()
    ]
    recipe = recipe_of(corpus)
    params = {**numbers, "shape": asdict(recipe.shape), "ids": asdict(recipe.features)}
    listed.append(Candidate("hashed", "linear", HashedLinear(recipe.shape), params))
    if corpus.recipe and corpus.folder is not None:
        additional = AdditionalData(recipe, corpus.folder, scale)
        if additional.exists:
            params = {**params, "beside": additional.digest}
            shipped = HashedLinear(recipe.shape, additional)
            listed.append(Candidate("hashed", "shipped", shipped, params))
    return sorted(listed, key=lambda one: order.index(one.features))


def recipe_of(corpus: Corpus) -> Recipe:
    """Return the shipped recipe of the corpus, of its language, or of English."""
    in_language = (one for one in RECIPES if one.language == corpus.language)
    return shipped_recipe(corpus) or next(in_language, AIRLINE_EN)
