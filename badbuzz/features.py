"""A text's tokens as ids of a hashed table: words, bigrams, letter sequences of words.

Every id is a hash, so no vocabulary is kept and no text of the training data is shipped. What a
chunk or a word gives is remembered; when the memory is full it is emptied, which changes no id.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from badbuzz import text as reading

_MOST_REMEMBERED: Final = 50_000
_LONGEST_REMEMBERED: Final = 48
_SEQUENCE: Final = crc32(b"sequence")
_USER: Final = [reading.USER]
_URL: Final = [reading.URL]
_MIX: Final = np.uint32(0x9E3779B1)


@dataclass(frozen=True, slots=True)
class Features:
    """Which features a bundle reads.

    Parameters
    ----------
    n_buckets
        Ids run over [0, n_buckets); n_buckets itself is padding.
    shortest, longest
        Bytes in a sequence, the word's two ends counted; longest 0 for none.
    width
        Distinct features of a text that count; those of its end are left out.
    """

    n_buckets: int
    shortest: int
    longest: int
    width: int


class _Chunks(dict[str, list[str]]):
    """The words of every chunk seen."""

    def __missing__(self, chunk: str) -> list[str]:
        found = reading.words(chunk)
        if len(chunk) <= _LONGEST_REMEMBERED and found != _USER and found != _URL:
            self[chunk] = found
        return found


class _Words(dict[str, int]):
    """A number for every word seen, and by number its hash and its ids."""

    def __init__(self, features: Features) -> None:
        super().__init__()
        self._features = features
        self.hashes = np.zeros(1024, np.uint32)
        self.starts = np.zeros(1024, np.int64)
        self.ids = np.zeros(8192, np.int32)
        self.n_ids = 0

    def __missing__(self, word: str) -> int:
        number = self[word] = len(self)
        if number + 1 >= len(self.starts):
            self.hashes = _doubled(self.hashes)
            self.starts = _doubled(self.starts)
        found = self._ids(word)
        while self.n_ids + len(found) > len(self.ids):
            self.ids = _doubled(self.ids)
        self.ids[self.n_ids : self.n_ids + len(found)] = found
        self.n_ids += len(found)
        self.hashes[number] = self.hash_of(word)
        self.starts[number + 1] = self.n_ids
        return number

    def _ids(self, word: str) -> list[int]:
        n_buckets = self._features.n_buckets
        found = [self.hash_of(word) % n_buckets]
        if word[0] == "<" or len(word) < 2:
            return found
        ended = b"<%b>" % word.removeprefix(reading.NEGATION).encode("utf-8", "surrogatepass")
        for n in range(self._features.shortest, self._features.longest + 1):
            for start in range(len(ended) - n + 1):
                found.append(crc32(ended[start : start + n], _SEQUENCE) % n_buckets)
        return found

    @staticmethod
    def hash_of(word: str) -> int:
        return crc32(word.encode("utf-8", "surrogatepass"))


def _doubled(array: Any) -> Any:
    return np.concatenate([array, np.zeros_like(array)])


class Featuriser:
    """Texts to padded rows of distinct feature ids.

    Parameters
    ----------
    features
        Which features to read.

    Examples
    --------
    >>> rows = Featuriser(Features(n_buckets=1 << 18, shortest=4, longest=4, width=8)).rows(["hello"])
    >>> rows.shape, int((rows < 1 << 18).sum())
    ((1, 8), 5)
    """

    def __init__(self, features: Features) -> None:
        self.features = features
        self._forget()

    def _forget(self) -> None:
        self._chunks = _Chunks()
        self._words = _Words(self.features)

    def rows(self, texts: Sequence[str]) -> NDArray[np.int32]:
        """The ids of each text, ascending, padded with ``n_buckets``: int32 [n, width]."""
        if len(self._chunks) > _MOST_REMEMBERED or len(self._words) > _MOST_REMEMBERED:
            self._forget()
        numbers, lengths = self._numbers(texts)
        return self._padded(numbers, lengths)

    def _numbers(self, texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        words_of, number_of = self._chunks.__getitem__, self._words.__getitem__
        numbers: list[int] = []
        lengths = []
        for text in texts:
            before = len(numbers)
            found = [word for chunk in reading.chunks(text) for word in words_of(chunk)]
            numbers += map(number_of, reading.negated(found[: reading.MAX_TOKENS]))
            lengths.append(len(numbers) - before)
        return np.array(numbers, np.int64), np.array(lengths, np.int64)

    def _padded(self, numbers: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int32]:
        n_buckets, width = self.features.n_buckets, self.features.width
        padded = np.full((len(lengths), width), n_buckets, np.int32)
        if not len(numbers):
            return padded
        rows = np.repeat(np.arange(len(lengths)), lengths)
        n_ids, ids = self._word_ids(numbers)
        pairs, pair_rows = self._bigram_ids(numbers, rows)
        keys = np.concatenate(
            [np.repeat(rows, n_ids) * n_buckets + ids, pair_rows * n_buckets + pairs]
        )
        keys.sort()
        keys = keys[np.concatenate([[True], keys[1:] != keys[:-1]])]
        rows = keys // n_buckets
        ends = np.searchsorted(rows, np.arange(len(lengths)))
        columns = np.arange(len(keys)) - ends[rows]
        kept = columns < width
        padded[rows[kept], columns[kept]] = (keys - rows * n_buckets)[kept]
        return padded

    def _word_ids(self, numbers: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        starts = self._words.starts[numbers]
        n_ids = self._words.starts[numbers + 1] - starts
        ends = np.cumsum(n_ids)
        places = np.arange(ends[-1]) + np.repeat(starts - (ends - n_ids), n_ids)
        return n_ids, self._words.ids[places].astype(np.int64)

    def _bigram_ids(
        self, numbers: NDArray[np.int64], rows: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        hashes = self._words.hashes[numbers]
        mixed = ((hashes[:-1] * _MIX) ^ (hashes[:-1] >> np.uint32(15))) + hashes[1:]
        mixed = (mixed ^ (mixed >> np.uint32(16))) * _MIX
        ids = (mixed ^ (mixed >> np.uint32(15))).astype(np.int64) % self.features.n_buckets
        inside = rows[1:] == rows[:-1]
        return ids[inside], rows[1:][inside]
