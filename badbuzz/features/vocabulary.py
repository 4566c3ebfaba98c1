"""Texts as places in a vocabulary: words in order, FastText's letter sequences, TF-IDF's counts.

Each is a featuriser of its own; id 0 is padding, and ids from 1 on are rows of a bundle's table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from badbuzz.features import tokens as reading
from badbuzz.features.token_cache import BATCH_SIZE, Ints, TokenCache, WordIds, mask_fitting

_FNV_OFFSET: Final = 2166136261
_FNV_PRIME: Final = 16777619
_SIGNED: Final = 0xFFFFFF00
_PAIR: Final = 32

Floats = NDArray[np.float32]
Inputs = tuple[NDArray[Any], ...]


class _CachedFeaturiser:
    """Texts in batches to padded rows, by a memory that is emptied when it is full."""

    padding: ClassVar[tuple[float, ...]]
    _n_more: ClassVar = 0  # places of a token, beside those of its ids

    def __init__(self) -> None:
        self._memory = self._new_memory()

    def _new_memory(self) -> TokenCache:
        raise NotImplementedError

    def _batch(self, numbers: Ints, lengths: Ints) -> Inputs:
        raise NotImplementedError

    def inputs(self, texts: Sequence[str]) -> Inputs:
        """What a network reads of each text: arrays [n, width], padded at their ends."""
        found = []
        for start in range(0, max(len(texts), 1), BATCH_SIZE):
            if self._memory.is_full:
                self._memory = self._new_memory()
            found.append(self._batch(*self._memory.numbers(texts[start : start + BATCH_SIZE])))
        return tuple(np.concatenate(parts) for parts in zip(*found, strict=True))

    def needed(self, texts: Sequence[str]) -> int:
        """The width that leaves out nothing of any of these texts."""
        numbers, lengths = self._memory.numbers(texts)
        firsts = self._memory.words.firsts
        n_ids = firsts[numbers + 1] - firsts[numbers] + self._n_more
        rows = np.repeat(np.arange(len(lengths)), lengths)
        return int(np.bincount(rows, n_ids, minlength=1).max())


@dataclass(frozen=True, slots=True)
class WordVocabulary:
    """Known words, in the order of their ids.

    Parameters
    ----------
    words
        The first has id 1.
    width
        Known words of a text that count; the rest is ignored.
    """

    words: Sequence[str]
    width: int


class _WordRows(WordIds):
    """The id of a known word; nothing for others."""

    def __init__(self, words: Sequence[str]) -> None:
        super().__init__()
        self.places = {word: place for place, word in enumerate(words, 1)}

    def read(self, word: str, number: int) -> Sequence[int]:
        """One id, or none."""
        place = self.places.get(word)
        return () if place is None else (place,)


class WordFeaturiser(_CachedFeaturiser):
    """The known words of a text, in order, with repeats.

    Parameters
    ----------
    features
        Which words are known.

    Examples
    --------
    >>> words = WordFeaturiser(WordVocabulary(["late", "not_late"], width=4))
    >>> words.inputs(["late? Not late. Late!"])[0].tolist()
    [[1, 2, 1, 0]]
    """

    padding: ClassVar[tuple[float, ...]] = (0,)

    def __init__(self, features: WordVocabulary) -> None:
        self._features = features
        super().__init__()

    def _new_memory(self) -> TokenCache:
        return TokenCache(_WordRows(self._features.words))

    def _batch(self, numbers: Ints, lengths: Ints) -> tuple[Ints]:
        padded, _ = _fill_in_order(self._memory.words, numbers, lengths, self._features.width)
        return (padded,)


@dataclass(frozen=True, slots=True)
class SubwordVocabulary:
    """Known words, and letter sequences for those that are not.

    Parameters
    ----------
    words
        The first has id 1.
    n_buckets
        Ids of letter sequences, after those of the words.
    shortest, longest
        Characters of a letter sequence, a word's two ends counted; all words have one.
    width
        Ids of a text that count; words of its end that give more are left out.
    """

    words: Sequence[str]
    n_buckets: int
    shortest: int
    longest: int
    width: int


class _SubwordRows(_WordRows):
    """The id of a known word; the ids of the letter sequences of any other."""

    def __init__(self, features: SubwordVocabulary) -> None:
        super().__init__(features.words)
        self._features = features

    def read(self, word: str, number: int) -> Sequence[int]:
        """One id, or one for each letter sequence."""
        given, first = self._features, len(self._features.words) + 1
        return super().read(word, number) or [
            first + bucket
            for bucket in hash_subwords(word, given.shortest, given.longest, given.n_buckets)
        ]


def hash_subwords(word: str, shortest: int, longest: int, n_buckets: int) -> list[int]:
    """The rows of FastText's table of letter sequences that make a word.

    32-bit FNV-1a of the UTF-8 bytes of each sequence of ``<word>``, as FastText computes it: a
    byte from 128 on is taken for a negative number, its sign extended.

    Examples
    --------
    >>> hash_subwords("ok", 3, 6, 100)
    [45, 49, 51]
    """
    ended = f"<{word}>"
    return [
        _hash_fnv(ended[start : start + n]) % n_buckets
        for start in range(len(ended))
        for n in range(shortest, min(longest, len(ended) - start) + 1)
    ]


def _hash_fnv(sequence: str) -> int:
    found = _FNV_OFFSET
    for byte in sequence.encode("utf-8", "surrogatepass"):
        signed = byte if byte < 128 else byte | _SIGNED
        found = (found ^ signed) * _FNV_PRIME & 0xFFFFFFFF
    return found


class SubwordFeaturiser(_CachedFeaturiser):
    """All words of a text: known ones by their ids, others by the ids of their letter sequences.

    The second input is each id's weight: those of a word sum to one.

    Parameters
    ----------
    features
        Which words are known, and which letter sequences are read.

    Examples
    --------
    >>> vocabulary = SubwordVocabulary(["late"], 100, shortest=3, longest=6, width=5)
    >>> ids, weights = SubwordFeaturiser(vocabulary).inputs(["late ok"])
    >>> ids.tolist(), weights.sum()
    ([[1, 47, 51, 53, 0]], np.float32(2.0))
    """

    padding: ClassVar[tuple[float, ...]] = (0, 0.0)

    def __init__(self, features: SubwordVocabulary) -> None:
        self._features = features
        super().__init__()

    def _new_memory(self) -> TokenCache:
        return TokenCache(_SubwordRows(self._features))

    def _batch(self, numbers: Ints, lengths: Ints) -> tuple[Ints, Floats]:
        width = self._features.width
        padded, n_ids = _fill_in_order(self._memory.words, numbers, lengths, width)
        weights = np.zeros(padded.shape, np.float32)
        weights[padded > 0] = np.repeat(np.float32(1.0) / n_ids, n_ids)
        return padded, weights


def _fill_in_order(words: WordIds, numbers: Ints, lengths: Ints, width: int) -> tuple[Ints, Ints]:
    """The ids of each text's words, padded; and how many each word has that stayed and has any."""
    padded = np.zeros((len(lengths), width), np.int32)
    rows = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
    firsts = words.firsts[numbers]
    n_ids = words.firsts[numbers + 1] - firsts
    kept = mask_fitting(n_ids, lengths, rows, width) & (n_ids > 0) if len(rows) else rows > 0
    rows, firsts, n_ids = rows[kept], firsts[kept], n_ids[kept]
    if len(rows):
        rows = np.repeat(rows, n_ids)
        starts = np.searchsorted(rows, np.arange(len(lengths), dtype=np.int32))
        padded[rows, np.arange(len(rows)) - starts[rows]] = words.of(firsts, n_ids)
    return padded, n_ids


@dataclass(frozen=True, slots=True)
class TermVocabulary:
    """Which words, pairs of words and letter sequences are counted.

    Parameters
    ----------
    words
        Words and pairs, with a space between; the first has id 1.
    letters
        Letter sequences of words with a space before and behind, their ids after those of words.
    shortest, longest
        Characters of a letter sequence, spaces counted.
    width
        Occurrences of terms that count; tokens of the text's end that give more are left out.
    """

    words: Sequence[str]
    letters: Sequence[str]
    shortest: int
    longest: int
    width: int


class _TermRows(_WordRows):
    """The id of a word, and the ids of its letter sequences, as often as they occur."""

    def __init__(self, terms: TermVocabulary) -> None:
        super().__init__(terms.words)
        self._terms = terms
        self._letters = {
            letters: place for place, letters in enumerate(terms.letters, len(terms.words) + 1)
        }
        self.spelt: list[str] = []

    def read(self, word: str, number: int) -> Sequence[int]:
        """Of those that are known."""
        self.spelt.append(word)
        found = list(super().read(word, number))
        if self._letters:
            ended = f" {word.removeprefix(reading.NEGATION)} "
            for n in range(self._terms.shortest, min(self._terms.longest, len(ended)) + 1):
                found += filter(
                    None,
                    (
                        self._letters.get(ended[start : start + n])
                        for start in range(len(ended) - n + 1)
                    ),
                )
        return found


class _PairRows(dict[int, int]):
    """The id of two words, by their numbers, one in the upper half; 0 when it is not known."""

    def __init__(self, words: _TermRows) -> None:
        super().__init__()
        self._words = words

    def __missing__(self, key: int) -> int:
        one, other = self._words.spelt[key >> _PAIR], self._words.spelt[key & 0xFFFFFFFF]
        self[key] = self._words.places.get(f"{one} {other}", 0)
        return self[key]


class CountFeaturiser(_CachedFeaturiser):
    """The distinct known terms of a text, ascending, and ``1 + ln`` of how often they occur.

    Parameters
    ----------
    features
        Which terms are known.

    Examples
    --------
    >>> terms = TermVocabulary(["late", "late late"], ["la"], shortest=2, longest=2, width=9)
    >>> ids, weights = CountFeaturiser(terms).inputs(["late late late"])
    >>> ids[0, :4].tolist(), np.round(weights[0, :4].astype(float), 2).tolist()
    ([1, 2, 3, 0], [2.1, 1.69, 2.1, 0.0])
    """

    padding: ClassVar[tuple[float, ...]] = (0, 0.0)
    _n_more: ClassVar = 1  # its pair with the next

    def __init__(self, features: TermVocabulary) -> None:
        self._features = features
        super().__init__()

    def _new_memory(self) -> TokenCache:
        words = _TermRows(self._features)
        self._pairs = _PairRows(words)
        return TokenCache(words)

    def _batch(self, numbers: Ints, lengths: Ints) -> tuple[Ints, Floats]:
        width, words = self._features.width, self._memory.words
        padded = np.zeros((len(lengths), width), np.int32)
        weights = np.zeros(padded.shape, np.float32)
        rows = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
        if not len(rows):
            return padded, weights
        n_ids = words.firsts[numbers + 1] - words.firsts[numbers]
        fits = mask_fitting(n_ids + self._n_more, lengths, rows, width)
        numbers, rows, n_ids = numbers[fits], rows[fits], n_ids[fits]
        pair_rows, pairs = self._paired(numbers, rows)
        id_rows = np.concatenate([np.repeat(rows, n_ids), pair_rows]).astype(np.int64)
        ids = np.concatenate([words.of(words.firsts[numbers], n_ids), pairs]) if len(rows) else rows
        keys, counts = np.unique((id_rows << _PAIR) + ids, return_counts=True)
        id_rows = keys >> _PAIR
        starts = np.searchsorted(id_rows, np.arange(len(lengths)))
        places = id_rows, np.arange(len(keys)) - starts[id_rows]
        padded[places] = keys & 0xFFFFFFFF
        weights[places] = 1.0 + np.log(counts)
        return padded, weights

    def _paired(self, numbers: Ints, rows: Ints) -> tuple[Ints, Ints]:
        """The rows and ids of the known pairs of neighbours in a text."""
        inside = rows[1:] == rows[:-1]
        keys = (numbers[:-1].astype(np.int64) << _PAIR) + numbers[1:]
        ids = np.array([self._pairs[key] for key in keys[inside].tolist()], np.int32)
        known = ids > 0
        return rows[1:][inside][known], ids[known]
