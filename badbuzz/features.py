"""A text's tokens as ids of a hashed table: words, bigrams, letter sequences of words.

Every id is a hash, so no vocabulary is kept and no text of the training data is shipped. What a
chunk or a word gives is remembered; when the memory is full it is emptied, which changes no id.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from badbuzz import text as reading

_BATCH: Final = 256  # bounds what is remembered between two looks at how much it is
_MOST_REMEMBERED: Final = 50_000
_LONGEST_REMEMBERED: Final = 48
_SEQUENCE: Final = crc32(b"sequence")
_MIX: Final = np.uint32(0x9E3779B1)
_TRUE: Final = np.array([True])
_ZERO: Final = np.array([0], np.int32)

_Ints = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Features:
    """Which features a bundle reads.

    Parameters
    ----------
    n_bits
        Ids run over [0, 2**n_bits); the next one is padding. At most 22.
    shortest, longest
        Bytes of a letter sequence, a word's two ends counted; 1 and 0 for none.
    width
        Features of a text that count; tokens of its end that give more are left out.
    """

    n_bits: int
    shortest: int
    longest: int
    width: int

    @property
    def n_buckets(self) -> int:
        """How many ids there are; also the id of padding."""
        return 1 << self.n_bits


class _Chunks(dict[str, tuple[str, ...]]):
    """The words of every chunk seen."""

    def __missing__(self, chunk: str) -> tuple[str, ...]:
        found = reading.words(chunk)
        if len(chunk) <= _LONGEST_REMEMBERED and not chunk.startswith("http"):
            self[chunk] = found
        return found


class _Words(dict[str, int]):
    """A number for every word seen; by number its hash, and where its ids begin."""

    def __init__(self, features: Features) -> None:
        super().__init__()
        self._features = features
        self.hashes = np.zeros(4096, np.uint32)
        self.firsts = np.zeros(4096, np.int32)
        self.ids = np.zeros(32_768, np.int32)
        self._n_ids = 0

    def __missing__(self, word: str) -> int:
        number = len(self)
        self[word] = number
        if number + 1 == len(self.firsts):
            self.hashes, self.firsts = _doubled(self.hashes), _doubled(self.firsts)
        own = crc32(word.encode("utf-8", "surrogatepass"))
        found = self._ids(word, own)
        end = self._n_ids + len(found)
        if end > len(self.ids):
            self.ids = _doubled(self.ids)
        self.ids[self._n_ids : end] = found
        self._n_ids = end
        self.hashes[number] = own
        self.firsts[number + 1] = end
        return number

    def _ids(self, word: str, own: int) -> list[int]:
        mask = self._features.n_buckets - 1
        found = [own & mask]
        if not word[0].isalpha():
            return found
        ended = b"<%b>" % word.removeprefix(reading.NEGATION).encode("utf-8", "surrogatepass")
        for n in range(self._features.shortest, self._features.longest + 1):
            found += [
                crc32(ended[start : start + n], _SEQUENCE) & mask
                for start in range(len(ended) - n + 1)
            ]
        return found


class Featuriser:
    """Texts to padded rows of distinct feature ids.

    Parameters
    ----------
    features
        Which features to read.

    Examples
    --------
    >>> featuriser = Featuriser(Features(n_bits=18, shortest=4, longest=4, width=8))
    >>> rows = featuriser.rows(["hello"])
    >>> rows.shape, int((rows < 1 << 18).sum())
    ((1, 8), 5)
    """

    def __init__(self, features: Features) -> None:
        self.features = features
        self._forget()

    def _forget(self) -> None:
        self._chunks = _Chunks()
        self._words = _Words(self.features)

    def rows(self, texts: Sequence[str]) -> _Ints:
        """The ids of each text, ascending, then padding: int32 [n, width]."""
        batches = [
            self._batch(texts[start : start + _BATCH])
            for start in range(0, max(len(texts), 1), _BATCH)
        ]
        return batches[0] if len(batches) == 1 else np.concatenate(batches)

    def _batch(self, texts: Sequence[str]) -> _Ints:
        if max(len(self._chunks), len(self._words)) > _MOST_REMEMBERED:
            self._forget()
        numbers, lengths = self._numbers(texts)
        return self._padded(numbers, lengths)

    def _numbers(self, texts: Sequence[str]) -> tuple[_Ints, _Ints]:
        words_of, number_of = self._chunks.__getitem__, self._words.__getitem__
        numbers: list[int] = []
        ends = [0]
        for text in texts:
            found = list(chain.from_iterable(map(words_of, reading.chunks(text))))
            numbers += map(number_of, reading.negated(found[: reading.MAX_TOKENS]))
            ends.append(len(numbers))
        return np.array(numbers, np.int32), np.diff(np.array(ends, np.int32)).astype(np.int32)

    def _padded(self, numbers: _Ints, lengths: _Ints) -> _Ints:
        padded = np.full((len(lengths), self.features.width), self.features.n_buckets, np.int32)
        rows = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
        firsts = self._words.firsts[numbers]
        n_ids = self._words.firsts[numbers + 1] - firsts
        fits = _fitting(n_ids + 1, lengths, rows, self.features.width)
        if not fits.all():
            numbers, rows, firsts, n_ids = numbers[fits], rows[fits], firsts[fits], n_ids[fits]
        if not len(numbers):
            return padded
        shift = self.features.n_bits
        keys = np.concatenate(
            [
                (np.repeat(rows, n_ids) << shift) + self._word_ids(firsts, n_ids),
                self._bigram_keys(numbers, rows),
            ]
        )
        keys.sort()
        keys = keys[np.concatenate([_TRUE, keys[1:] != keys[:-1]])]
        rows = keys >> shift
        starts = np.searchsorted(rows, np.arange(len(lengths), dtype=np.int32))
        padded[rows, np.arange(len(keys)) - starts[rows]] = keys & (self.features.n_buckets - 1)
        return padded

    def _word_ids(self, firsts: _Ints, n_ids: _Ints) -> _Ints:
        ends = np.cumsum(n_ids, dtype=np.int32)
        places = np.arange(ends[-1], dtype=np.int32) + np.repeat(firsts - ends + n_ids, n_ids)
        ids: _Ints = self._words.ids[places]
        return ids

    def _bigram_keys(self, numbers: _Ints, rows: _Ints) -> _Ints:
        hashes = self._words.hashes[numbers]
        mixed = (hashes[:-1] ^ (hashes[:-1] >> np.uint32(15))) * _MIX + hashes[1:]
        mixed = (mixed ^ (mixed >> np.uint32(16))) * _MIX
        ids = (mixed >> np.uint32(32 - self.features.n_bits)).astype(np.int32)
        inside = rows[1:] == rows[:-1]
        keys: _Ints = ((rows[1:] << self.features.n_bits) + ids)[inside]
        return keys


def _fitting(n_features: _Ints, lengths: _Ints, rows: _Ints, width: int) -> NDArray[np.bool_]:
    """Which tokens, from the start of each text, have features for ``width`` places."""
    so_far = np.cumsum(n_features, dtype=np.int32)
    before = np.concatenate([_ZERO, so_far])[np.cumsum(lengths) - lengths]
    fits: NDArray[np.bool_] = so_far - before[rows] <= width
    return fits


def _doubled(array: Any) -> Any:
    return np.concatenate([array, np.zeros_like(array)])
