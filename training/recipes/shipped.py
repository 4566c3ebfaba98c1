"""Recipes of the shipped bundles: data, features, model and quality bars."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from badbuzz.features.hashing import HashedFeatures
from training.datasets.corpus import NAMED, Corpus
from training.recipes.linear import Shape
from training.recipes.quality import SHARES

N_ROWS: Final = 64
_WIDTH: Final = 384  # one of 280 characters has at most 280 features, the longest measured 140


@dataclass(frozen=True)
class Source:
    """Data set of a recipe: files, title, licence and use."""

    files: tuple[str, ...]
    title: str
    licence: str
    use: str


@dataclass(frozen=True)
class Bar:
    """Limit of a figure: a minimum, or with ``ceiling`` a maximum of its absolute value."""

    figure: str
    limit: float
    ceiling: bool = False

    def holds(self, value: float) -> bool:
        """Tell whether a value is within the limit.

        Examples
        --------
        >>> Bar("auc", 0.83).holds(0.84), Bar("ece", 0.02, ceiling=True).holds(-0.03)
        (True, False)
        """
        return abs(value) <= self.limit if self.ceiling else value >= self.limit

    def __str__(self) -> str:
        return f"{'≤' if self.ceiling else '≥'} {self.limit}"


@dataclass(frozen=True)
class Recipe:
    """Recipe of a bundle.

    Parameters
    ----------
    rows
        Labelled texts to train on and to test on in folds.
    prior
        Larger corpus for the prior; None for no prior.
    sentences
        File of sentences that are trained on but never tested on; None for no file.
    left_out
        Brand that a second model is trained without and tested on; None for no such test.
    n_splits
        Number of splits into five folds; more for small data sets.
    threshold
        Smallest score with the label negative, in [0, 1].
    """

    name: str
    language: str
    rows: Source
    features: HashedFeatures
    shape: Shape
    bars: tuple[Bar, ...]
    prior: Source | None = None
    prior_shape: Shape | None = None
    sentences: str | None = None
    left_out: str | None = None
    n_splits: int = 1
    threshold: float = 0.5


_SHARE_BARS: Final = tuple(Bar(f"share_bias_{share}", 0.03, ceiling=True) for share in SHARES)

AIRLINE_EN: Final = Recipe(
    name="airline-en",
    language="en",
    rows=Source(
        NAMED["airline"].files,
        "Twitter US Airline Sentiment: tweets to four US airlines, February 2015, human labels",
        "CC BY-NC-SA 4.0",
        "trained and tested on",
    ),
    features=HashedFeatures(n_bits=18, shortest=5, longest=5, width=_WIDTH),
    shape=Shape(rarity=0.0, contrast=1.0, strength=4.0),
    prior=Source(
        NAMED["sentiment140"].files,
        "Sentiment140 (Go, Bhayani, Huang 2009): tweets of 2009 labelled by their emoticon",
        "for research; no licence stated",
        "prior",
    ),
    prior_shape=Shape(rarity=0.0, contrast=1.0, strength=2.0),
    left_out="Southwest",
    bars=(
        Bar("accuracy", 0.855),
        Bar("auc", 0.918),
        Bar("ece", 0.02, ceiling=True),
        *_SHARE_BARS,
        Bar("left_out_auc", 0.90),
    ),
)

TWEETS_FR: Final = Recipe(
    name="tweets-fr",
    language="fr",
    rows=Source(
        NAMED["french"].files,
        "XLM-T / UMSAB, French part (Barbieri et al. 2022; DEFT-2017), human labels, balanced",
        "for research; no licence stated",
        "trained and tested on",
    ),
    features=HashedFeatures(n_bits=18, shortest=4, longest=4, width=_WIDTH),
    shape=Shape(rarity=1.0, contrast=0.5, strength=8.0),
    sentences="sentences_fr.txt",
    n_splits=5,
    bars=(Bar("auc", 0.83), *_SHARE_BARS),
)

RECIPES: Final = (AIRLINE_EN, TWEETS_FR)


def shipped_recipe(corpus: Corpus) -> Recipe | None:
    """Return the shipped recipe that is trained on a corpus, or None."""
    return next((recipe for recipe in RECIPES if recipe.name == corpus.recipe), None)
