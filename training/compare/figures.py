"""Every figure of an outcome, and the rows that it is most wrong about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from training.compare.run import Outcome
from training.datasets.rows import Flags, Floats
from training.recipes.quality import SHARES, calibration_error, share_errors

THRESHOLD: Final = 0.5
N_WORST: Final = 20


def figures(outcome: Outcome) -> dict[str, float]:
    """Quality, cost and size of an outcome, by name.

    ``share_bias_plain_0.2`` is what counting labels says of a sample with one negative in five,
    less that fifth; ``share_bias_adjusted_0.2`` the same of the adjusted share.
    """
    found = quality(outcome.scores, outcome.negative)
    labels = (outcome.scores >= THRESHOLD).astype(np.float64)
    for kind, shares in (("plain", labels), ("adjusted", outcome.shares)):
        errors = share_errors(shares, outcome.negative, seed=0)
        found |= {f"share_bias_{kind}_{share}": errors[f"share_bias_{share}"] for share in SHARES}
    found |= {
        "train_cpu_s": outcome.train_s,
        "score_cpu_us": outcome.score_us,
        "n_bytes": float(outcome.n_bytes),
        "n_test": float(len(outcome.rows)),
    }
    return {name: round(value, 5) for name, value in found.items()}


def quality(scores: Floats, negative: Flags) -> dict[str, float]:
    """Compute the figures of scores, for rows of both classes.

    Examples
    --------
    >>> quality(np.array([0.9, 0.8, 0.1]), np.array([True, False, False]))["f1_negative"]
    0.6666666666666666
    """
    labels = scores >= THRESHOLD
    return {
        "accuracy": float((labels == negative).mean()),
        "macro_f1": float(f1_score(negative, labels, average="macro", zero_division=0.0)),
        "f1_negative": float(f1_score(negative, labels, zero_division=0.0)),
        "auc": float(roc_auc_score(negative, scores)),
        "average_precision": float(average_precision_score(negative, scores)),
        "ece": calibration_error(scores, negative),
    }


def by_fold(outcome: Outcome, names: Sequence[str]) -> dict[str, float]:
    """Accuracy and AUC of each fold, by its name."""
    found = {}
    for number, name in enumerate(names):
        part = outcome.folds == number
        measured = quality(outcome.scores[part], outcome.negative[part])
        for figure in ("accuracy", "auc"):
            found[f"{figure} of {name}"] = round(measured[figure], 5)
    return found


@dataclass(frozen=True)
class Error:
    """A row that a model is sure about, and wrong."""

    text: str
    score: float
    negative: bool

    def as_json(self) -> dict[str, Any]:
        """Return the values for a file."""
        return {"text": self.text, "score": round(self.score, 4), "negative": self.negative}


def worst(outcome: Outcome, texts: Sequence[str]) -> list[Error]:
    """Return the rows with the largest errors, the worst first."""
    gaps = np.abs(outcome.scores - outcome.negative)
    return [
        Error(
            texts[outcome.rows[place]], float(outcome.scores[place]), bool(outcome.negative[place])
        )
        for place in np.argsort(-gaps, kind="stable")[:N_WORST]
        if gaps[place] > THRESHOLD
    ]
