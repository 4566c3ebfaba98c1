"""Sequences of different lengths in one array, and padded batches of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_MOST_TOKENS: Final = 4096
"""Largest number of tokens in a batch, padding included: fits into a processor's cache."""

Places = NDArray[np.int64]


@dataclass(frozen=True)
class Ragged:
    """One value for each token of each text.

    Parameters
    ----------
    values
        [tokens] or [tokens, n], text after text.
    ends
        [texts + 1]: start of each text, and the end of the last one.
    """

    values: NDArray[Any]
    ends: Places

    @classmethod
    def of(cls, parts: list[NDArray[Any]]) -> Ragged:
        """Concatenate texts.

        Examples
        --------
        >>> Ragged.of([np.array([1, 2]), np.array([3])]).padded(np.array([1, 0]))[0].tolist()
        [[3, 0], [1, 2]]
        """
        return cls(np.concatenate(parts), np.cumsum([0, *map(len, parts)]))

    def __len__(self) -> int:
        return len(self.ends) - 1

    @property
    def lengths(self) -> Places:
        """Number of tokens of each text."""
        lengths: Places = np.diff(self.ends)
        return lengths

    def select(self, places: Places) -> Ragged:
        """Return the selected texts, in that order."""
        return Ragged.of([self.values[self.ends[place] : self.ends[place + 1]] for place in places])

    def padded(self, places: Places) -> tuple[NDArray[Any], NDArray[np.float32]]:
        """Return the selected texts padded with zeros, and a mask that is 1.0 for tokens."""
        lengths = self.lengths[places]
        real = np.arange(np.max(lengths)) < lengths[:, None]
        rows = np.zeros((*real.shape, *self.values.shape[1:]), self.values.dtype)
        rows[real] = self.select(places).values
        return rows, real.astype(np.float32)

    def batches(self) -> Iterator[Places]:
        """Yield batches of indices, with texts of similar length together."""
        order = np.argsort(self.lengths, kind="stable")
        start = 0
        while start < len(order):
            stop = start + 1
            while (
                stop < len(order) and (stop + 1 - start) * self.lengths[order[stop]] <= _MOST_TOKENS
            ):
                stop += 1
            yield order[start:stop]
            start = stop
