"""A text's tokens as ids of a hashed table: words, bigrams, letter sequences of words.

Every id is a hash, so no vocabulary is kept and no text of the training data is shipped. What a
chunk or a word gives is remembered; when the memory is full it is emptied, which changes no id.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from zlib import crc32

import numpy as np

from badbuzz.features import tokens as reading
from badbuzz.features.token_cache import BATCH_SIZE, Ints, TokenCache, WordIds, double, mask_fitting

_SEQUENCE: Final = crc32(b"sequence")
_MIX: Final = np.uint32(0x9E3779B1)
_TRUE: Final = np.array([True])


@dataclass(frozen=True, slots=True)
class HashedFeatures:
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


class _HashedIds(WordIds):
    """A number for every word seen; by number its hash, and its own id and its letters'."""

    def __init__(self, features: HashedFeatures) -> None:
        super().__init__()
        self._features = features
        self.hashes = np.zeros(4096, np.uint32)

    def read(self, word: str, number: int) -> list[int]:
        """The id of the word, and those of its letter sequences."""
        own = crc32(word.encode("utf-8", "surrogatepass"))
        if number == len(self.hashes):
            self.hashes = double(self.hashes)
        self.hashes[number] = own
        return self._ids(word, own)

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


class HashedFeaturiser:
    """Texts to padded rows of distinct feature ids.

    Parameters
    ----------
    features
        Which features to read.

    Examples
    --------
    >>> featuriser = HashedFeaturiser(HashedFeatures(n_bits=18, shortest=4, longest=4, width=8))
    >>> rows = featuriser.rows(["hello"])
    >>> rows.shape, int((rows < 1 << 18).sum())
    ((1, 8), 5)
    """

    def __init__(self, features: HashedFeatures) -> None:
        self.features = features
        self.padding = (features.n_buckets,)
        self._forget()

    def _forget(self) -> None:
        self._words = _HashedIds(self.features)
        self._memory = TokenCache(self._words)

    def inputs(self, texts: Sequence[str]) -> tuple[Ints]:
        """What a network reads: :meth:`rows`."""
        return (self.rows(texts),)

    def rows(self, texts: Sequence[str]) -> Ints:
        """The ids of each text, ascending, then padding: int32 [n, width]."""
        batches = [
            self._batch(texts[start : start + BATCH_SIZE])
            for start in range(0, max(len(texts), 1), BATCH_SIZE)
        ]
        return batches[0] if len(batches) == 1 else np.concatenate(batches)

    def _batch(self, texts: Sequence[str]) -> Ints:
        if self._memory.is_full:
            self._forget()
        return self._padded(*self._memory.numbers(texts))

    def _padded(self, numbers: Ints, lengths: Ints) -> Ints:
        padded = np.full((len(lengths), self.features.width), self.features.n_buckets, np.int32)
        rows = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
        firsts = self._words.firsts[numbers]
        n_ids = self._words.firsts[numbers + 1] - firsts
        fits = mask_fitting(n_ids + 1, lengths, rows, self.features.width)
        if not fits.all():
            numbers, rows, firsts, n_ids = numbers[fits], rows[fits], firsts[fits], n_ids[fits]
        if not len(numbers):
            return padded
        shift = self.features.n_bits
        keys = np.concatenate(
            [
                (np.repeat(rows, n_ids) << shift) + self._words.of(firsts, n_ids),
                self._bigram_keys(numbers, rows),
            ]
        )
        keys.sort()
        keys = keys[np.concatenate([_TRUE, keys[1:] != keys[:-1]])]
        rows = keys >> shift
        starts = np.searchsorted(rows, np.arange(len(lengths), dtype=np.int32))
        padded[rows, np.arange(len(keys)) - starts[rows]] = keys & (self.features.n_buckets - 1)
        return padded

    def _bigram_keys(self, numbers: Ints, rows: Ints) -> Ints:
        hashes = self._words.hashes[numbers]
        mixed = (hashes[:-1] ^ (hashes[:-1] >> np.uint32(15))) * _MIX + hashes[1:]
        mixed = (mixed ^ (mixed >> np.uint32(16))) * _MIX
        ids = (mixed >> np.uint32(32 - self.features.n_bits)).astype(np.int32)
        inside = rows[1:] == rows[:-1]
        keys: Ints = ((rows[1:] << self.features.n_bits) + ids)[inside]
        return keys
