"""Exact groups of near-duplicate texts, without comparing all pairs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

_MIN_SIMILARITY: Final = 0.5
_BATCH: Final = 200_000


def groups(texts: Sequence[Sequence[str]]) -> NDArray[np.int32]:
    """Return the number of each text's group of near-duplicates, int32 [n].

    Two texts are near-duplicates if they share at least half of all their distinct word pairs
    (Jaccard similarity 0.5). Groups are the connected components of that relation. Texts of at
    most three words are near-duplicates only if they are equal.

    Parameters
    ----------
    texts
        Words of each text.

    Examples
    --------
    >>> late = "so sorry my flight is late".split()
    >>> groups([late, ["rt", *late], ["thanks"]]).tolist()
    [0, 0, 1]
    """
    has_pair, n_pairs = _pairs(texts)
    candidates = _candidates(has_pair, n_pairs)
    common = _common(has_pair, candidates)
    same = common >= _MIN_SIMILARITY * (n_pairs[candidates.row] + n_pairs[candidates.col] - common)
    edges = (np.ones(int(same.sum()), np.int8), (candidates.row[same], candidates.col[same]))
    _, numbers = connected_components(
        sparse.csr_matrix(edges, shape=candidates.shape), directed=False
    )
    group_numbers: NDArray[np.int32] = numbers
    return group_numbers


def _pairs(texts: Sequence[Sequence[str]]) -> tuple[Any, NDArray[np.int64]]:
    """Return a matrix of texts by distinct word pairs, and the number of pairs of each text."""
    numbers: dict[tuple[str, ...], int] = {}
    columns: list[int] = []
    ends = [0]
    for words in texts:
        pairs = set(pairwise(words)) if len(words) > 3 else {tuple(words)}
        columns += [numbers.setdefault(pair, len(numbers)) for pair in pairs]
        ends.append(len(columns))
    shape = (len(texts), len(numbers))
    has_pair = sparse.csr_matrix((np.ones(len(columns), np.float32), columns, ends), shape=shape)
    return has_pair, np.diff(np.array(ends)).astype(np.int64)


def _candidates(has_pair: Any, n_pairs: NDArray[np.int64]) -> Any:
    """Return the pairs of texts that share one of their rarest pairs, as an upper triangle.

    Near-duplicates share at least half of either text's n word pairs, and so at least one of its
    ``n - ceil(n / 2) + 1`` rarest ones, in an order of pairs that is the same for all texts.
    """
    frequency = np.bincount(has_pair.indices, minlength=has_pair.shape[1])
    rows = np.repeat(np.arange(has_pair.shape[0]), n_pairs)
    order = np.lexsort((has_pair.indices, frequency[has_pair.indices], rows))
    rank = np.arange(len(order)) - np.repeat(has_pair.indptr[:-1], n_pairs)
    rarest = order[rank < np.repeat(n_pairs - (n_pairs + 1) // 2 + 1, n_pairs)]
    ones = np.ones(len(rarest), np.float32)
    kept = sparse.csr_matrix((ones, (rows[rarest], has_pair.indices[rarest])), shape=has_pair.shape)
    return sparse.triu(kept @ kept.T, k=1).tocoo()


def _common(has_pair: Any, candidates: Any) -> NDArray[np.float64]:
    """Return the number of word pairs that the two texts of each candidate share."""
    common = np.zeros(candidates.nnz)
    for start in range(0, candidates.nnz, _BATCH):
        batch = slice(start, start + _BATCH)
        both = has_pair[candidates.row[batch]].multiply(has_pair[candidates.col[batch]])
        common[batch] = np.asarray(both.sum(axis=1)).ravel()
    return common
