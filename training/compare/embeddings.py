"""Features that place words in space: Word2Vec and FastText, learnt here from the training rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, Protocol

import numpy as np
from gensim.models import FastText, Word2Vec
from numpy.typing import NDArray
from scipy import sparse

from badbuzz.features import tokens as reading
from training.compare.prepared import Features
from training.compare.scale import Scale
from training.datasets.rows import Flags

LONGEST: Final = 48
"""Words of a text that a sequence holds."""
_FEWEST_TEXTS: Final = 2
_WINDOW: Final = 5
_N_BUCKETS: Final = 50_000
_LEAST_WEIGHT: Final = np.float32(1e-6)

Numbers = Sequence[Sequence[int]]
"""The words of each text, as rows of a table."""


class Tokens:
    """A text as its tokens: a bundle's, negation marked."""

    n_bytes = 0

    def transform(self, texts: Sequence[str]) -> list[list[str]]:
        """Return the tokens of each text."""
        return [reading.tokenise(text) for text in texts]


class Vectors(Protocol):
    """Word vectors as rows of ``table``; row 0 is zero and belongs to no word."""

    @property
    def table(self) -> NDArray[np.float32]:
        """Return the vectors of the words seen so far."""


class WordVectors:
    """Word2Vec: words that were not learnt are left out."""

    def __init__(self, tokens: Sequence[Sequence[str]], scale: Scale) -> None:
        # one worker: with two the vectors depend on which is faster
        self._vectors = Word2Vec(
            tokens, vector_size=scale.n_dimensions, window=_WINDOW, min_count=_FEWEST_TEXTS,
            sg=1, epochs=scale.n_passes, workers=1, seed=0,
        ).wv  # fmt: skip
        known = self._vectors.vectors.astype(np.float32)
        self.table: NDArray[np.float32] = np.concatenate([np.zeros_like(known[:1]), known])

    def transform(self, tokens: Sequence[Sequence[str]]) -> list[list[int]]:
        """Return the known words of each text."""
        place = self._vectors.key_to_index
        return [[place[word] + 1 for word in words if word in place] for words in tokens]

    @property
    def words(self) -> list[str]:
        """The known words, in the order of the table's rows from 1 on."""
        return list(self._vectors.index_to_key)

    @property
    def n_bytes(self) -> int:
        """Size of vectors and words in bytes."""
        return int(self.table.nbytes) + _letters(self._vectors.key_to_index)


class _Places(dict[str, int]):
    """A row for every word met, and its vector, made of its letter sequences."""

    def __init__(self, vectors: Any) -> None:
        super().__init__()
        self._vectors = vectors
        self.rows = [np.zeros(vectors.vector_size, np.float32)]

    def __missing__(self, word: str) -> int:
        self[word] = len(self.rows)
        self.rows.append(np.asarray(self._vectors.get_vector(word), np.float32))
        return self[word]


@dataclass(frozen=True)
class Letters:
    """FastText's vectors of letter sequences, by their hashes; their lengths, ends counted."""

    table: NDArray[np.float32]
    shortest: int
    longest: int


class LetterVectors:
    """FastText: any word has a vector, made of those of its letter sequences."""

    def __init__(self, tokens: Sequence[Sequence[str]], scale: Scale) -> None:
        self._vectors = FastText(
            tokens, vector_size=scale.n_dimensions, window=_WINDOW, min_count=_FEWEST_TEXTS,
            sg=1, epochs=scale.n_passes, workers=1, seed=0, bucket=_N_BUCKETS,
        ).wv  # fmt: skip
        self._places = _Places(self._vectors)

    @property
    def table(self) -> NDArray[np.float32]:
        """Return the vectors of the words seen so far."""
        return np.stack(self._places.rows)

    def transform(self, tokens: Sequence[Sequence[str]]) -> list[list[int]]:
        """Return all words of each text."""
        place = self._places.__getitem__
        return [[place(word) for word in words] for words in tokens]

    @property
    def words(self) -> list[str]:
        """The words met so far, in the order of the table's rows from 1 on."""
        return list(self._places)

    def is_known(self, word: str) -> bool:
        """Return True if a word is in the vocabulary."""
        return word in self._vectors.key_to_index

    @property
    def letters(self) -> Letters:
        """The vectors of letter sequences."""
        vectors = self._vectors
        return Letters(vectors.vectors_ngrams, vectors.min_n, vectors.max_n)

    @property
    def n_bytes(self) -> int:
        """Size of the vectors of n-grams and words, and of the words, in bytes."""
        vectors = self._vectors
        tables = vectors.vectors_ngrams.nbytes + vectors.vectors_vocab.nbytes
        return int(tables) + _letters(vectors.key_to_index)


def _letters(words: dict[str, int]) -> int:
    return sum(len(word) + 1 for word in words)


class Mean:
    """The mean of a text's vectors, perhaps weighted by how rare its words are.

    Attributes
    ----------
    vectors
        Word vectors.
    rarity
        The weight of each row of their table when it was trained, or None.
    """

    def __init__(self, numbers: Numbers, vectors: Vectors, *, by_rarity: bool) -> None:
        self.vectors = vectors
        self.rarity = _rarity(numbers, len(vectors.table)) if by_rarity else None

    def transform(self, numbers: Numbers) -> NDArray[np.float32]:
        """Return one row per text; zero if no word is known."""
        ends = np.cumsum([0, *map(len, numbers)])
        places = np.fromiter(chain.from_iterable(numbers), np.int64, int(ends[-1]))
        table = self.vectors.table
        held = sparse.csr_matrix(
            (self._weights(places), places, ends), shape=(len(numbers), len(table))
        )
        totals = np.maximum(np.asarray(held.sum(axis=1)), _LEAST_WEIGHT)
        means: NDArray[np.float32] = np.asarray((held @ table) / totals, np.float32)
        return means

    def _weights(self, places: NDArray[np.int64]) -> NDArray[np.float32]:
        if self.rarity is None:
            return np.ones(len(places), np.float32)
        # a word that was met only now is as rare as can be
        known = np.minimum(places, len(self.rarity) - 1)
        rarest = self.rarity.max()
        weights: NDArray[np.float32] = np.where(known == places, self.rarity[known], rarest)
        return weights

    @property
    def n_bytes(self) -> int:
        """Size of the weights in bytes."""
        return 0 if self.rarity is None else int(self.rarity.nbytes)


def _rarity(numbers: Numbers, n_words: int) -> NDArray[np.float32]:
    """Inverse document frequency of each word, smoothed."""
    held = np.fromiter(chain.from_iterable(set(words) for words in numbers), np.int64)
    n_texts = np.bincount(held, minlength=n_words)
    rarity: NDArray[np.float32] = np.log((1 + len(numbers)) / (1 + n_texts)) + 1
    return rarity.astype(np.float32)


class Sequences:
    """The first words of a text as numbers, padded with 0."""

    n_bytes = 0

    def __init__(self, vectors: Vectors) -> None:
        self.vectors = vectors

    @property
    def table(self) -> NDArray[np.float32]:
        """The vectors that the numbers mean."""
        return self.vectors.table

    def transform(self, numbers: Numbers) -> NDArray[np.int32]:
        """Rows of :data:`LONGEST` numbers."""
        padded = np.zeros((len(numbers), LONGEST), np.int32)
        for row, words in zip(padded, numbers, strict=True):
            row[: len(words)] = words[:LONGEST]
        return padded


def _learn_words(tokens: Any, _: Flags, __: Any, scale: Scale) -> WordVectors:
    return WordVectors(tokens, scale)


def _learn_letters(tokens: Any, _: Flags, __: Any, scale: Scale) -> LetterVectors:
    return LetterVectors(tokens, scale)


def _mean(numbers: Any, _: Flags, vectors: Any, __: Scale) -> Mean:
    return Mean(numbers, vectors, by_rarity=False)


def _weighted(numbers: Any, _: Flags, vectors: Any, __: Scale) -> Mean:
    return Mean(numbers, vectors, by_rarity=True)


EMBEDDED: Final = {
    "tokens": Features(lambda *_: Tokens()),
    "word2vec": Features(_learn_words, base="tokens"),
    "fasttext": Features(_learn_letters, base="tokens"),
    "word2vec-mean": Features(_mean, base="word2vec"),
    "word2vec-idf": Features(_weighted, base="word2vec"),
    "fasttext-mean": Features(_mean, base="fasttext"),
    "fasttext-idf": Features(_weighted, base="fasttext"),
    "word2vec-words": Features(lambda _, __, vectors, ___: Sequences(vectors), base="word2vec"),
}
"""By name; those that classifiers read are the means and the sequence."""
