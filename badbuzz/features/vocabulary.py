"""Featurisers with a vocabulary: words in order, FastText subwords, TF-IDF term counts.

Id 0 is padding; ids from 1 on are rows of the bundle's table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from badbuzz.features.token_cache import CachedFeaturiser, Ints, WordIds, mask_fitting
from badbuzz.features.tokens import NEGATION

_FNV_OFFSET: Final = 2166136261
_FNV_PRIME: Final = 16777619
_SIGN_EXTENSION: Final = 0xFFFFFF00
_PAIR_SHIFT: Final = 32

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class WordVocabulary:
    """Vocabulary of words.

    Parameters
    ----------
    words
        Known words; the first has id 1.
    width
        Maximum known words of a text; the rest is ignored.
    """

    words: Sequence[str]
    width: int


class _WordRows(WordIds):
    """Word numbers with the id of each known word; unknown words have no id."""

    def __init__(self, words: Sequence[str]) -> None:
        super().__init__()
        self.id_of = {word: id_ for id_, word in enumerate(words, 1)}

    def compute_ids(self, word: str, number: int) -> Sequence[int]:
        """Return the id of a known word, or nothing."""
        id_ = self.id_of.get(word)
        return () if id_ is None else (id_,)


class WordFeaturiser(CachedFeaturiser[WordVocabulary]):
    """Featuriser of the known words of a text, in order, with repeats.

    Parameters
    ----------
    features
        Vocabulary and width.

    Examples
    --------
    >>> words = WordFeaturiser(WordVocabulary(["late", "not_late"], width=4))
    >>> words.inputs(["late? Not late. Late!"])[0].tolist()
    [[1, 2, 1, 0]]
    """

    padding = (0,)

    def _new_words(self) -> WordIds:
        return _WordRows(self.features.words)

    def _batch(self, numbers: Ints, lengths: Ints) -> tuple[Ints]:
        padded, _ = _fill_in_order(self._words, numbers, lengths, self.features.width)
        return (padded,)


@dataclass(frozen=True, slots=True)
class SubwordVocabulary:
    """Vocabulary of words, and hashed character n-grams for unknown words.

    Parameters
    ----------
    words
        Known words; the first has id 1.
    n_buckets
        Number of n-gram ids; they follow those of the words.
    shortest, longest
        Length range of n-grams in characters, including the word's two end marks; at least one
        n-gram fits every word.
    width
        Maximum ids of a text; the last words are dropped if there are more.
    """

    words: Sequence[str]
    n_buckets: int
    shortest: int
    longest: int
    width: int


class _SubwordRows(_WordRows):
    """Word numbers with the id of each known word, or the n-gram ids of an unknown one."""

    def __init__(self, features: SubwordVocabulary) -> None:
        super().__init__(features.words)
        self._features = features

    def compute_ids(self, word: str, number: int) -> Sequence[int]:
        """Return the id of a known word, or one id for each n-gram."""
        features, first = self._features, len(self._features.words) + 1
        return super().compute_ids(word, number) or [
            first + row
            for row in hash_subwords(word, features.shortest, features.longest, features.n_buckets)
        ]


def hash_subwords(word: str, shortest: int, longest: int, n_buckets: int) -> list[int]:
    """Return the rows of a word's n-grams in FastText's table.

    The row is the 32-bit FNV-1a hash of the UTF-8 bytes of an n-gram of ``<word>``, modulo
    ``n_buckets``. Like FastText, it sign-extends bytes from 128 on.

    Examples
    --------
    >>> hash_subwords("ok", 3, 6, 100)
    [45, 49, 51]
    """
    marked = f"<{word}>"
    return [
        _hash_fnv(marked[start : start + n]) % n_buckets
        for start in range(len(marked))
        for n in range(shortest, min(longest, len(marked) - start) + 1)
    ]


def _hash_fnv(ngram: str) -> int:
    value = _FNV_OFFSET
    for byte in ngram.encode("utf-8", "surrogatepass"):
        signed = byte if byte < 128 else byte | _SIGN_EXTENSION
        value = (value ^ signed) * _FNV_PRIME & 0xFFFFFFFF
    return value


class SubwordFeaturiser(CachedFeaturiser[SubwordVocabulary]):
    """Featuriser of all words of a text: ids of known words, n-gram ids of unknown ones.

    The second input is the weight of each id; the weights of a word sum to one.

    Parameters
    ----------
    features
        Vocabulary, n-gram parameters and width.

    Examples
    --------
    >>> vocabulary = SubwordVocabulary(["late"], 100, shortest=3, longest=6, width=5)
    >>> ids, weights = SubwordFeaturiser(vocabulary).inputs(["late ok"])
    >>> ids.tolist(), weights.sum()
    ([[1, 47, 51, 53, 0]], np.float32(2.0))
    """

    padding = (0, 0.0)

    def _new_words(self) -> WordIds:
        return _SubwordRows(self.features)

    def _batch(self, numbers: Ints, lengths: Ints) -> tuple[Ints, Floats]:
        padded, n_ids = _fill_in_order(self._words, numbers, lengths, self.features.width)
        weights = np.zeros(padded.shape, np.float32)
        weights[padded > 0] = np.repeat(np.float32(1.0) / n_ids, n_ids)
        return padded, weights


def _fill_in_order(words: WordIds, numbers: Ints, lengths: Ints, width: int) -> tuple[Ints, Ints]:
    """Return the padded ids of each text's words, and the number of ids of each word kept."""
    padded = np.zeros((len(lengths), width), np.int32)
    rows = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
    firsts = words.firsts[numbers]
    n_ids = words.firsts[numbers + 1] - firsts
    kept = mask_fitting(n_ids, lengths, rows, width) & (n_ids > 0) if len(rows) else rows > 0
    rows, firsts, n_ids = rows[kept], firsts[kept], n_ids[kept]
    if len(rows):
        rows = np.repeat(rows, n_ids)
        starts = np.searchsorted(rows, np.arange(len(lengths), dtype=np.int32))
        padded[rows, np.arange(len(rows)) - starts[rows]] = words.gather(firsts, n_ids)
    return padded, n_ids


@dataclass(frozen=True, slots=True)
class TermVocabulary:
    """Vocabulary of words, bigrams and character n-grams.

    Parameters
    ----------
    words
        Words and space-separated bigrams; the first has id 1.
    letters
        Character n-grams of words padded with a space on either side; their ids follow.
    shortest, longest
        Length range of n-grams in characters, including spaces.
    width
        Maximum occurrences of terms in a text; the last tokens are dropped if there are more.
    """

    words: Sequence[str]
    letters: Sequence[str]
    shortest: int
    longest: int
    width: int


class _TermRows(_WordRows):
    """Word numbers with the id of the word and of each occurrence of a known n-gram."""

    def __init__(self, terms: TermVocabulary) -> None:
        super().__init__(terms.words)
        self._terms = terms
        self._letters = {
            letters: id_ for id_, letters in enumerate(terms.letters, len(terms.words) + 1)
        }
        self.spelt: list[str] = []

    def compute_ids(self, word: str, number: int) -> Sequence[int]:
        """Return the ids of the word and of its n-grams, without unknown ones."""
        self.spelt.append(word)
        ids = list(super().compute_ids(word, number))
        if self._letters:
            padded = f" {word.removeprefix(NEGATION)} "
            for n in range(self._terms.shortest, min(self._terms.longest, len(padded)) + 1):
                ngrams = (padded[start : start + n] for start in range(len(padded) - n + 1))
                ids += filter(None, map(self._letters.get, ngrams))
        return ids


class _PairRows(dict[int, int]):
    """Bigram ids by the numbers of two words, the first in the upper 32 bits; 0 if unknown."""

    def __init__(self, words: _TermRows) -> None:
        super().__init__()
        self._words = words

    def __missing__(self, key: int) -> int:
        one, other = self._words.spelt[key >> _PAIR_SHIFT], self._words.spelt[key & 0xFFFFFFFF]
        self[key] = self._words.id_of.get(f"{one} {other}", 0)
        return self[key]


class CountFeaturiser(CachedFeaturiser[TermVocabulary]):
    """Featuriser of the distinct known terms of a text, ascending, and ``1 + ln(count)`` of each.

    Parameters
    ----------
    features
        Vocabulary, n-gram parameters and width.

    Examples
    --------
    >>> terms = TermVocabulary(["late", "late late"], ["la"], shortest=2, longest=2, width=9)
    >>> ids, weights = CountFeaturiser(terms).inputs(["late late late"])
    >>> ids[0, :4].tolist(), np.round(weights[0, :4].astype(float), 2).tolist()
    ([1, 2, 3, 0], [2.1, 1.69, 2.1, 0.0])
    """

    padding = (0, 0.0)
    n_more = 1  # the bigram with the next token

    def _new_words(self) -> WordIds:
        words = _TermRows(self.features)
        self._pairs = _PairRows(words)
        return words

    def _batch(self, numbers: Ints, lengths: Ints) -> tuple[Ints, Floats]:
        width, words = self.features.width, self._words
        padded = np.zeros((len(lengths), width), np.int32)
        weights = np.zeros(padded.shape, np.float32)
        rows = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
        if not len(rows):
            return padded, weights
        n_ids = words.firsts[numbers + 1] - words.firsts[numbers]
        fits = mask_fitting(n_ids + self.n_more, lengths, rows, width)
        numbers, rows, n_ids = numbers[fits], rows[fits], n_ids[fits]
        pair_rows, pairs = self._paired(numbers, rows)
        id_rows = np.concatenate([np.repeat(rows, n_ids), pair_rows]).astype(np.int64)
        ids = (
            np.concatenate([words.gather(words.firsts[numbers], n_ids), pairs])
            if len(rows)
            else rows
        )
        keys, counts = np.unique((id_rows << _PAIR_SHIFT) + ids, return_counts=True)
        id_rows = keys >> _PAIR_SHIFT
        starts = np.searchsorted(id_rows, np.arange(len(lengths)))
        places = id_rows, np.arange(len(keys)) - starts[id_rows]
        padded[places] = keys & 0xFFFFFFFF
        weights[places] = 1.0 + np.log(counts)
        return padded, weights

    def _paired(self, numbers: Ints, rows: Ints) -> tuple[Ints, Ints]:
        """Return the rows and ids of the known bigrams."""
        inside = rows[1:] == rows[:-1]
        keys = (numbers[:-1].astype(np.int64) << _PAIR_SHIFT) + numbers[1:]
        ids = np.array([self._pairs[key] for key in keys[inside].tolist()], np.int32)
        known = ids > 0
        return rows[1:][inside][known], ids[known]
