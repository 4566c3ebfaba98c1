"""An error analysis in the terminal."""

from __future__ import annotations

from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dashboards.errors.findings import Findings
from dashboards.errors.sections import Row, Section, sections
from dashboards.errors.words import again, cautions, claim, counted, percent, when

_MAX_ROWS: Final = 10
_MAX_WORST: Final = 5
_PARTS: Final = {"labels": "Labels", "trends": "Over time", "alerts": "Alerts"}


def show(console: Console, found: Findings) -> None:
    """Print every table, the worst mistakes, and what the figures do not say."""
    mistakes, ruled = found.mistakes, found.judgements.overall
    console.print(Text(f"From {when(found.from_ms)} to {when(found.to_ms)} UTC", style="bold"))
    if mistakes.overall.n:
        told = f"{counted(mistakes.overall.n, 'label')} judged, {percent(mistakes.overall.wrong)}"
        console.print(Text(f"{told} of them wrong"))
    if ruled.n:
        console.print(
            Text(f"{counted(ruled.n, 'alert')} ruled, {percent(ruled.real)} of them real")
        )
    console.print(Text("In brackets: intervals of 95 %", style="dim"))
    for section in sections(found):
        console.print(_table(section.first(_MAX_ROWS)))
    if mistakes.worst:
        console.print(_worst(found))
    for caution in cautions(found):
        console.print(Text(f"! {caution}"))


def _table(section: Section) -> Table:
    table = Table(
        title=f"{_PARTS[section.part]}: {section.title[0].lower()}{section.title[1:]}",
        title_justify="left",
        title_style="bold",
        caption=f"{section.n_more} more: --report has them" if section.n_more else None,
    )
    for place, name in enumerate(section.head):
        told = name == "against the one before"
        table.add_column(name, justify="left" if told or not place else "right", overflow="fold")
    for row in section.rows:
        table.add_row(*map(_plain, _cells(row)))
    return table


def _cells(row: Row) -> list[str]:
    change = [" ".join(filter(None, row.change))] if row.change else []
    return [row.name, percent(row.share), *change, *(f"{count:,}" for count in row.counts)]


def _worst(found: Findings) -> Table:
    table = Table(
        title="Labels: the worst", title_justify="left", title_style="bold", show_lines=True
    )
    for name in ("what was said", "brand", "text"):
        table.add_column(name, overflow="fold")
    worst = list(zip(found.mistakes.worst, found.today, strict=True))
    for one, now in worst[:_MAX_WORST]:
        told = f"{claim(one)}; {again(now)}"
        table.add_row(*map(_plain, (told, one.feedback.brand, one.feedback.text)))
    return table


def _plain(text: str) -> Text:
    """A text that commands no terminal, whoever wrote it."""
    return Text("".join(one if one.isprintable() or one == "\u200d" else " " for one in text))
