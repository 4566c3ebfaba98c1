"""The featuriser that a bundle's ``featuriser.json`` names by its ``kind``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

from numpy.typing import NDArray

from badbuzz.features.hashing import Features, Featuriser
from badbuzz.features.vocabulary import (
    Counts,
    Subwords,
    SubwordVocabulary,
    Terms,
    Vocabulary,
    Words,
)


class Reads(Protocol):
    """What all featurisers have in common."""

    @property
    def padding(self) -> tuple[float, ...]:
        """For each input the number that stands for nothing."""

    def inputs(self, texts: Sequence[str]) -> tuple[NDArray[Any], ...]:
        """Arrays [n, width], a text a row: int32 ids, and float32 weights where there are any."""


KINDS: Final[dict[str, Callable[..., Reads]]] = {
    "hashed": lambda **given: Featuriser(Features(**given)),
    "words": lambda **given: Words(Vocabulary(**given)),
    "subwords": lambda **given: Subwords(SubwordVocabulary(**given)),
    "counts": lambda **given: Counts(Terms(**given)),
}
"""By name: hashed ids, words in order, FastText's letter sequences, TF-IDF's counts."""


def featuriser(config: Mapping[str, Any]) -> Reads:
    """The featuriser of a configuration: its ``kind``, ``hashed`` by default, and its ``features``.

    Raises
    ------
    KeyError, TypeError, ValueError
        When the features are missing or others than the kind has, or there is no such kind.

    Examples
    --------
    >>> config = {"kind": "words", "features": {"words": ["late"], "width": 2}}
    >>> featuriser(config).inputs(["so late"])[0].tolist()
    [[1, 0]]
    """
    kind = config.get("kind", "hashed")
    if kind not in KINDS:
        raise ValueError(f"featuriser.json has the kind {kind!r}, none of {', '.join(KINDS)}")
    return KINDS[kind](**config["features"])
