"""Export of an encoder with a head as a TFLite file, to measure the cost of serving it."""

from __future__ import annotations

from typing import Any

from training.bert.folder import Encoder
from training.bert.layers import Layers, mean
from training.recipes.graph import tensorflow


def export(encoder: Encoder) -> bytes:
    """Convert an encoder to a graph from ids and masks [texts, tokens] to scores [texts].

    The head is zero: the cost depends neither on its weights nor on whether layers were tuned.
    """
    tf = tensorflow()
    layers = Layers(encoder, 0, encoder.n_layers, embedding=True, fixed=True)
    head = tf.zeros([encoder.n_hidden, 1])

    def score(ids: Any, real: Any) -> Any:
        return tf.sigmoid(tf.matmul(mean(layers(ids, real), real), head))[:, 0]

    signature = [tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None, None])]
    graph = tf.function(score, input_signature=signature, autograph=False).get_concrete_function()
    return bytes(tf.lite.TFLiteConverter.from_concrete_functions([graph], tf.Module()).convert())
