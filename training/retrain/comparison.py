"""Champion and challenger on the same texts, which neither should have learnt from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from badbuzz.models.scorer import Scorer
from training.datasets.rows import Rows
from training.recipes.quality import calibration_error
from training.registry import gate
from training.registry.gate import Check

FROZEN_SET: Final = "evaluation set"
CORRECTIONS: Final = "held-out corrections"


@dataclass(frozen=True, slots=True)
class Side:
    """How good a bundle is on a set, at its own threshold."""

    accuracy: float
    macro_f1: float
    ece: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two bundles on one set.

    Parameters
    ----------
    name
        Of the set.
    n, n_negative
        Its rows.
    challenger, champion
        How good either is; None where no champion serves.
    gain, low, high
        What the challenger's macro-F1 has above the champion's, with its 95 % interval; 0.0
        without one.
    """

    name: str
    n: int
    n_negative: int
    challenger: Side
    champion: Side | None
    gain: float = 0.0
    low: float = 0.0
    high: float = 0.0


def meet(name: str, rows: Rows, challenger: Scorer, champion: Scorer | None) -> Comparison | None:
    """Two bundles on a set; None where it is empty."""
    if not len(rows):
        return None
    n_negative = int(rows.negative.sum())
    own = _side(challenger, rows)
    if champion is None:
        return Comparison(name, len(rows), n_negative, own, None)
    labels = [one.score(rows.texts) >= one.threshold for one in (challenger, champion)]
    gain, low, high = gate.gained(rows.negative, *labels)
    return Comparison(name, len(rows), n_negative, own, _side(champion, rows), gain, low, high)


def _side(scorer: Scorer, rows: Rows) -> Side:
    scores = scorer.score(rows.texts)
    labels = scores >= scorer.threshold
    return Side(
        accuracy=float((labels == rows.negative).mean()),
        macro_f1=gate.macro_f1(rows.negative, labels),
        ece=calibration_error(scores, rows.negative),
    )


def not_better(checks: Sequence[Check], meetings: Sequence[Comparison]) -> str:
    """Why a challenger is not to serve; empty when it is.

    It must pass every check of the gate, and be more often right than the champion on the
    held-out corrections, or, where there are none, on the evaluation set.
    """
    failed = [check for check in checks if not check.holds]
    if failed:
        return f"{failed[0].name}: {failed[0].found}"
    by_name = {one.name: one for one in meetings}
    judged = by_name.get(CORRECTIONS) or by_name.get(FROZEN_SET)
    if judged is None or judged.champion is None:
        return ""
    own, other = judged.challenger.accuracy, judged.champion.accuracy
    if own > other:
        return ""
    return f"right in {own:.1%} of the {judged.name}, the champion in {other:.1%}"
