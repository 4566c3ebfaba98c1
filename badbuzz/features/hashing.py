"""Hashed features of a text: words, bigrams and character n-grams of words.

Every id is a hash, so a bundle has no vocabulary and ships no training text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from zlib import crc32

import numpy as np

from badbuzz.features.token_cache import (
    CachedFeaturiser,
    Ints,
    WordIds,
    double,
    mask_fitting,
)
from badbuzz.features.tokens import NEGATION

_SEQUENCE: Final = crc32(b"sequence")
_MIX: Final = np.uint32(0x9E3779B1)
_TRUE: Final = np.array([True])


@dataclass(frozen=True, slots=True)
class HashedFeatures:
    """Parameters of the hashed features.

    Parameters
    ----------
    n_bits
        Number of bits of an id, at most 22: ids are in [0, 2**n_bits), padding is 2**n_bits.
    shortest, longest
        Length range of character n-grams in bytes, including the word's two end marks; 1 and 0
        for no n-grams.
    width
        Maximum features of a text; the last tokens are dropped if there are more.
    """

    n_bits: int
    shortest: int
    longest: int
    width: int

    @property
    def n_buckets(self) -> int:
        """Number of ids; also the id of padding."""
        return 1 << self.n_bits


class _HashedIds(WordIds):
    """Word numbers with, by number, the hash of the word and the ids of word and n-grams."""

    def __init__(self, features: HashedFeatures) -> None:
        super().__init__()
        self._features = features
        self.hashes = np.zeros(4096, np.uint32)

    def compute_ids(self, word: str, number: int) -> list[int]:
        """Compute the id of a word and those of its n-grams."""
        word_hash = crc32(word.encode("utf-8", "surrogatepass"))
        if number == len(self.hashes):
            self.hashes = double(self.hashes)
        self.hashes[number] = word_hash
        mask = self._features.n_buckets - 1
        ids = [word_hash & mask]
        if not word[0].isalpha():
            return ids
        marked = b"<%b>" % word.removeprefix(NEGATION).encode("utf-8", "surrogatepass")
        for n in range(self._features.shortest, self._features.longest + 1):
            ids += [
                crc32(marked[start : start + n], _SEQUENCE) & mask
                for start in range(len(marked) - n + 1)
            ]
        return ids


class HashedFeaturiser(CachedFeaturiser[HashedFeatures]):
    """Featuriser of texts to padded rows of distinct feature ids.

    Parameters
    ----------
    features
        Parameters of the features.

    Examples
    --------
    >>> featuriser = HashedFeaturiser(HashedFeatures(n_bits=18, shortest=4, longest=4, width=8))
    >>> rows = featuriser.rows(["hello"])
    >>> rows.shape, int((rows < 1 << 18).sum())
    ((1, 8), 5)
    """

    n_more = 1  # the bigram with the next token
    _words: _HashedIds

    def __init__(self, features: HashedFeatures) -> None:
        super().__init__(features)
        self.padding = (features.n_buckets,)

    def _new_words(self) -> _HashedIds:
        return _HashedIds(self.features)

    def rows(self, texts: Sequence[str]) -> Ints:
        """Return the ids of each text, ascending, then padding: int32 [n, width]."""
        (rows,) = self.inputs(texts)
        return rows

    def _batch(self, numbers: Ints, lengths: Ints) -> tuple[Ints]:
        padded = np.full((len(lengths), self.features.width), self.features.n_buckets, np.int32)
        rows = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
        firsts = self._words.firsts[numbers]
        n_ids = self._words.firsts[numbers + 1] - firsts
        fits = mask_fitting(n_ids + self.n_more, lengths, rows, self.features.width)
        if not fits.all():
            numbers, rows, firsts, n_ids = numbers[fits], rows[fits], firsts[fits], n_ids[fits]
        if not len(numbers):
            return (padded,)
        shift = self.features.n_bits
        keys = np.concatenate(
            [
                (np.repeat(rows, n_ids) << shift) + self._words.gather(firsts, n_ids),
                self._bigram_keys(numbers, rows),
            ]
        )
        keys.sort()
        keys = keys[np.concatenate([_TRUE, keys[1:] != keys[:-1]])]
        rows = keys >> shift
        starts = np.searchsorted(rows, np.arange(len(lengths), dtype=np.int32))
        padded[rows, np.arange(len(keys)) - starts[rows]] = keys & (self.features.n_buckets - 1)
        return (padded,)

    def _bigram_keys(self, numbers: Ints, rows: Ints) -> Ints:
        hashes = self._words.hashes[numbers]
        mixed = (hashes[:-1] ^ (hashes[:-1] >> np.uint32(15))) * _MIX + hashes[1:]
        mixed = (mixed ^ (mixed >> np.uint32(16))) * _MIX
        ids = (mixed >> np.uint32(32 - self.features.n_bits)).astype(np.int32)
        inside = rows[1:] == rows[:-1]
        keys: Ints = ((rows[1:] << self.features.n_bits) + ids)[inside]
        return keys
