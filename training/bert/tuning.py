"""The top layers of an encoder and a linear head, tuned together."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np

from training.bert.encoded import FrozenLayers, apply_graph, signature
from training.bert.folder import Encoder
from training.bert.layers import Layers, mean
from training.bert.ragged import Places, Ragged
from training.bert.tokens import EncoderTokeniser
from training.compare.fitted_classifier import Curve, FittedClassifier
from training.compare.prepared import Prepared
from training.compare.scale import Scale
from training.datasets.corpus import Corpus
from training.datasets.rows import Flags, Floats
from training.recipes.graph import tensorflow

_BETAS: Final = (0.9, 0.999)
_TINY: Final = 1e-8
_POOL: Final = 16
"""Number of batches whose rows are sorted by length together, for less padding."""


@dataclass(frozen=True)
class Tuning:
    """Hyperparameters of the tuning.

    Parameters
    ----------
    n_layers
        Number of tuned layers, from the top.
    n_epochs
        Epochs over the training rows; the one with the lowest validation loss is kept.
    n_batch
        Texts of a step.
    rate
        Maximum learning rate, reached after a tenth of the steps; it falls to 0 at the last.
    decay
        Weight decay of AdamW.
    dropout
        Share of numbers dropped.
    smoothing
        Label smoothing, in [0, 1].
    n_beside
        Number of rows of the champion's larger corpus to tune on first, for one epoch; 0 for none.
    """

    n_layers: int = 3
    n_epochs: int = 2
    n_batch: int = 32
    rate: float = 1e-4
    decay: float = 0.01
    dropout: float = 0.1
    smoothing: float = 0.05
    n_beside: int = 0


class TunedLayers:
    """The tuned layers with their head: from states to logits.

    Parameters
    ----------
    seed
        Seed of the head's weights, dropout and the order of rows.
    """

    def __init__(self, encoder: Encoder, tuning: Tuning, seed: int = 0) -> None:
        self._tf = tf = tensorflow()
        tf.random.set_seed(seed)
        self._tuning = tuning
        self._rng = np.random.default_rng(seed)
        first = encoder.n_layers - tuning.n_layers
        self._layers = Layers(encoder, first, encoder.n_layers, tuning.dropout)
        head = self._rng.normal(0, 0.02, (encoder.n_hidden, 1)).astype(np.float32)
        self._head = tf.Variable(head, name="head.weight")
        self._bias = tf.Variable([0.0], name="head.bias")
        self.variables = [*self._layers.variables, self._head, self._bias]
        self.n_bytes = sum(4 * int(np.prod(one.shape)) for one in self.variables)
        self._moments = [
            (tf.Variable(tf.zeros_like(one)), tf.Variable(tf.zeros_like(one)))
            for one in self.variables
        ]
        states = signature(encoder)
        self._run = tf.function(self._logits, input_signature=states, autograph=False)
        self._step = tf.function(
            self._learn,
            input_signature=[*states, tf.TensorSpec([None]), tf.TensorSpec([]), tf.TensorSpec([])],
            autograph=False,
        )

    def logits(self, states: Ragged) -> Floats:
        """Return uncalibrated logits of the negative class."""
        return apply_graph(self._run, states).astype(np.float64)

    def learn(self, states: Ragged, target: Floats) -> Iterator[tuple[float, float]]:
        """Tune on targets in [0, 1]; yield mean loss and accuracy after each epoch.

        Raises
        ------
        RuntimeError
            When a weight that is to be tuned has no gradient.
        """
        tuning = self._tuning
        smooth = target + tuning.smoothing * (0.5 - target)
        n_steps = tuning.n_epochs * -(-len(states) // tuning.n_batch)
        done = 0
        for _ in range(tuning.n_epochs):
            measured = []
            for places in self._batches(states):
                done += 1
                rows, real = states.padded(places)
                rate = tuning.rate * _schedule(done / n_steps)
                batch = smooth[places].astype(np.float32)
                measured.append(self._step(rows, real, batch, rate, float(done)).numpy())
            loss, accuracy = np.mean(measured, axis=0).tolist()
            yield loss, accuracy

    def weights(self) -> list[Any]:
        """Return a copy of all weights."""
        return [one.numpy() for one in self.variables]

    def restore(self, weights: Sequence[Any]) -> None:
        """Set all weights."""
        for variable, value in zip(self.variables, weights, strict=True):
            variable.assign(value)

    def _logits(self, states: Any, real: Any, *, learning: bool = False) -> Any:
        vectors = mean(self._layers(states, real, learning=learning), real)
        if learning:
            vectors = self._tf.nn.dropout(vectors, self._tuning.dropout)
        return (self._tf.matmul(vectors, self._head) + self._bias)[:, 0]

    def _learn(self, states: Any, real: Any, truth: Any, rate: Any, step: Any) -> Any:
        tf = self._tf
        with tf.GradientTape() as tape:
            logits = self._logits(states, real, learning=True)
            loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(truth, logits))
        gradients = tape.gradient(loss, self.variables)
        pairs = zip(self.variables, gradients, strict=True)
        if missing := [one.name for one, gradient in pairs if gradient is None]:
            raise RuntimeError(f"no gradient reaches {', '.join(missing)}")
        clipped, _ = tf.clip_by_global_norm(gradients, 1.0)
        for variable, moments, gradient in zip(self.variables, self._moments, clipped, strict=True):
            self._move(variable, moments, gradient, rate, step)
        right = tf.equal(logits >= 0, truth >= 0.5)
        return tf.stack([loss, tf.reduce_mean(tf.cast(right, tf.float32))])

    def _move(self, variable: Any, moments: Any, gradient: Any, rate: Any, step: Any) -> None:
        """Take a step of AdamW (Loshchilov and Hutter 2019); vectors do not decay."""
        first, second = moments
        first.assign(_BETAS[0] * first + (1 - _BETAS[0]) * gradient)
        second.assign(_BETAS[1] * second + (1 - _BETAS[1]) * gradient**2)
        mean_first = first / (1 - _BETAS[0] ** step)
        mean_second = second / (1 - _BETAS[1] ** step)
        move = mean_first / (mean_second**0.5 + _TINY)
        if len(variable.shape) > 1:
            move += self._tuning.decay * variable
        variable.assign_sub(rate * move)

    def _batches(self, states: Ragged) -> Iterator[Places]:
        """Yield batches of all rows in random order, with similar lengths within a batch."""
        n = self._tuning.n_batch
        order = self._rng.permutation(len(states))
        batches = []
        for start in range(0, len(order), n * _POOL):
            pool = order[start : start + n * _POOL]
            pool = pool[np.argsort(states.lengths[pool], kind="stable")]
            batches += [pool[at : at + n] for at in range(0, len(pool), n)]
        self._rng.shuffle(batches)
        yield from batches


def _schedule(share: float) -> float:
    """Return the learning rate after a share of the steps, relative to the maximum.

    Examples
    --------
    >>> _schedule(0.05), _schedule(0.1), _schedule(1.0)
    (0.5, 1.0, 0.0)
    """
    warm = 0.1
    return share / warm if share < warm else (1 - share) / (1 - warm)


class WarmStart:
    """Weights after one epoch on a larger corpus, computed when they are first needed.

    Attributes
    ----------
    seconds
        CPU time of the tuning in seconds; 0.0 before it.
    digest
        Digest of the corpus.
    """

    def __init__(self, encoder: Encoder, tuning: Tuning, corpus: Corpus) -> None:
        self._encoder = encoder
        self._tuning = replace(tuning, n_epochs=1)
        self._rows = corpus.rows
        self.digest = corpus.digest
        self.seconds = 0.0

    @cached_property
    def weights(self) -> list[Any]:
        """Weights in the order of :attr:`Top.variables`."""
        clock = time.process_time()
        top = TunedLayers(self._encoder, self._tuning)
        states = state_reader(self._encoder, self._tuning)(self._rows.texts)
        for _ in top.learn(states, self._rows.negative.astype(np.float64)):
            pass
        self.seconds = time.process_time() - clock
        return top.weights()


class EncoderTuner:
    """Tunes on the training rows and keeps the epoch with the lowest validation loss.

    Parameters
    ----------
    warm
        Weights to start from; None for the published encoder.
    """

    def __init__(self, encoder: Encoder, tuning: Tuning, warm: WarmStart | None) -> None:
        self._encoder = encoder
        self._tuning = tuning
        self._warm = warm

    def __call__(self, prepared: Prepared, _: Scale) -> FittedClassifier:
        """Return a classifier of states."""
        shared_s = self._warm.seconds if self._warm else 0.0
        top = new_tuned_layers(self._encoder, self._tuning, self._warm)
        curve = tune(top, prepared.inputs, prepared.negative)
        return FittedClassifier(top.logits, top.n_bytes, curve, shared_s=shared_s)


def new_tuned_layers(
    encoder: Encoder, tuning: Tuning, warm: WarmStart | None, seed: int = 0
) -> TunedLayers:
    """Create the layers to tune, with the weights of ``warm`` if given."""
    top = TunedLayers(encoder, tuning, seed)
    if warm is not None:
        top.restore(warm.weights)
    return top


def state_reader(encoder: Encoder, tuning: Tuning) -> Callable[[Sequence[str]], Ragged]:
    """Return the function from texts to the states that the tuned layers read."""
    tokeniser = EncoderTokeniser(encoder.tokeniser)
    bottom = FrozenLayers(encoder, encoder.n_layers - tuning.n_layers)
    return lambda texts: bottom.transform(tokeniser.transform(texts))


def tune(top: TunedLayers, inputs: Any, negative: Any) -> Curve:
    """Tune, and restore the weights of the epoch with the lowest validation loss."""
    target = negative.train.astype(np.float64)
    epochs: list[tuple[float, ...]] = []
    best: list[Any] = []
    for train_loss, train_accuracy in top.learn(inputs.train, target):
        logits = top.logits(inputs.validation)
        loss = cross_entropy(logits, negative.validation)
        if not epochs or loss < min(one[1] for one in epochs):
            best = top.weights()
        accuracy = float(((logits >= 0) == negative.validation).mean())
        epochs.append((train_loss, loss, train_accuracy, accuracy))
    top.restore(best)
    columns = zip(*epochs, strict=True)
    return Curve(*(tuple(round(one, 5) for one in column) for column in columns))


def cross_entropy(logits: Floats, negative: Flags) -> float:
    """Return the mean cross-entropy of logits."""
    signs = np.where(negative, 1.0, -1.0)
    return float(np.logaddexp(0.0, -signs * logits).mean())
