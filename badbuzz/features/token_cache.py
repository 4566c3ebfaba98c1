"""Featurisers' cache of tokenised chunks and of the feature ids of words.

A full cache is dropped and rebuilt; this changes no feature id.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain, islice
from typing import Any, Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from badbuzz.features.tokens import MAX_TOKENS, mark_negation, split_chunks, tokenise_chunk

BATCH_SIZE: Final = 256
"""Texts between two checks of the cache's size."""
MAX_CACHED: Final = 50_000
"""Chunks or words after which the cache is full."""
_MAX_CACHED_CHARS: Final = 48
_ZERO: Final = np.array([0], np.int32)

Ints = NDArray[np.int32]
Inputs = tuple[NDArray[Any], ...]
_Features = TypeVar("_Features")


class ChunkTokens(dict[str, tuple[str, ...]]):
    """Tokens by chunk; of long chunks and URLs, only the last 256 are cached."""

    def __missing__(self, chunk: str) -> tuple[str, ...]:
        if len(chunk) > _MAX_CACHED_CHARS or chunk.startswith("http"):
            return _tokenise_long(chunk)
        tokens = self[chunk] = tokenise_chunk(chunk)
        return tokens


_tokenise_long: Final = lru_cache(maxsize=256)(tokenise_chunk)


class WordIds(dict[str, int]):
    """Numbers of words, counted from 0, and by number the word's feature ids.

    Attributes
    ----------
    ids
        Feature ids of all words, one word after the other.
    firsts
        Position in ``ids`` where each word begins; the next word's is its end.
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
        ids = self.compute_ids(word, number)
        end = self._n_ids + len(ids)
        while end > len(self.ids):
            self.ids = double(self.ids)
        self.ids[self._n_ids : end] = ids
        self._n_ids = end
        self.firsts[number + 1] = end
        return number

    def compute_ids(self, word: str, number: int) -> Sequence[int]:
        """Compute the feature ids of a new word."""
        raise NotImplementedError

    def gather(self, firsts: Ints, n_ids: Ints) -> Ints:
        """Concatenate the ids of words, given where each begins and how many ids it has."""
        ends = np.cumsum(n_ids, dtype=np.int32)
        places = np.arange(ends[-1], dtype=np.int32) + np.repeat(firsts - ends + n_ids, n_ids)
        ids: Ints = self.ids[places]
        return ids


class CachedFeaturiser(Generic[_Features]):
    """Featuriser that turns batches of texts into padded rows through a cache of words.

    Parameters
    ----------
    features
        Parameters of the features.
    """

    padding: tuple[float, ...]
    n_more = 0  # columns reserved for a token in addition to its ids

    def __init__(self, features: _Features) -> None:
        self.features = features
        self._chunks, self._words = ChunkTokens(), self._new_words()

    def _new_words(self) -> WordIds:
        raise NotImplementedError

    def _batch(self, numbers: Ints, lengths: Ints) -> Inputs:
        raise NotImplementedError

    def inputs(self, texts: Sequence[str]) -> Inputs:
        """Return the inputs of a network: arrays [n, width], a row per text, padded at the end."""
        batches = []
        for start in range(0, max(len(texts), 1), BATCH_SIZE):
            if max(len(self._chunks), len(self._words)) > MAX_CACHED:
                self._chunks, self._words = ChunkTokens(), self._new_words()
            batches.append(self._batch(*self._numbers(texts[start : start + BATCH_SIZE])))
        if len(batches) == 1:
            return batches[0]
        return tuple(np.concatenate(parts) for parts in zip(*batches, strict=True))

    def _numbers(self, texts: Sequence[str]) -> tuple[Ints, Ints]:
        """Return the word numbers of all texts, concatenated, and the token count of each text."""
        tokens_of, number_of = self._chunks.__getitem__, self._words.__getitem__
        numbers: list[int] = []
        ends = [0]
        for text in texts:
            tokens = islice(chain.from_iterable(map(tokens_of, split_chunks(text))), MAX_TOKENS)
            numbers += map(number_of, mark_negation(list(tokens)))
            ends.append(len(numbers))
        return np.array(numbers, np.int32), np.diff(np.array(ends, np.int32)).astype(np.int32)

    def required_width(self, texts: Sequence[str]) -> int:
        """Return the smallest width that truncates none of the texts."""
        numbers, lengths = self._numbers(texts)
        firsts = self._words.firsts
        n_ids = firsts[numbers + 1] - firsts[numbers] + self.n_more
        rows = np.repeat(np.arange(len(lengths)), lengths)
        return int(np.max(np.bincount(rows, n_ids, minlength=1)))


def mask_fitting(n_ids: Ints, lengths: Ints, rows: Ints, width: int) -> NDArray[np.bool_]:
    """Mark the tokens, from the start of each text, whose ids fit into ``width`` columns."""
    so_far = np.cumsum(n_ids, dtype=np.int32)
    before = np.concatenate([_ZERO, so_far])[np.cumsum(lengths) - lengths]
    fits: NDArray[np.bool_] = so_far - before[rows] <= width
    return fits


def double(array: Any) -> Any:
    """Append as many zeros as an array has elements."""
    return np.concatenate([array, np.zeros_like(array)])
