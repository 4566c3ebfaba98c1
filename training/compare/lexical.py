"""Features of words and letters: TF-IDF, its reduction for trees, and hashed ids."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from badbuzz.features import hashing
from badbuzz.features import tokens as reading
from training.compare.prepared import Features, pickled_bytes

_FEWEST_TEXTS: Final = 2
_MOST_LETTERS: Final = 200_000


class RawTexts:
    """Unchanged texts."""

    n_bytes = 0

    def transform(self, texts: Sequence[str]) -> list[str]:
        """Return the texts unchanged."""
        return list(texts)


class TfIdf:
    """TF-IDF by one or several vectorisers, side by side."""

    def __init__(self, vectorisers: Sequence[TfidfVectorizer], texts: Sequence[str]) -> None:
        self.vectorisers = [one.fit(texts) for one in vectorisers]

    def transform(self, texts: Sequence[str]) -> Any:
        """Return a sparse matrix, float32."""
        return sparse.hstack([one.transform(texts) for one in self.vectorisers]).tocsr()

    @cached_property
    def n_bytes(self) -> int:
        """Size of vocabulary and weights in bytes."""
        return pickled_bytes([(one.vocabulary_, one.idf_) for one in self.vectorisers])


class ReducedTfIdf:
    """The strongest directions of a sparse matrix (truncated SVD)."""

    def __init__(self, matrix: Any, n_components: int) -> None:
        n = min(n_components, matrix.shape[1] - 1)
        self._svd = TruncatedSVD(n, n_iter=3, random_state=0).fit(matrix)

    def transform(self, matrix: Any) -> NDArray[np.float32]:
        """Return a dense matrix."""
        reduced: NDArray[np.float32] = self._svd.transform(matrix).astype(np.float32)
        return reduced

    @property
    def n_bytes(self) -> int:
        """Size of the components in bytes."""
        return int(self._svd.components_.nbytes)


class HashedIds:
    """The ids that a bundle reads (:mod:`badbuzz.features.hashing`)."""

    n_bytes = 0

    def __init__(self, features: hashing.HashedFeatures) -> None:
        self.features = features

    def transform(self, texts: Sequence[str]) -> NDArray[np.int32]:
        """Return padded rows of ids."""
        return hashing.HashedFeaturiser(self.features).rows(texts)


def _words() -> TfidfVectorizer:
    return TfidfVectorizer(
        analyzer="word", tokenizer=reading.tokenise, token_pattern=None, lowercase=False,
        ngram_range=(1, 2), min_df=_FEWEST_TEXTS, sublinear_tf=True, dtype=np.float32,
    )  # fmt: skip


def plain(text: str) -> str:
    """Return the text whose characters TF-IDF counts: masked tokens without negation marks.

    Examples
    --------
    >>> plain("@united NEVER late!")
    '<user> never late !'
    """
    return " ".join(token.removeprefix(reading.NEGATION) for token in reading.tokenise(text))


def _letters() -> TfidfVectorizer:
    return TfidfVectorizer(
        analyzer="char_wb", preprocessor=plain, ngram_range=(2, 5), min_df=_FEWEST_TEXTS,
        max_features=_MOST_LETTERS, sublinear_tf=True, dtype=np.float32,
    )  # fmt: skip


LEXICAL: Final = {
    "text": Features(lambda *_: RawTexts()),
    "tfidf-words": Features(lambda texts, *_: TfIdf([_words()], texts)),
    "tfidf-letters": Features(lambda texts, *_: TfIdf([_letters()], texts)),
    "tfidf-both": Features(lambda texts, *_: TfIdf([_words(), _letters()], texts)),
    **{
        f"tfidf-{kind}-svd": Features(
            lambda matrix, _, scale: ReducedTfIdf(matrix, scale.n_components), base=f"tfidf-{kind}"
        )
        for kind in ("words", "letters", "both")
    },
}
"""Features by name; ``svd`` are for trees, which take hours on sparse matrices of this width."""


def hashed(features: hashing.HashedFeatures) -> Features:
    """Return hashed ids as features to compare."""
    return Features(lambda *_: HashedIds(features))
