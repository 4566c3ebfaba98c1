"""Operating curve of a sweep: incidents caught and delay against false alarms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from backtest.cards import scorecard
from backtest.charts import AxisScale, Corner, Mark, line, nice_scale
from backtest.formatting import columns
from backtest.rules import Sweep
from backtest.run import Run
from badbuzz.detection.alert_evaluation import Scorecard, Truth

_MARGIN: Final = 1.05
_NEAR: Final = (4.0, 7.0)
"""Distance in percent, across and up, within which dots are merged."""

_OVERLAP: Final = (18.0, 9.0)
"""Distance in percent, across and up, within which the texts of dots would overlap."""


@dataclass(frozen=True, slots=True)
class Dot:
    """Step of the sweep at a position in percent.

    ``chosen`` marks the value of the rule set; ``low`` places the text below the dot.
    """

    across: float
    up: float
    text: str
    title: str
    chosen: bool
    low: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """Plot of one figure against the false alarms, or against the swept value."""

    title: str
    across: str
    path: str
    dots: tuple[Dot, ...]
    x_marks: tuple[Mark, ...]
    y_marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class OperatingCurve:
    """Sweep as plots, and as a table of the same figures."""

    name: str
    panels: tuple[Panel, ...]
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def curve(
    sweep: Sweep, runs: Sequence[Run], own: float | None, truth: Truth | None
) -> OperatingCurve:
    """Return the curve of a sweep; ``own`` is the value of the first rule set, if it is unique."""
    cards = [scorecard(run, truth or Truth(), draws=0) for run in runs]
    shown = columns(with_truth=truth is not None)
    if truth is None or not truth.incidents:
        panels = [_by_value(sweep, cards, own)]
    else:
        panels = [_caught(sweep, cards, own), _delays(sweep, cards, own)]
    rows = tuple(
        (f"{value:g}", *(format_(card) for _, format_ in shown))
        for value, card in zip(sweep.values, cards, strict=True)
    )
    return OperatingCurve(
        sweep.name, tuple(panels), (sweep.name, *(name for name, _ in shown)), rows
    )


def _caught(sweep: Sweep, cards: list[Scorecard], own: float | None) -> Panel:
    corners = [(_cost(card), (card.caught_share or 0.0) * 100) for card in cards]
    marks = [Mark(float(p), f"{p} %") for p in (0, 25, 50, 75, 100)]
    return _panel("Crises caught", sweep, corners, own, AxisScale(0.0, 100.0), marks, "% caught")


def _delays(sweep: Sweep, cards: list[Scorecard], own: float | None) -> Panel:
    most = max((card.median_delay_min or 0.0 for card in cards), default=0.0)
    y, marks = nice_scale(max(most, 1.0) * _MARGIN)
    marks = [Mark(mark.at, f"{mark.text} min") for mark in marks]
    corners = [
        None if card.median_delay_min is None else (_cost(card), card.median_delay_min)
        for card in cards
    ]
    return _panel("Median delay", sweep, corners, own, y, marks, "min median delay")


def _cost(card: Scorecard) -> float:
    return card.false_alarms_per_week or 0.0


def _panel(
    title: str,
    sweep: Sweep,
    corners: Sequence[Corner | None],
    own: float | None,
    y: AxisScale,
    y_marks: Sequence[Mark],
    unit: str,
) -> Panel:
    x, x_marks = nice_scale(max((c[0] for c in corners if c), default=1.0) * _MARGIN or 1.0)
    dots = [
        Dot(
            x.at(corner[0]),
            y.at(corner[1]),
            f"{value:g}",
            f"{sweep.name} {value:g}: {corner[1]:.0f} {unit}, "
            f"{corner[0]:.2f} false alarms per brand-week",
            chosen=value == own,
        )
        for value, corner in zip(sweep.values, corners, strict=True)
        if corner is not None
    ]
    across = "false alarms per brand-week"
    known = [corner for corner in corners if corner is not None]
    return Panel(title, across, line(x, y, known), merged(dots), tuple(x_marks), tuple(y_marks))


def merged(dots: Sequence[Dot]) -> tuple[Dot, ...]:
    """Merge neighbouring dots into one that names the first and the last value.

    Examples
    --------
    >>> dots = [Dot(0.0, 40.0 + i, f"{4 + i}", f"theta {4 + i}", chosen=i == 1) for i in range(3)]
    >>> [(dot.text, dot.chosen) for dot in merged(dots)]
    [('4–6', True)]
    """
    groups: list[list[Dot]] = []
    for dot in dots:
        last = groups[-1][0] if groups else None
        if last is not None and _near(dot, last, _NEAR):
            groups[-1].append(dot)
        else:
            groups.append([dot])
    placed: list[Dot] = []
    for dot in map(_merge, groups):
        last = placed[-1] if placed else None
        overlaps = last is not None and not last.low and _near(dot, last, _OVERLAP)
        placed.append(replace(dot, low=overlaps))
    return tuple(placed)


def _near(dot: Dot, other: Dot, within: tuple[float, float]) -> bool:
    return abs(dot.across - other.across) < within[0] and abs(dot.up - other.up) < within[1]


def _merge(group: list[Dot]) -> Dot:
    shown = next((dot for dot in group if dot.chosen), group[0])
    text = group[0].text if len(group) == 1 else f"{group[0].text}–{group[-1].text}"
    titles = "; ".join(dot.title for dot in group)
    return Dot(shown.across, shown.up, text, titles, chosen=shown.chosen)


def _by_value(sweep: Sweep, cards: list[Scorecard], own: float | None) -> Panel:
    """Plot the alerts per brand-week by value, for a sweep without truth."""
    x = AxisScale(sweep.values[0], sweep.values[-1])
    rates = [card.alerts_per_week or 0.0 for card in cards]
    y, y_marks = nice_scale(max(rates) * _MARGIN or 1.0)
    dots = [
        Dot(x.at(v), y.at(r), f"{v:g}", f"{sweep.name} {v:g}: {r:.2f} alerts", chosen=v == own)
        for v, r in zip(sweep.values, rates, strict=True)
    ]
    path = line(x, y, list(zip(sweep.values, rates, strict=True)))
    return Panel("Alerts per brand-week", sweep.name, path, tuple(dots), (), tuple(y_marks))
