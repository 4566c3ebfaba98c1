"""Figures of an outcome, and the rows with the largest errors."""

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
    """Compute quality, cost and size of an outcome, by name.

    ``share_bias_plain_0.2`` is the share of labels negative in samples with one negative in five,
    less that fifth; ``share_bias_adjusted_0.2`` is the same for the adjusted share.
    """
    by_name = quality(outcome.scores, outcome.negative)
    labels = (outcome.scores >= THRESHOLD).astype(np.float64)
    for kind, shares in (("plain", labels), ("adjusted", outcome.shares)):
        errors = share_errors(shares, outcome.negative, seed=0)
        by_name |= {f"share_bias_{kind}_{share}": errors[f"share_bias_{share}"] for share in SHARES}
    by_name |= {
        "train_cpu_s": outcome.train_s,
        "score_cpu_us": outcome.score_us,
        "n_bytes": float(outcome.n_bytes),
        "n_test": float(len(outcome.rows)),
    }
    return {name: round(value, 5) for name, value in by_name.items()}


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
    """Compute accuracy and AUC of each fold, by its name."""
    by_name = {}
    for number, name in enumerate(names):
        part = outcome.folds == number
        measured = quality(outcome.scores[part], outcome.negative[part])
        for figure in ("accuracy", "auc"):
            by_name[f"{figure} of {name}"] = round(measured[figure], 5)
    return by_name


@dataclass(frozen=True)
class Error:
    """A row with a wrong label and a confident score."""

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
