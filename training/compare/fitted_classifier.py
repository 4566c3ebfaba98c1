"""The result of fitting a classifier: logits, size, learning curve."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from training.compare.prepared import Prepared
from training.compare.scale import Scale
from training.datasets.rows import Floats


@dataclass(frozen=True)
class Curve:
    """Loss and accuracy after each epoch, on the training and on the validation rows."""

    train_loss: tuple[float, ...]
    watch_loss: tuple[float, ...]
    train_accuracy: tuple[float, ...]
    watch_accuracy: tuple[float, ...]


@dataclass(frozen=True)
class FittedClassifier:
    """A fitted classifier.

    Parameters
    ----------
    logits
        Function from inputs to uncalibrated logits of the negative class.
    n_bytes
        Size of the classifier in bytes, without its features.
    curve
        Learning curve of a network, or None.
    untrained
        Whether it was not trained; its logits must not be calibrated.
    shared_s
        CPU-seconds of training that earlier folds share, added to the cost of the fold.
    fitted_model
        Fitted estimator, table or network, for a conversion.
    additional_texts
        Texts that it was trained on besides the training rows.
    """

    logits: Callable[[Any], Floats]
    n_bytes: int
    curve: Curve | None = None
    untrained: bool = False
    shared_s: float = 0.0
    fitted_model: Any = None
    additional_texts: Sequence[str] = ()


Classify = Callable[[Prepared, Scale], FittedClassifier]
"""Function that fits to the training rows; it may use the validation rows to stop."""
