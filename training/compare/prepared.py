"""Preparation of the inputs of classifiers, once for each fold and kind of features."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from training.compare.scale import Scale
from training.compare.views import FoldRows
from training.datasets.rows import Rows


class FittedFeatures(Protocol):
    """Fitted features."""

    def transform(self, inputs: Any) -> Any:
        """Return the inputs of classifiers, one row per text."""

    @property
    def n_bytes(self) -> int:
        """Size in memory, without the base."""


@dataclass(frozen=True)
class FoldParts:
    """One value for each part of a fold."""

    train: Any
    validation: Any
    test: Any


@dataclass(frozen=True)
class Prepared:
    """The inputs of a fold.

    Parameters
    ----------
    inputs
        Matrices or lists, as the features return them.
    negative
        Labels of the rows.
    fitted
        Fitted features.
    train_s, score_s
        CPU-seconds of fitting to and transforming the training rows, and of transforming the test
        rows, including those of the base.
    n_bytes
        Size of the features in bytes, including that of the base.
    """

    inputs: FoldParts
    negative: FoldParts
    fitted: Any
    train_s: float
    score_s: float
    n_bytes: int


Learn = Callable[[Any, Any, Scale], FittedFeatures]
"""Function from the training inputs and the fitted base (None without one) to fitted features."""


@dataclass(frozen=True)
class Features:
    """Features to fit, on texts or on the output of other features, the base."""

    learn: Learn
    base: str | None = None


class Experiment:
    """The rows of one corpus, with their features by name and a cache of prepared folds."""

    def __init__(self, rows: Rows, features: dict[str, Features], scale: Scale) -> None:
        self.rows = rows
        self.scale = scale
        self._features = features
        self._cache: dict[tuple[str, str], Prepared] = {}

    def prepared(self, fold: FoldRows, name: str) -> Prepared:
        """Return the inputs of a fold for the named features."""
        key = (fold.name, name)
        if key not in self._cache:
            self._evict_all_but(name)
            self._cache[key] = self._prepare(fold, name)
        return self._cache[key]

    def _evict_all_but(self, name: str) -> None:
        chain: list[str | None] = [name]
        while (last := chain[-1]) is not None:
            chain.append(self._features[last].base)
        self._cache = {key: value for key, value in self._cache.items() if key[1] in chain}

    def _prepare(self, fold: FoldRows, name: str) -> Prepared:
        features = self._features[name]
        base = self.prepared(fold, features.base) if features.base else self._texts(fold)
        clock = time.process_time()
        fitted = features.learn(base.inputs.train, base.fitted, self.scale)
        train = fitted.transform(base.inputs.train)
        train_s = time.process_time() - clock
        validation = fitted.transform(base.inputs.validation)
        clock = time.process_time()
        test = fitted.transform(base.inputs.test)
        return Prepared(
            FoldParts(train, validation, test),
            base.negative,
            fitted,
            base.train_s + train_s,
            base.score_s + time.process_time() - clock,
            base.n_bytes + fitted.n_bytes,
        )

    def _texts(self, fold: FoldRows) -> Prepared:
        def parts(select: Callable[[Any], Any]) -> FoldParts:
            return FoldParts(select(fold.train), select(fold.validation), select(fold.test))

        texts = parts(lambda places: [self.rows.texts[place] for place in places])
        return Prepared(texts, parts(lambda p: self.rows.negative[p]), None, 0.0, 0.0, 0)


class _ByteCounter:
    """A file that counts the bytes that are written, and discards them."""

    n_bytes = 0

    def write(self, data: Any) -> int:
        size = memoryview(data).nbytes
        self.n_bytes += size
        return size


_PROTOCOL: Final = 4


def pickled_bytes(value: Any) -> int:
    """Return the size of a pickled object in bytes.

    Examples
    --------
    >>> pickled_bytes(bytes(1000)) // 100
    10
    """
    counter = _ByteCounter()
    pickle.Pickler(counter, _PROTOCOL).dump(value)
    return counter.n_bytes
