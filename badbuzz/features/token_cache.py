"""What featurisers remember: the words of a chunk, and the ids of a word.

When the memory is full it is emptied, which changes no id.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from badbuzz.features import tokens as reading

BATCH_SIZE: Final = 256  # bounds what is remembered between two looks at how much it is
MAX_CACHED: Final = 50_000
_MAX_CACHED_CHARS: Final = 48
_ZERO: Final = np.array([0], np.int32)

Ints = NDArray[np.int32]


class ChunkTokens(dict[str, tuple[str, ...]]):
    """The words of every chunk seen."""

    def __missing__(self, chunk: str) -> tuple[str, ...]:
        found = reading.tokenise_chunk(chunk)
        if len(chunk) <= _MAX_CACHED_CHARS and not chunk.startswith("http"):
            self[chunk] = found
        return found


class WordIds(dict[str, int]):
    """A number for every word seen; by number, where its ids begin.

    A subclass says in :meth:`read` which ids a word has.
    """

    def __init__(self) -> None:
        super().__init__()
        self.firsts = np.zeros(4096, np.int32)
        self.ids = np.zeros(32_768, np.int32)
        self._n_ids = 0

    def __missing__(self, word: str) -> int:
        number = len(self)
        self[word] = number
        if number + 1 == len(self.firsts):
            self.firsts = double(self.firsts)
        found = self.read(word, number)
        end = self._n_ids + len(found)
        while end > len(self.ids):
            self.ids = double(self.ids)
        self.ids[self._n_ids : end] = found
        self._n_ids = end
        self.firsts[number + 1] = end
        return number

    def read(self, word: str, number: int) -> Sequence[int]:
        """The ids of a word that was not seen before, and is given a number."""
        raise NotImplementedError

    def of(self, firsts: Ints, n_ids: Ints) -> Ints:
        """The ids of words, one word's after the other's, by where they begin and how many."""
        ends = np.cumsum(n_ids, dtype=np.int32)
        places = np.arange(ends[-1], dtype=np.int32) + np.repeat(firsts - ends + n_ids, n_ids)
        ids: Ints = self.ids[places]
        return ids


class TokenCache:
    """The words of texts as numbers, and everything that was met.

    Parameters
    ----------
    words
        Gives each word its number; empty.
    """

    def __init__(self, words: WordIds) -> None:
        self.chunks = ChunkTokens()
        self.words = words

    @property
    def is_full(self) -> bool:
        """Whether it is time for another memory."""
        return max(len(self.chunks), len(self.words)) > MAX_CACHED

    def numbers(self, texts: Sequence[str]) -> tuple[Ints, Ints]:
        """The numbers of all tokens, one text's after the other's, and how many each text has."""
        words_of, number_of = self.chunks.__getitem__, self.words.__getitem__
        numbers: list[int] = []
        ends = [0]
        for text in texts:
            found = list(chain.from_iterable(map(words_of, reading.split_chunks(text))))
            numbers += map(number_of, reading.mark_negation(found[: reading.MAX_TOKENS]))
            ends.append(len(numbers))
        return np.array(numbers, np.int32), np.diff(np.array(ends, np.int32)).astype(np.int32)


def mask_fitting(n_ids: Ints, lengths: Ints, rows: Ints, width: int) -> NDArray[np.bool_]:
    """Which tokens, from the start of each text, have ids for ``width`` places."""
    so_far = np.cumsum(n_ids, dtype=np.int32)
    before = np.concatenate([_ZERO, so_far])[np.cumsum(lengths) - lengths]
    fits: NDArray[np.bool_] = so_far - before[rows] <= width
    return fits


def double(array: Any) -> Any:
    """The array, and as many zeros."""
    return np.concatenate([array, np.zeros_like(array)])
