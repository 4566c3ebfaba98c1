"""Pictures of an outcome: confusion, ROC, precision and recall, calibration, learning curves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
from matplotlib.figure import Figure
from sklearn.metrics import precision_recall_curve, roc_curve

from training.compare.figures import THRESHOLD
from training.compare.fitted_classifier import Curve
from training.compare.run import Outcome

_INCHES: Final = 4.0
_DPI: Final = 80
_FRAME: Final = (0.18, 0.14, 0.78, 0.76)
"""Left, bottom, width, height; computing them by matplotlib would double the time."""
_N_BINS: Final = 10
_MOST_POINTS: Final = 400
_INK: Final = "#20506e"
_OTHER: Final = "#c2571a"


def draw(outcome: Outcome, folder: Path) -> None:
    """Draw every picture of an outcome into a folder, as PNG."""
    pictures: dict[str, Callable[[Any, Outcome], None]] = {
        "confusion": _confusion,
        "roc": _roc,
        "precision-recall": _precision_recall,
        "calibration": _calibration,
    }
    for name, picture in pictures.items():
        with _axes(folder / f"{name}.png") as axes:
            picture(axes, outcome)
    if outcome.curve is not None:
        with _axes(folder / "learning.png") as axes:
            _learning(axes, outcome.curve)


@contextmanager
def _axes(path: Path) -> Iterator[Any]:
    figure = Figure(figsize=(_INCHES, _INCHES), dpi=_DPI)
    yield figure.add_axes(_FRAME)
    figure.savefig(path)


def _confusion(axes: Any, outcome: Outcome) -> None:
    labels = outcome.scores >= THRESHOLD
    counts = np.array(
        [[int((labels[outcome.negative == truth] == label).sum()) for label in (False, True)]
         for truth in (False, True)]
    )  # fmt: skip
    axes.imshow(counts / counts.sum(axis=1, keepdims=True), cmap="Blues", vmin=0, vmax=1)
    names = ("other", "negative")
    axes.set(xticks=(0, 1), xticklabels=names, yticks=(0, 1), yticklabels=names)
    axes.set(xlabel="label", ylabel="truth", title="Rows, shaded by share of the truth")
    for truth, label in np.ndindex(2, 2):
        dark = counts[truth, label] > counts[truth].sum() / 2
        axes.text(
            label, truth, f"{counts[truth, label]:,}",
            ha="center", va="center", color="white" if dark else "black",
        )  # fmt: skip


def _roc(axes: Any, outcome: Outcome) -> None:
    false_positive_rate, recall, _ = roc_curve(outcome.negative, outcome.scores)
    axes.plot(*_thinned(false_positive_rate, recall), color=_INK)
    axes.plot((0, 1), (0, 1), color="grey", linewidth=0.8, linestyle=":")
    axes.set(xlabel="share of others called negative", ylabel="share of negatives found")
    axes.set_title("ROC")


def _precision_recall(axes: Any, outcome: Outcome) -> None:
    precision, recall, _ = precision_recall_curve(outcome.negative, outcome.scores)
    axes.plot(*_thinned(recall, precision), color=_INK)
    axes.axhline(outcome.negative.mean(), color="grey", linewidth=0.8, linestyle=":")
    axes.set(xlabel="recall", ylabel="precision", ylim=(0, 1.02), title="Precision and recall")


def _calibration(axes: Any, outcome: Outcome) -> None:
    bins = np.minimum((outcome.scores * _N_BINS).astype(int), _N_BINS - 1)
    n = np.bincount(bins, minlength=_N_BINS)
    held = n > 0
    means = np.bincount(bins, outcome.scores, _N_BINS)[held] / n[held]
    shares = np.bincount(bins, outcome.negative, _N_BINS)[held] / n[held]
    axes.plot((0, 1), (0, 1), color="grey", linewidth=0.8, linestyle=":")
    axes.plot(means, shares, color=_INK, marker="o")
    axes.set(xlabel="mean score", ylabel="share of negatives", title="Calibration")


def _learning(axes: Any, curve: Curve) -> None:
    epochs = range(1, len(curve.train_loss) + 1)
    axes.plot(epochs, curve.train_loss, color=_INK, label="training rows")
    axes.plot(epochs, curve.watch_loss, color=_OTHER, label="validation rows")
    axes.set(xlabel="epoch", ylabel="cross-entropy", title="Learning")
    axes.legend(frameon=False)


def _thinned(across: Any, up: Any) -> tuple[Any, Any]:
    """Return at most as many points of a line as a picture can show."""
    step = max(len(across) // _MOST_POINTS, 1)
    places = np.unique(np.append(np.arange(0, len(across), step), len(across) - 1))
    return across[places], up[places]
