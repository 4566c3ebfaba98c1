"""A linear model as a TFLite graph: gather, sum, divide by the norm, calibrate."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

LEAST_SQUARE: Final = 1e-6
"""Of a norm: a text without features has the logit ``bias``."""


@dataclass(frozen=True)
class Linear:
    """A calibrated linear model over hashed features.

    Parameters
    ----------
    table
        Float32 [n_buckets + 1, 2]: what a feature adds to the sum, and to the squared norm; the
        last row, padding, is zero.
    slope, bias
        logit = slope * sum / norm + bias.
    """

    table: NDArray[np.float32]
    slope: float
    bias: float

    def probabilities(self, rows: NDArray[np.int32]) -> NDArray[np.float64]:
        """P(negative) of padded rows of ids, in numpy: what the graph is compared with."""
        sums = np.stack([self.table[row].sum(axis=0, dtype=np.float64) for row in rows])
        norms = np.sqrt(np.maximum(sums[:, 1], LEAST_SQUARE))
        logits: NDArray[np.float64] = self.slope * sums[:, 0] / norms + self.bias
        scores: NDArray[np.float64] = 1.0 / (1.0 + np.exp(-logits))
        return scores


def convert(model: Linear, n_rows: int, width: int) -> bytes:
    """The model as a TFLite file for int32 [width, n_rows], a text a column.

    Summing over rows adds each text's numbers one after the other, whatever stands beside it.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    tf = import_module("tensorflow")  # fourteen seconds that only a conversion needs
    table = tf.constant(model.table)

    def score(block: Any) -> Any:
        sums = tf.reduce_sum(tf.gather(table, block), axis=0)
        norm = tf.math.rsqrt(tf.maximum(sums[:, 1], LEAST_SQUARE))
        return tf.sigmoid(model.slope * sums[:, 0] * norm + model.bias)

    signature = [tf.TensorSpec([width, n_rows], tf.int32)]
    function = tf.function(score, input_signature=signature).get_concrete_function()
    return bytes(tf.lite.TFLiteConverter.from_concrete_functions([function], tf.Module()).convert())
