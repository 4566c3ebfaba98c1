"""Figures of a recipe, checked against its bars and its bundle's card."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from training.recipes.shipped import Recipe

CARD_TOLERANCE: Final = 0.002
"""Largest difference of a figure between versions of the libraries."""


@dataclass(frozen=True, slots=True)
class CheckedFigure:
    """Figure with its bar, and its fault or the empty string."""

    figure: str
    value: float
    sd: float | None
    bar: str
    fault: str


def checked_figures(
    recipe: Recipe, quality: dict[str, Any], card: dict[str, Any] | None = None
) -> list[CheckedFigure]:
    """Check every figure against the recipe's bars, and against a card's quality if given."""
    bars = {bar.figure: bar for bar in recipe.bars}
    on_card = None if card is None else flat(card)
    checked = []
    for name, value in flat(quality).items():
        faults = []
        if name in bars and not bars[name].holds(value):
            faults.append("misses its limit")
        if on_card is not None and name not in on_card:
            faults.append("not on the card")
        elif on_card is not None and abs(on_card[name] - value) > CARD_TOLERANCE:
            faults.append(f"the card has {on_card[name]}")
        own = quality.get(name)
        sd = own["sd"] if isinstance(own, dict) else None
        checked.append(CheckedFigure(name, value, sd, str(bars.get(name, "")), ", ".join(faults)))
    return checked


def flat(quality: dict[str, Any]) -> dict[str, float]:
    """Flatten a quality to numbers by name, with dotted names for groups.

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
