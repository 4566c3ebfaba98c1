"""Models as TFLite graphs: gather rows of a table, sum them, compute calibrated scores."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from training.datasets.rows import N_THREADS
from training.recipes.linear import Table
from training.recipes.quality import Calibrated

LEAST_SQUARE: Final = 1e-6
"""Smallest squared norm, so that a text without features has the logit ``bias``."""
FORMATS: Final = ("float32", "float16", "int8")
"""Number formats of a graph's table; ``int8`` has a scale for each column."""
_INT8_MAX: Final = 127.0

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Linear:
    """A calibrated linear model over hashed features.

    Parameters
    ----------
    table
        Float32 [n_buckets + 1, 2]: contribution of each feature to the sum and to the squared
        norm; the last row, padding, is zero.
    slope, bias
        Parameters of logit = slope * sum / norm + bias.
    """

    table: Floats
    slope: float
    bias: float

    @classmethod
    def of(cls, table: Table, calibrated: Calibrated) -> Self:
        """Return a fitted table with its calibration."""
        columns = np.stack([table.sums, table.squares], axis=1).astype(np.float32)
        padded = np.concatenate([columns, np.zeros_like(columns[:1])])
        return cls(padded, calibrated.slope, calibrated.slope * table.bias + calibrated.bias)

    def probabilities(self, rows: NDArray[np.int32]) -> NDArray[np.float64]:
        """Return P(negative) of padded rows of ids by numpy, as a reference for the graph."""
        sums = np.stack([self.table[row].sum(axis=0, dtype=np.float64) for row in rows])
        norms = np.sqrt(np.maximum(sums[:, 1], LEAST_SQUARE))
        logits: NDArray[np.float64] = self.slope * sums[:, 0] / norms + self.bias
        scores: NDArray[np.float64] = 1.0 / (1.0 + np.exp(-logits))
        return scores

    @property
    def network(self) -> Network:
        """Model in the form that :func:`convert` takes."""

        def logits(tf: Any, rows: Any, _: Any) -> Any:
            sums = tf.reduce_sum(rows, axis=0)
            norm = tf.math.rsqrt(tf.maximum(sums[:, 1], LEAST_SQUARE))
            return self.slope * sums[:, 0] * norm + self.bias

        return Network(self.table, logits)


@dataclass(frozen=True)
class Network:
    """Table and function that turn ids into logits.

    Parameters
    ----------
    table
        Float32 [n_ids, columns]: a row for each id.
    logits
        Function of TensorFlow's module, the rows of a block of ids, float32 [width, n_rows,
        columns], and their weights, float32 [width, n_rows, 1] or None; it returns calibrated
        logits, float32 [n_rows].
    weighted
        Whether ids have weights.
    """

    table: Floats
    logits: Callable[[Any, Any, Any], Any]
    weighted: bool = False


def convert(network: Network, n_rows: int, width: int, numbers: str = FORMATS[0]) -> bytes:
    """Convert a network to a TFLite file that scores int32 [width, n_rows], one text per column.

    The sum over the first axis adds a text's numbers one after the other, so that its score does
    not depend on the other texts. Learnt values are constants of the graph, as the converter of a
    function ignores Keras' variables.

    Parameters
    ----------
    n_rows
        Number of texts in a block.
    width
        Largest number of ids of a text.
    numbers
        Number format, one of :data:`FORMATS`.
    """
    tf = tensorflow()
    gather = _gathering(tf, network.table, numbers)
    signature = [tf.TensorSpec([width, n_rows], tf.int32)]
    if network.weighted:
        signature.append(tf.TensorSpec([width, n_rows], tf.float32))

    def score(block: Any, weights: Any = None) -> Any:
        spread = None if weights is None else tf.expand_dims(weights, -1)
        return tf.sigmoid(network.logits(tf, gather(block), spread))

    function = tf.function(score, input_signature=signature).get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], tf.Module())
    if numbers == "float16":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
    return bytes(converter.convert())


@cache
def tensorflow() -> Any:
    """Import TensorFlow on one CPU thread, silent and deterministic; takes seconds once."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    with _silenced_stderr():
        tf = import_module("tensorflow")
    tf.config.threading.set_intra_op_parallelism_threads(N_THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(N_THREADS)
    tf.config.experimental.enable_op_determinism()
    return tf


@contextmanager
def _silenced_stderr() -> Iterator[None]:
    """Discard what libraries write to stderr while they are imported; no setting prevents it."""
    stderr, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(null)


def _gathering(tf: Any, table: Floats, numbers: str) -> Callable[[Any], Any]:
    """Return a function from ids to rows of a table that is stored in a number format."""
    if numbers != "int8":
        stored = tf.constant(table)
        return lambda ids: tf.gather(stored, ids)
    scales = np.maximum(np.abs(table).max(axis=0), np.finfo(np.float32).tiny) / _INT8_MAX
    whole = tf.constant(np.rint(table / scales).astype(np.int8))
    return lambda ids: tf.cast(tf.gather(whole, ids), tf.float32) * tf.constant(scales)
