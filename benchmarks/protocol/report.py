"""The figures as tables for people and as JSON for scripts."""

from __future__ import annotations

import json
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from benchmarks.protocol.figures import ALL, BUDGET, Catch, Figures
from benchmarks.protocol.lead import Lead
from benchmarks.protocol.targets import THETA, Target


def _caught(catch: Catch) -> str:
    delay = f", {catch.delay_min:.0f} min" if catch.delay_min is not None else ""
    return f"{100 * catch.share:.1f} %{delay}"


def _row(name: str, one: Figures) -> list[str]:
    return [
        name,
        f"{one.threshold:.2f}",
        f"{one.false_per_week:.2f} ({one.worst_per_week:.2f})",
        *(_caught(catch) for catch in one.crises.values()),
        f"{100 * one.benign.share:.1f} %",
    ]


def _table(title: str, first: str, rows: dict[str, Figures]) -> Table:
    table = Table(title=title, title_justify="left")
    for column in (first, "threshold", "false a week (worst)", "x2", "x3", "x5", "benign"):
        table.add_column(column, justify="left" if column == first else "right")
    for name, one in rows.items():
        table.add_row(*_row(name, one))
    return table


def show(
    console: Console,
    at_theta: dict[str, Figures],
    curve: dict[float, Figures],
    budgeted: dict[str, Figures],
    missing: list[str],
    checked: list[Target],
    leads: list[Lead],
) -> None:
    """Print tables and targets."""
    title = f"badbuzz at theta {THETA}: crises caught, with the median delay"
    console.print(_table(title, "mean negatives in 5 min", at_theta))
    alarms = at_theta[ALL].alarms_per_week
    console.print(f"false a week, those on benign surges counted: {alarms:.2f}", highlight=False)
    steps = {f"{theta:.2f}": one for theta, one in curve.items()}
    console.print(_table("badbuzz: operating curve, all volumes", "theta", steps))
    table = _table(f"all volumes, {BUDGET:g} false alert per brand-week", "detector", budgeted)
    for name in missing:
        table.add_row(name, "not installed: pip install river")
    console.print(table)
    for target in checked:
        sign = "at least" if target.at_least else "at most"
        word = "met   " if target.met else "MISSED"
        line = f"{word}  {target.name}: {target.measured:.3g}, {sign} {target.bound:.3g}"
        console.print(line, style=None if target.met else "bold red", highlight=False)
    for lead in leads:
        points, low, high = (f"{100 * one:+.1f}" for one in (lead.points, lead.low, lead.high))
        line = f"lead    x{lead.factor} over {lead.peer}: {points} points, 95 % {low} to {high}"
        console.print(line, highlight=False)


def as_json(
    at_theta: dict[str, Figures],
    curve: dict[float, Figures],
    budgeted: dict[str, Figures],
    missing: list[str],
    checked: list[Target],
    leads: list[Lead],
) -> str:
    """Return everything that is printed, unrounded, as JSON."""
    return json.dumps(
        {
            "theta": THETA,
            "at_theta": {band: asdict(one) for band, one in at_theta.items()},
            "curve": {str(theta): asdict(one) for theta, one in curve.items()},
            "at_budget": {name: asdict(one) for name, one in budgeted.items()},
            "missing": missing,
            "leads": [asdict(lead) for lead in leads],
            "targets": [{**asdict(target), "met": target.met} for target in checked],
        },
        indent=1,
    )
