"""Tests of the comparison with the champion."""

from __future__ import annotations

import pytest

from training.registry.gate import Check
from training.retrain.comparison import (
    CORRECTIONS,
    HELDOUT_SET,
    BundleQuality,
    ChampionComparison,
    not_better,
)


def comparison(name: str, challenger: float, champion: float | None) -> ChampionComparison:
    sides = [
        BundleQuality(f1, f1, 0.0) if f1 is not None else None for f1 in (challenger, champion)
    ]
    assert sides[0] is not None
    return ChampionComparison(name, 100, 50, sides[0], sides[1])


HOLDS, FAILS = Check("quality", holds=True, found="fine"), Check("size", holds=False, found="huge")


@pytest.mark.parametrize(
    ("checks", "comparisons", "expected"),
    [
        ([HOLDS], [comparison(HELDOUT_SET, 0.8, None)], ""),
        ([HOLDS], [comparison(HELDOUT_SET, 0.8, 0.8), comparison(CORRECTIONS, 0.6, 0.3)], ""),
        (
            [HOLDS],
            [comparison(HELDOUT_SET, 0.9, 0.8), comparison(CORRECTIONS, 0.3, 0.3)],
            "in 30.0% of",
        ),
        ([HOLDS], [comparison(HELDOUT_SET, 0.8, 0.8)], "held-out set, the champion in 80.0%"),
        ([HOLDS, FAILS], [comparison(CORRECTIONS, 0.9, 0.1)], "size: huge"),
    ],
)
def test_a_better_challenger_passes_and_has_a_higher_accuracy_on_corrections(
    checks: list[Check], comparisons: list[ChampionComparison], expected: str
) -> None:
    why = not_better(checks, comparisons)
    assert expected in why
    assert bool(why) == bool(expected)
