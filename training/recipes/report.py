"""What a recipe reaches, beside what its bundle's card says and what its bars ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from training.recipes.shipped import Recipe

CARD_TOLERANCE: Final = 0.002
"""What other versions of the libraries may change of a figure."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One figure, and what is wrong with it, if anything."""

    figure: str
    found: float
    sd: float | None
    bar: str
    fault: str


def findings(
    recipe: Recipe, quality: dict[str, Any], card: dict[str, Any] | None = None
) -> list[Finding]:
    """Every figure of a quality, held to the recipe's bars and to a card's quality, if given."""
    bars = {bar.figure: bar for bar in recipe.bars}
    said = None if card is None else flat(card)
    found = []
    for name, value in flat(quality).items():
        faults = []
        if name in bars and not bars[name].holds(value):
            faults.append("misses its bar")
        if said is not None and name not in said:
            faults.append("not on the card")
        elif said is not None and abs(said[name] - value) > CARD_TOLERANCE:
            faults.append(f"the card says {said[name]}")
        own = quality.get(name)
        sd = own["sd"] if isinstance(own, dict) else None
        found.append(Finding(name, value, sd, str(bars.get(name, "")), ", ".join(faults)))
    return found


def flat(quality: dict[str, Any]) -> dict[str, float]:
    """A quality's means and single numbers, those of a group under its name and a dot.

    Examples
    --------
    >>> flat({"auc": {"mean": 0.92, "sd": 0.01}, "left_out": "Delta", "vader": {"auc": 0.76}})
    {'auc': 0.92, 'vader.auc': 0.76}
    """
    flat: dict[str, float] = {}
    for name, value in quality.items():
        if isinstance(value, float):
            flat[name] = value
        elif isinstance(value, dict) and "mean" in value:
            flat[name] = value["mean"]
        elif isinstance(value, dict):
            flat |= {f"{name}.{inner}": number for inner, number in value.items()}
    return flat
