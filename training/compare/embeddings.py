"""Word vectors as features: Word2Vec and FastText, trained on the training rows."""

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

LONGEST: Final = 48
"""Number of words of a text in a sequence."""
_FEWEST_TEXTS: Final = 2
_WINDOW: Final = 5
_N_BUCKETS: Final = 50_000
_LEAST_WEIGHT: Final = np.float32(1e-6)

Numbers = Sequence[Sequence[int]]
"""The words of each text, as rows of a table."""


class Tokeniser:
    """Tokenises texts as a bundle does, with negation marked."""

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
    """Word2Vec: words without a vector are left out."""

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


class _WordRows(dict[str, int]):
    """The row of every word seen so far, and its vector from its letter sequences."""

    def __init__(self, vectors: Any) -> None:
        super().__init__()
        self._vectors = vectors
        self.rows = [np.zeros(vectors.vector_size, np.float32)]

    def __missing__(self, word: str) -> int:
        self[word] = len(self.rows)
        self.rows.append(np.asarray(self._vectors.get_vector(word), np.float32))
        return self[word]


@dataclass(frozen=True)
class NgramVectors:
    """FastText's vectors of letter sequences by their hashes, and the lengths with both ends."""

    table: NDArray[np.float32]
    shortest: int
    longest: int


class LetterVectors:
    """FastText: the vector of a word is computed from those of its letter sequences."""

    def __init__(self, tokens: Sequence[Sequence[str]], scale: Scale) -> None:
        self._vectors = FastText(
            tokens, vector_size=scale.n_dimensions, window=_WINDOW, min_count=_FEWEST_TEXTS,
            sg=1, epochs=scale.n_passes, workers=1, seed=0, bucket=_N_BUCKETS,
        ).wv  # fmt: skip
        self._rows = _WordRows(self._vectors)

    @property
    def table(self) -> NDArray[np.float32]:
        """Return the vectors of the words seen so far."""
        return np.stack(self._rows.rows)

    def transform(self, tokens: Sequence[Sequence[str]]) -> list[list[int]]:
        """Return all words of each text."""
        return [[self._rows[word] for word in words] for words in tokens]

    @property
    def words(self) -> list[str]:
        """The words seen so far, in the order of the table's rows from 1 on."""
        return list(self._rows)

    def is_known(self, word: str) -> bool:
        """Return True if a word is in the vocabulary."""
        return word in self._vectors.key_to_index

    @property
    def letters(self) -> NgramVectors:
        """The vectors of letter sequences."""
        vectors = self._vectors
        return NgramVectors(vectors.vectors_ngrams, vectors.min_n, vectors.max_n)

    @property
    def n_bytes(self) -> int:
        """Size of the vectors of n-grams and words, and of the words, in bytes."""
        vectors = self._vectors
        tables = vectors.vectors_ngrams.nbytes + vectors.vectors_vocab.nbytes
        return int(tables) + _letters(vectors.key_to_index)


def _letters(words: dict[str, int]) -> int:
    return sum(len(word) + 1 for word in words)


class MeanVectors:
    """The mean of a text's vectors, weighted by the rarity of its words or not.

    Attributes
    ----------
    vectors
        Word vectors.
    rarity
        Weight of each row of their table when it was trained, or None.
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
        # a word that was not in the training rows has the weight of the rarest one
        known = np.minimum(places, len(self.rarity) - 1)
        rarest = np.max(self.rarity)
        weights: NDArray[np.float32] = np.where(known == places, self.rarity[known], rarest)
        return weights

    @property
    def n_bytes(self) -> int:
        """Size of the weights in bytes."""
        return 0 if self.rarity is None else int(self.rarity.nbytes)


def _rarity(numbers: Numbers, n_words: int) -> NDArray[np.float32]:
    """Return the smoothed inverse document frequency of each word."""
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
        """Vectors of the words, by number."""
        return self.vectors.table

    def transform(self, numbers: Numbers) -> NDArray[np.int32]:
        """Return rows of :data:`LONGEST` numbers."""
        padded = np.zeros((len(numbers), LONGEST), np.int32)
        for row, words in zip(padded, numbers, strict=True):
            row[: len(words)] = words[:LONGEST]
        return padded


def _mean(numbers: Any, vectors: Any, _: Scale) -> MeanVectors:
    return MeanVectors(numbers, vectors, by_rarity=False)


def _weighted(numbers: Any, vectors: Any, _: Scale) -> MeanVectors:
    return MeanVectors(numbers, vectors, by_rarity=True)


EMBEDDED: Final = {
    "tokens": Features(lambda *_: Tokeniser()),
    "word2vec": Features(lambda tokens, _, scale: WordVectors(tokens, scale), base="tokens"),
    "fasttext": Features(lambda tokens, _, scale: LetterVectors(tokens, scale), base="tokens"),
    "word2vec-mean": Features(_mean, base="word2vec"),
    "word2vec-idf": Features(_weighted, base="word2vec"),
    "fasttext-mean": Features(_mean, base="fasttext"),
    "fasttext-idf": Features(_weighted, base="fasttext"),
    "word2vec-words": Features(lambda _, vectors, __: Sequences(vectors), base="word2vec"),
}
"""Features by name; classifiers use the means and the sequences."""
