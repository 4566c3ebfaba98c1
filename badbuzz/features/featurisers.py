"""Registry of featurisers, by the ``kind`` in a bundle's ``featuriser.json``."""

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
    """Interface of all featurisers."""

    @property
    def padding(self) -> tuple[float, ...]:
        """Padding value of each input."""

    def inputs(self, texts: Sequence[str]) -> tuple[NDArray[Any], ...]:
        """Return arrays [n, width], a row per text: int32 ids and, for some, float32 weights."""


KINDS: Final[dict[str, Callable[..., Featuriser]]] = {
    "hashed": lambda **features: HashedFeaturiser(HashedFeatures(**features)),
    "words": lambda **features: WordFeaturiser(WordVocabulary(**features)),
    "subwords": lambda **features: SubwordFeaturiser(SubwordVocabulary(**features)),
    "counts": lambda **features: CountFeaturiser(TermVocabulary(**features)),
}
"""Hashed n-grams, known words in order, FastText subwords, TF-IDF term counts."""


def build_featuriser(config: Mapping[str, Any]) -> Featuriser:
    """Build the featuriser of a configuration.

    Parameters
    ----------
    config
        Content of ``featuriser.json``: ``kind``, default ``hashed``, and ``features``.

    Raises
    ------
    KeyError, TypeError, ValueError
        If the kind is unknown, or the features are missing or do not fit the kind.

    Examples
    --------
    >>> config = {"kind": "words", "features": {"words": ["late"], "width": 2}}
    >>> build_featuriser(config).inputs(["so late"])[0].tolist()
    [[1, 0]]
    """
    kind = config.get("kind", "hashed")
    if kind not in KINDS:
        raise ValueError(f"featuriser.json: kind {kind!r} is unknown; known: {', '.join(KINDS)}")
    return KINDS[kind](**config["features"])
