"""The featuriser that a bundle's ``featuriser.json`` names by its ``kind``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

from numpy.typing import NDArray

from badbuzz.features.hashing import HashedFeatures, HashedFeaturiser
from badbuzz.features.vocabulary import (
    CountFeaturiser,
    SubwordFeaturiser,
    SubwordVocabulary,
    TermVocabulary,
    WordFeaturiser,
    WordVocabulary,
)


class Featuriser(Protocol):
    """What all featurisers have in common."""

    @property
    def padding(self) -> tuple[float, ...]:
        """For each input the number that stands for nothing."""

    def inputs(self, texts: Sequence[str]) -> tuple[NDArray[Any], ...]:
        """Arrays [n, width], a text a row: int32 ids, and float32 weights where there are any."""


KINDS: Final[dict[str, Callable[..., Featuriser]]] = {
    "hashed": lambda **given: HashedFeaturiser(HashedFeatures(**given)),
    "words": lambda **given: WordFeaturiser(WordVocabulary(**given)),
    "subwords": lambda **given: SubwordFeaturiser(SubwordVocabulary(**given)),
    "counts": lambda **given: CountFeaturiser(TermVocabulary(**given)),
}
"""By name: hashed ids, words in order, FastText's letter sequences, TF-IDF's counts."""


def build_featuriser(config: Mapping[str, Any]) -> Featuriser:
    """The featuriser of a configuration: its ``kind``, ``hashed`` by default, and its ``features``.

    Raises
    ------
    KeyError, TypeError, ValueError
        When the features are missing or others than the kind has, or there is no such kind.

    Examples
    --------
    >>> config = {"kind": "words", "features": {"words": ["late"], "width": 2}}
    >>> build_featuriser(config).inputs(["so late"])[0].tolist()
    [[1, 0]]
    """
    kind = config.get("kind", "hashed")
    if kind not in KINDS:
        raise ValueError(f"featuriser.json has the kind {kind!r}, none of {', '.join(KINDS)}")
    return KINDS[kind](**config["features"])
