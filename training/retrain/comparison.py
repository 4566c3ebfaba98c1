"""Comparison of champion and challenger on texts that neither was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from badbuzz.models.scorer import Scorer
from training.datasets.rows import Flags, Rows
from training.recipes.quality import calibration_error
from training.registry import gate
from training.registry.gate import Check

HELDOUT_SET: Final = "held-out set"
CORRECTIONS: Final = "held-out corrections"


@dataclass(frozen=True, slots=True)
class BundleQuality:
    """Quality of a bundle on a set, at its own threshold."""

    accuracy: float
    macro_f1: float
    ece: float


@dataclass(frozen=True, slots=True)
class ChampionComparison:
    """Comparison of two bundles on one set.

    Parameters
    ----------
    name
        Name of the set.
    n, n_negative
        Number of rows and of negative rows.
    challenger, champion
        Quality of either bundle; None without a champion.
    gain, low, high
        Gain in macro-F1 over the champion, with its 95 % interval; 0.0 without a champion.
    """

    name: str
    n: int
    n_negative: int
    challenger: BundleQuality
    champion: BundleQuality | None
    gain: float = 0.0
    low: float = 0.0
    high: float = 0.0


def compare(
    name: str, rows: Rows, challenger: Scorer, champion: Scorer | None
) -> ChampionComparison | None:
    """Compare two bundles on a set; return None if it is empty."""
    if not len(rows):
        return None
    n_negative = int(rows.negative.sum())
    own, labels = _test(challenger, rows)
    if champion is None:
        return ChampionComparison(name, len(rows), n_negative, own, None)
    other, other_labels = _test(champion, rows)
    gain = gate.macro_f1_gain(rows.negative, labels, other_labels)
    return ChampionComparison(name, len(rows), n_negative, own, other, *gain)


def _test(scorer: Scorer, rows: Rows) -> tuple[BundleQuality, Flags]:
    scores = scorer.score(rows.texts)
    labels = scores >= scorer.threshold
    quality = BundleQuality(
        accuracy=float((labels == rows.negative).mean()),
        macro_f1=gate.macro_f1(rows.negative, labels),
        ece=calibration_error(scores, rows.negative),
    )
    return quality, labels


def not_better(checks: Sequence[Check], comparisons: Sequence[ChampionComparison]) -> str:
    """Return why a challenger must not be promoted; the empty string if it may.

    It must pass every check of the gate and have a higher accuracy than the champion on the
    held-out corrections, or without any on the held-out set.
    """
    failed = [check for check in checks if not check.holds]
    if failed:
        return f"{failed[0].name}: {failed[0].found}"
    by_name = {one.name: one for one in comparisons}
    decisive = by_name.get(CORRECTIONS) or by_name.get(HELDOUT_SET)
    if decisive is None or decisive.champion is None:
        return ""
    own, other = decisive.challenger.accuracy, decisive.champion.accuracy
    if own > other:
        return ""
    return f"right in {own:.1%} of the {decisive.name}, the champion in {other:.1%}"
