"""Texts made into what classifiers learn from: once for a fold, however many of them use it."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from training.compare.scale import Scale
from training.compare.views import Fold
from training.datasets.rows import Flags, Rows


class Fitted(Protocol):
    """Features that have learnt what they need."""

    def transform(self, inputs: Any) -> Any:
        """Inputs of classifiers, one row per text."""

    @property
    def n_bytes(self) -> int:
        """Size in memory, without what it is based on."""


@dataclass(frozen=True)
class Parts:
    """Something for each part of a fold."""

    train: Any
    watch: Any
    test: Any


@dataclass(frozen=True)
class Prepared:
    """The inputs of a fold.

    Parameters
    ----------
    inputs
        Matrices or lists, as the features make them.
    negative
        The truth.
    fitted
        Fitted features.
    train_s, score_s
        CPU-seconds of learning from and transforming the training rows, and of transforming the
        test rows, the base's included.
    n_bytes
        The base's included.
    """

    inputs: Parts
    negative: Parts
    fitted: Any
    train_s: float
    score_s: float
    n_bytes: int


Learn = Callable[[Any, Flags, Any, Scale], Fitted]
"""From the training inputs, their truth, and the fitted base (None without one)."""


@dataclass(frozen=True)
class Features:
    """A way to make texts into inputs, perhaps out of those that another way makes."""

    learn: Learn
    base: str | None = None


class Experiment:
    """The rows of one corpus, and what was prepared of them.

    Parameters
    ----------
    rows
        The rows that folds speak of.
    features
        Every way to prepare them, by name.
    """

    def __init__(self, rows: Rows, features: dict[str, Features], scale: Scale) -> None:
        self.rows = rows
        self.scale = scale
        self._features = features
        self._kept: dict[tuple[str, str], Prepared] = {}

    def prepared(self, fold: Fold, name: str) -> Prepared:
        """Return the inputs of a fold for the named features."""
        key = (fold.name, name)
        if key not in self._kept:
            self._forget_all_but(name)
            self._kept[key] = self._prepare(fold, name)
        return self._kept[key]

    def _forget_all_but(self, name: str) -> None:
        chain = {name}
        base = self._features[name].base
        while base is not None:
            chain.add(base)
            base = self._features[base].base
        self._kept = {key: found for key, found in self._kept.items() if key[1] in chain}

    def _prepare(self, fold: Fold, name: str) -> Prepared:
        features = self._features[name]
        base = self.prepared(fold, features.base) if features.base else self._texts(fold)
        clock = time.process_time()
        fitted = features.learn(base.inputs.train, base.negative.train, base.fitted, self.scale)
        train = fitted.transform(base.inputs.train)
        train_s = time.process_time() - clock
        watch = fitted.transform(base.inputs.watch)
        clock = time.process_time()
        test = fitted.transform(base.inputs.test)
        return Prepared(
            Parts(train, watch, test),
            base.negative,
            fitted,
            base.train_s + train_s,
            base.score_s + time.process_time() - clock,
            base.n_bytes + fitted.n_bytes,
        )

    def _texts(self, fold: Fold) -> Prepared:
        def parts(taken: Callable[[Any], Any]) -> Parts:
            return Parts(taken(fold.train), taken(fold.watch), taken(fold.test))

        texts = parts(lambda places: [self.rows.texts[place] for place in places])
        return Prepared(texts, parts(lambda p: self.rows.negative[p]), None, 0.0, 0.0, 0)


class _Counted:
    """A file that only counts."""

    n_bytes = 0

    def write(self, data: Any) -> int:
        """Count bytes."""
        size = memoryview(data).nbytes
        self.n_bytes += size
        return size


_PROTOCOL: Final = 4


def pickled_bytes(thing: Any) -> int:
    """Return the size of a pickled object in bytes.

    Examples
    --------
    >>> pickled_bytes(bytes(1000)) // 100
    10
    """
    counted = _Counted()
    pickle.Pickler(counted, _PROTOCOL).dump(thing)
    return counted.n_bytes
