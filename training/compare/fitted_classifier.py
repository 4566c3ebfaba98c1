"""What every classifier gives: logits, how large it is, and how it learnt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from training.compare.prepared import Prepared
from training.compare.scale import Scale
from training.datasets.rows import Floats


@dataclass(frozen=True)
class Curve:
    """Loss and accuracy after each epoch, on the training and on the watched rows."""

    train_loss: tuple[float, ...]
    watch_loss: tuple[float, ...]
    train_accuracy: tuple[float, ...]
    watch_accuracy: tuple[float, ...]


@dataclass(frozen=True)
class FittedClassifier:
    """A classifier that has learnt.

    Parameters
    ----------
    logits
        From inputs to logits of being negative, not calibrated.
    n_bytes
        Its own size, without that of the features.
    curve
        Of a network, or None.
    untrained
        Whether its logits are its verdicts as they are, and must not be calibrated.
    learnt_before_s
        CPU-seconds of learning that served an earlier fold already.
    learnt
        What it has learnt, for a conversion: an estimator, a table or a network.
    beside
        Texts that it learnt from beside the training rows.
    """

    logits: Callable[[Any], Floats]
    n_bytes: int
    curve: Curve | None = None
    untrained: bool = False
    learnt_before_s: float = 0.0
    learnt: Any = None
    beside: Sequence[str] = ()


Classify = Callable[[Prepared, Scale], FittedClassifier]
"""Learns from the training part of what is prepared, and may watch the watched one."""
