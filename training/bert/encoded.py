"""Features of an encoder, in steps that models share: tokens, states, mean of the states."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from training.bert.folder import Encoder
from training.bert.layers import Layers, mean
from training.bert.ragged import Ragged
from training.bert.tokens import EncoderTokeniser
from training.compare.prepared import Features
from training.recipes.graph import tensorflow

TOKENS: Final = "bert-tokens"
STATES: Final = "bert-states"
VECTORS: Final = "bert-mean"

Vectors = NDArray[np.float32]


class FrozenLayers:
    """States after the layers that are not tuned."""

    def __init__(self, encoder: Encoder, n_layers: int) -> None:
        tf = tensorflow()
        self._layers = Layers(encoder, 0, n_layers, embedding=True)
        self._run = tf.function(
            self._layers,
            input_signature=[tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None, None])],
            autograph=False,
        )
        self.n_bytes = sum(4 * int(np.prod(one.shape)) for one in self._layers.variables)

    def transform(self, ids: Ragged) -> Ragged:
        """Return the states of every token."""
        by_text: list[Any] = [None] * len(ids)
        for places in ids.batches():
            rows, real = ids.padded(places)
            states = self._run(rows, real).numpy()
            for place, own, length in zip(places, states, ids.lengths[places], strict=True):
                by_text[place] = own[:length]
        return Ragged.of(by_text)


class MeanStates:
    """The mean of the last layer's states: one vector for each text, as of sentence encoders."""

    def __init__(self, encoder: Encoder, first: int) -> None:
        tf = tensorflow()
        layers = Layers(encoder, first, encoder.n_layers)
        self._run = tf.function(
            lambda states, real: mean(layers(states, real), real),
            input_signature=signature(encoder),
            autograph=False,
        )
        self.n_bytes = sum(4 * int(np.prod(one.shape)) for one in layers.variables)

    def transform(self, states: Ragged) -> Vectors:
        """Return vectors [texts, hidden]."""
        return apply_graph(self._run, states)


def apply_graph(run: Any, inputs: Ragged) -> Vectors:
    """Return the output of a graph for each text, independent of its batch."""
    by_text: list[Any] = [None] * len(inputs)
    for places in inputs.batches():
        for place, own in zip(places, run(*inputs.padded(places)).numpy(), strict=True):
            by_text[place] = own
    return np.array(by_text, np.float32)


def signature(encoder: Encoder) -> list[Any]:
    """Return the input signature of graphs that read states and masks."""
    tf = tensorflow()
    return [tf.TensorSpec([None, None, encoder.n_hidden]), tf.TensorSpec([None, None])]


def features(encoder: Encoder, n_tuned: int) -> dict[str, Features]:
    """Return the steps by name, without the ``n_tuned`` top layers."""
    first = encoder.n_layers - n_tuned
    return {
        TOKENS: Features(lambda *_: EncoderTokeniser(encoder.tokeniser)),
        STATES: Features(lambda *_: FrozenLayers(encoder, first), base=TOKENS),
        VECTORS: Features(lambda *_: MeanStates(encoder, first), base=STATES),
    }
