"""The terminal output of an error analysis."""

from __future__ import annotations

from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from badbuzz.messages.text import counted
from badbuzz.quality.proportions import MIN_OF_GROUP
from dashboards.errors.findings import ErrorFindings
from dashboards.errors.formatting import (
    cautions,
    describe_current,
    describe_label,
    percent,
    when,
)
from dashboards.errors.sections import Section, sections
from dashboards.errors.trends import describe_last, list_series

_MAX_ROWS: Final = 4
_MAX_MARGINS: Final = 5
_MAX_WORST: Final = 4
_MAX_WORST_SHORT: Final = 3
_MAX_TEXT: Final = 200


def show(console: Console, findings: ErrorFindings) -> None:
    """Print the totals, the worst labels, the trends, every table and the cautions."""
    _print_totals(console, findings)
    _print_worst(console, findings, _MAX_WORST)
    _print_trends(console, findings)
    every = sections(findings)
    for part, title in (("labels", "Labels"), ("alerts", "Alerts")):
        shown = [section for section in every if section.part == part]
        if shown:
            console.print("", _table(title, shown))
    if any(section.n_small for section in every):
        note = f"Too small: fewer than {MIN_OF_GROUP}. --report and --json have more."
        console.print(Text(note, style="dim"))
    console.print()
    for caution in cautions(findings):
        console.print(Text(f"! {caution}"))


def show_short(console: Console, findings: ErrorFindings) -> None:
    """Print the totals, three of the worst labels and the trends."""
    _print_totals(console, findings)
    _print_worst(console, findings, _MAX_WORST_SHORT)
    _print_trends(console, findings)


def _print_totals(console: Console, findings: ErrorFindings) -> None:
    labels, ruled = findings.mispredictions.overall, findings.rulings.overall
    console.print(
        Text(f"From {when(findings.from_ms)} to {when(findings.to_ms)} UTC", style="bold")
    )
    if labels.n:
        checked = f"{counted(labels.n, 'label')} checked"
        console.print(Text(f"{checked}, {percent(labels.wrong)} of them wrong"))
    if ruled.n:
        n_ruled = f"{counted(ruled.n, 'alert')} ruled"
        console.print(Text(f"{n_ruled}, {percent(ruled.real)} of them real"))
    console.print(Text("In brackets: 95 % confidence intervals", style="dim"))


def _print_worst(console: Console, findings: ErrorFindings, n: int) -> None:
    worst = list(zip(findings.mispredictions.worst, findings.predictions, strict=True))[:n]
    if worst:
        console.print(
            "",
            Text("Worst predictions: wrong labels, most confident first", style="bold"),
            sep="\n",
        )
    for one, current in worst:
        text = " ".join(one.feedback.text.split())
        text = text if len(text) <= _MAX_TEXT else f"{text[: _MAX_TEXT - 1]}…"
        console.print(_plain(f"“{text}”"))
        brand = f"{one.feedback.brand}: " if one.feedback.brand else ""
        line = f"{brand}{describe_label(one)}; {describe_current(current)}"
        console.print(Padding(_plain(line, style="dim"), (0, 0, 0, 2), expand=False))


def _print_trends(console: Console, findings: ErrorFindings) -> None:
    lines = [describe_last(series) for series in list_series(findings.trends)]
    if lines:
        console.print("", Text("Over time", style="bold"), sep="\n")
    for sign, sentence in lines:
        console.print(_plain(f"{sign or '·'} {sentence}"))


def _table(title: str, parts: list[Section]) -> Table:
    """Join sections with the same columns into one table, each below its title."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(Text(title, style="bold not dim"), overflow="fold")
    for name in parts[0].head[1:]:
        table.add_column(name, justify="right", overflow="fold")
    for section in parts:
        shown = section.first(_MAX_ROWS if section.head[0] != "margin" else _MAX_MARGINS)
        table.add_row(Text(f"{shown.title}{_omitted(shown)}", style="bold"))
        for row in shown.rows:
            counts = (f"{count:,}" for count in row.counts)
            table.add_row(*map(_plain, (f"  {row.name}", percent(row.share), *counts)))
    return table


def _omitted(section: Section) -> str:
    counts = []
    if section.n_more:
        counts.append(f"{section.n_more:,} more")
    if section.n_small:
        counts.append(f"{section.n_small:,} too small")
    return f" ({', '.join(counts)})" if counts else ""


def _plain(text: str, style: str = "") -> Text:
    """Replace control characters, so that a text cannot send commands to the terminal."""
    shown = "".join(one if one.isprintable() or one == "\u200d" else " " for one in text)
    return Text(shown, style=style)
