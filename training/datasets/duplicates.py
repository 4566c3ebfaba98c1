"""Which texts are near-duplicates of each other, found exactly and without comparing all pairs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

_SAME: Final = 0.5
_BATCH: Final = 200_000


def groups(spoken: Sequence[Sequence[str]]) -> NDArray[np.int32]:
    """The number of the group that each text's words belong to.

    Two texts are near-duplicates when at least half of the distinct word pairs of either are
    common to both; groups are closed under that.

    Parameters
    ----------
    spoken
        The words of each text; of three words or fewer all must be the same.

    Examples
    --------
    >>> late = "so sorry my flight is late".split()
    >>> groups([late, ["rt", *late], ["thanks"]]).tolist()
    [0, 0, 1]
    """
    held, n_held = _pairs(spoken)
    candidates = _candidates(held, n_held)
    common = _common(held, candidates)
    same = common >= _SAME * (n_held[candidates.row] + n_held[candidates.col] - common)
    edges = (np.ones(int(same.sum()), np.int8), (candidates.row[same], candidates.col[same]))
    _, numbers = connected_components(
        sparse.csr_matrix(edges, shape=candidates.shape), directed=False
    )
    found: NDArray[np.int32] = numbers
    return found


def _pairs(spoken: Sequence[Sequence[str]]) -> tuple[Any, NDArray[np.int64]]:
    """Which distinct pairs of words each text holds, and how many."""
    numbers: dict[tuple[str, ...], int] = {}
    places: list[int] = []
    ends = [0]
    for words in spoken:
        pairs = set(pairwise(words)) if len(words) > 3 else {tuple(words)}
        places += [numbers.setdefault(pair, len(numbers)) for pair in pairs]
        ends.append(len(places))
    shape = (len(spoken), len(numbers))
    held = sparse.csr_matrix((np.ones(len(places), np.float32), places, ends), shape=shape)
    return held, np.diff(np.array(ends)).astype(np.int64)


def _candidates(held: Any, n_held: NDArray[np.int64]) -> Any:
    """Texts that share one of their rarest pairs, as an upper triangle.

    Those that share half of their union have at least half of either in common, so at least one of
    the rarest ``n - ceil(n / 2) + 1``, in an order of pairs that is the same for all texts.
    """
    frequency = np.bincount(held.indices, minlength=held.shape[1])
    rows = np.repeat(np.arange(held.shape[0]), n_held)
    order = np.lexsort((held.indices, frequency[held.indices], rows))
    rank = np.arange(len(order)) - np.repeat(held.indptr[:-1], n_held)
    rarest = order[rank < np.repeat(n_held - (n_held + 1) // 2 + 1, n_held)]
    ones = np.ones(len(rarest), np.float32)
    kept = sparse.csr_matrix((ones, (rows[rarest], held.indices[rarest])), shape=held.shape)
    return sparse.triu(kept @ kept.T, k=1).tocoo()


def _common(held: Any, candidates: Any) -> NDArray[np.float64]:
    """How many pairs the two texts of each candidate have in common."""
    common = np.zeros(candidates.nnz)
    for start in range(0, candidates.nnz, _BATCH):
        batch = slice(start, start + _BATCH)
        both = held[candidates.row[batch]].multiply(held[candidates.col[batch]])
        common[batch] = np.asarray(both.sum(axis=1)).ravel()
    return common
