"""BERT's layers (Devlin et al. 2019) as a TensorFlow graph.

The tests compare them with an independent calculation by numpy.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from training.bert.folder import Encoder
from training.recipes.graph import tensorflow

_FAR: Final = -1e9
"""Added to the attention logits of padding."""
_LAYER: Final = "encoder.layer.{}."


class Layers:
    """Some of an encoder's layers, perhaps with the embeddings below them.

    Parameters
    ----------
    first, stop
        Layers ``first`` up to, not including, ``stop``.
    dropout
        Dropout rate, used only if :meth:`__call__` has ``learning``.
    embedding
        Whether inputs are ids, not states.
    fixed
        Whether weights are constants, which the conversion of a graph needs.
    """

    def __init__(
        self,
        encoder: Encoder,
        first: int,
        stop: int,
        dropout: float = 0.0,
        *,
        embedding: bool = False,
        fixed: bool = False,
    ) -> None:
        self._tf = tensorflow()
        self._encoder = encoder
        self._dropout = dropout
        self._embedding = embedding
        self._numbers = range(first, stop)
        prefixes = tuple(_LAYER.format(number) for number in self._numbers)
        if embedding:
            prefixes = ("embeddings.", *prefixes)
        new_tensor = self._tf.constant if fixed else self._tf.Variable
        self._weights = {
            name: new_tensor(one.T if _is_dense(name) else one, name=name)
            for name, one in encoder.weights.items()
            if name.startswith(prefixes)
        }

    @property
    def variables(self) -> list[Any]:
        """All weights."""
        return list(self._weights.values())

    def __call__(self, inputs: Any, real: Any, *, learning: bool = False) -> Any:
        """Return the states after the layers, [texts, tokens, hidden].

        Parameters
        ----------
        inputs
            Ids [texts, tokens], or states [texts, tokens, hidden].
        real
            Mask [texts, tokens]: 1.0 for tokens, 0.0 for padding.
        """
        states = self._embedded(inputs) if self._embedding else inputs
        bias = self._tf.expand_dims(self._tf.expand_dims((1.0 - real) * _FAR, 1), 1)
        for number in self._numbers:
            states = self._layer(_LAYER.format(number), states, bias, learning)
        return states

    def _embedded(self, ids: Any) -> Any:
        tf, weights = self._tf, self._weights
        words = tf.gather(weights["embeddings.word_embeddings.weight"], ids)
        places = weights["embeddings.position_embeddings.weight"][: tf.shape(ids)[1]]
        kind = weights["embeddings.token_type_embeddings.weight"][0]
        return self._normal("embeddings.LayerNorm", words + places + kind)

    def _layer(self, prefix: str, states: Any, bias: Any, learning: bool) -> Any:
        mixed = self._dense(prefix + "attention.output.dense", self._attended(prefix, states, bias))
        states = self._normal(
            prefix + "attention.output.LayerNorm", states + self._dropped(mixed, learning)
        )
        wide = self._tf.nn.gelu(self._dense(prefix + "intermediate.dense", states))
        narrow = self._dense(prefix + "output.dense", wide)
        return self._normal(prefix + "output.LayerNorm", states + self._dropped(narrow, learning))

    def _attended(self, prefix: str, states: Any, bias: Any) -> Any:
        tf, n_heads = self._tf, self._encoder.n_heads
        shape = tf.shape(states)
        size = self._encoder.n_hidden // n_heads

        def heads(name: str) -> Any:
            projected = self._dense(f"{prefix}attention.self.{name}", states)
            return tf.transpose(
                tf.reshape(projected, [shape[0], shape[1], n_heads, size]), [0, 2, 1, 3]
            )

        similarity = tf.matmul(heads("query"), heads("key"), transpose_b=True) / np.sqrt(size)
        mixed = tf.matmul(tf.nn.softmax(similarity + bias), heads("value"))
        return tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), shape)

    def _dense(self, name: str, inputs: Any) -> Any:
        weight, tf = self._weights[name + ".weight"], self._tf
        flat = tf.matmul(tf.reshape(inputs, [-1, weight.shape[0]]), weight)
        shape = tf.concat([tf.shape(inputs)[:-1], [weight.shape[1]]], 0)
        return tf.reshape(flat + self._weights[name + ".bias"], shape)

    def _normal(self, name: str, inputs: Any) -> Any:
        tf = self._tf
        mean, variance = tf.nn.moments(inputs, [-1], keepdims=True)
        scale = tf.math.rsqrt(variance + self._encoder.epsilon) * self._weights[name + ".weight"]
        return (inputs - mean) * scale + self._weights[name + ".bias"]

    def _dropped(self, states: Any, learning: bool) -> Any:
        if not learning or not self._dropout:
            return states
        return self._tf.nn.dropout(states, self._dropout)


def _is_dense(name: str) -> bool:
    return name.endswith((".dense.weight", ".query.weight", ".key.weight", ".value.weight"))


def mean(states: Any, real: Any) -> Any:
    """Return the mean of each text's states, [texts, hidden]."""
    tf = tensorflow()
    total = tf.reduce_sum(states * tf.expand_dims(real, 2), 1)
    return total / tf.reduce_sum(real, 1, keepdims=True)
