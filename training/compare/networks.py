"""Keras networks: dense on means of vectors, a bag of hashed ids, a convolution over words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from training.compare.fitted_classifier import Classify, Curve, FittedClassifier
from training.compare.prepared import Prepared
from training.compare.scale import Scale
from training.datasets.rows import Floats
from training.recipes.graph import tensorflow

_BATCH: Final = 64
_MOST_STEPS: Final = 300
"""Most steps of an epoch; with many rows, batches are larger."""
_PATIENCE: Final = 2
_BAG: Final = 16
_N_FILTERS: Final = 64
_WORDS_AT_ONCE: Final = 3
_AT_ONCE: Final = 1024


def keras() -> Any:
    """Import Keras on TensorFlow, on the CPU; takes some seconds the first time."""
    return tensorflow().keras


@dataclass(frozen=True)
class Standardise:
    """Gives each column a mean of zero and a standard deviation of one."""

    mean: Any
    spread: Any

    def __call__(self, inputs: Any) -> Any:
        """Return standardised columns."""
        return (inputs - self.mean) / self.spread


@dataclass(frozen=True)
class FirstColumns:
    """Keeps the first columns."""

    width: int

    def __call__(self, inputs: Any) -> Any:
        """Return the first columns."""
        return inputs[:, : self.width]


@dataclass(frozen=True)
class FittedNetwork:
    """A Keras model, and the function that is applied to its inputs."""

    model: Any
    prepare: Callable[[Any], Any]


def _dense(prepared: Prepared, scale: Scale) -> FittedClassifier:
    k = keras()
    train = prepared.inputs.train
    mean, spread = train.mean(axis=0), train.std(axis=0) + np.float32(1e-6)

    def build() -> Any:
        return k.Sequential([
            k.Input((train.shape[1],)),
            k.layers.Dense(64, activation="relu"),
            k.layers.Dropout(0.3),
            k.layers.Dense(1),
        ])  # fmt: skip

    return _fit(build, prepared, scale, Standardise(mean, spread))


def _bag(prepared: Prepared, scale: Scale) -> FittedClassifier:
    """Build a mean of small id vectors, with strong dropout against overfitting."""
    k = keras()
    padding = prepared.fitted.features.n_buckets
    width = int((prepared.inputs.train < padding).sum(axis=1).max())

    def build() -> Any:
        ids = k.Input((width,), dtype="int32")
        real = k.ops.cast(k.ops.expand_dims(ids < padding, -1), "float32")
        kept = k.layers.Dropout(0.4, noise_shape=(None, width, 1))(real)
        vectors = k.layers.Embedding(padding + 1, _BAG)(ids) * kept
        mean = k.ops.sum(vectors, axis=1) / k.ops.sqrt(k.ops.sum(real, axis=1) + 1.0)
        return k.Model(ids, k.layers.Dense(1)(mean))

    return _fit(build, prepared, scale, FirstColumns(width))


def _convolution(prepared: Prepared, scale: Scale) -> FittedClassifier:
    """Build a convolution over three words, with the maximum of each filter."""
    k = keras()
    table = prepared.fitted.table

    def build() -> Any:
        return k.Sequential([
            k.Input((prepared.inputs.train.shape[1],), dtype="int32"),
            k.layers.Embedding(*table.shape, weights=[table]),
            k.layers.SpatialDropout1D(0.2),
            k.layers.Conv1D(_N_FILTERS, _WORDS_AT_ONCE, activation="relu"),
            k.layers.GlobalMaxPooling1D(),
            k.layers.Dropout(0.3),
            k.layers.Dense(1),
        ])  # fmt: skip

    return _fit(build, prepared, scale, lambda inputs: inputs)


def _fit(
    build: Callable[[], Any], prepared: Prepared, scale: Scale, prepare: Callable[[Any], Any]
) -> FittedClassifier:
    """Fit a network and restore the epoch with the lowest validation loss."""
    k = keras()
    k.backend.clear_session()
    k.utils.set_random_seed(0)
    model = build()
    model.compile(
        k.optimizers.Adam(2e-3),
        loss=k.losses.BinaryCrossentropy(from_logits=True),
        metrics=[k.metrics.BinaryAccuracy(name="accuracy", threshold=0.0)],
    )
    negative = prepared.negative
    history = model.fit(
        prepare(prepared.inputs.train),
        negative.train.astype(np.float32)[:, None],
        validation_data=(
            prepare(prepared.inputs.validation),
            negative.validation.astype(np.float32)[:, None],
        ),
        epochs=scale.n_epochs,
        batch_size=max(_BATCH, len(negative.train) // _MOST_STEPS),
        callbacks=[k.callbacks.EarlyStopping(patience=_PATIENCE, restore_best_weights=True)],
        verbose=0,
    ).history

    forward = _forward(model)

    def logits(inputs: Any) -> Floats:
        rows = prepare(inputs)
        batches = [forward(rows[at : at + _AT_ONCE]) for at in range(0, len(rows), _AT_ONCE)]
        return np.concatenate(batches).astype(np.float64)

    n_bytes = sum(int(np.prod(weight.shape)) * 4 for weight in model.weights)
    return FittedClassifier(
        logits, n_bytes, _curve(history), fitted_model=FittedNetwork(model, prepare)
    )


def _forward(model: Any) -> Callable[[Any], Any]:
    """Return the network as one graph for any batch size; Keras would trace it for each size."""
    tf = tensorflow()
    (inputs,) = model.inputs
    signature = [tf.TensorSpec([None, inputs.shape[1]], inputs.dtype)]
    graph = tf.function(lambda rows: model(rows, training=False)[:, 0])
    traced = graph.get_concrete_function(*signature)
    return lambda rows: traced(tf.constant(rows, inputs.dtype)).numpy()


def _curve(history: dict[str, list[float]]) -> Curve:
    names = ("loss", "val_loss", "accuracy", "val_accuracy")
    return Curve(*(tuple(round(float(value), 5) for value in history[name]) for name in names))


NETWORKS: Final[dict[str, Classify]] = {
    "dense": _dense, "bag": _bag, "convolution": _convolution,
}  # fmt: skip
