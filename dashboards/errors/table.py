"""An error analysis in the terminal."""

from __future__ import annotations

from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from badbuzz.messages.text import counted
from badbuzz.quality.proportions import MIN_OF_GROUP
from dashboards.errors.findings import Findings
from dashboards.errors.formatting import again, cautions, claim, percent, when
from dashboards.errors.sections import Section, sections
from dashboards.errors.trends import chains, verdict

_MAX_ROWS: Final = 4
_MAX_MARGINS: Final = 5
_MAX_WORST: Final = 4
_MAX_WORST_SHORT: Final = 3
_MAX_TEXT: Final = 200


def show(console: Console, found: Findings) -> None:
    """Print the whole, the worst mistakes, every table, and what the figures do not say."""
    _whole(console, found)
    _worst(console, found, _MAX_WORST)
    _over_time(console, found)
    every = sections(found)
    for part, title in (("labels", "Labels"), ("alerts", "Alerts")):
        its = [section for section in every if section.part == part]
        if its:
            console.print("", _table(title, its))
    if any(section.n_small for section in every):
        told = f"Too small: fewer than {MIN_OF_GROUP}. --report and --json tell more."
        console.print(Text(told, style="dim"))
    console.print()
    for caution in cautions(found):
        console.print(Text(f"! {caution}"))


def show_short(console: Console, found: Findings) -> None:
    """Print the whole, three of the worst mistakes, and what became of the share of errors."""
    _whole(console, found)
    _worst(console, found, _MAX_WORST_SHORT)
    _over_time(console, found)


def _whole(console: Console, found: Findings) -> None:
    mistakes, ruled = found.mistakes, found.judgements.overall
    console.print(Text(f"From {when(found.from_ms)} to {when(found.to_ms)} UTC", style="bold"))
    if mistakes.overall.n:
        told = f"{counted(mistakes.overall.n, 'label')} judged, {percent(mistakes.overall.wrong)}"
        console.print(Text(f"{told} of them wrong"))
    if ruled.n:
        told = f"{counted(ruled.n, 'alert')} ruled, {percent(ruled.real)} of them real"
        console.print(Text(told))
    console.print(Text("In brackets: intervals of 95 %", style="dim"))


def _worst(console: Console, found: Findings, most: int) -> None:
    worst = list(zip(found.mistakes.worst, found.today, strict=True))[:most]
    if worst:
        console.print("", Text("The worst: most confident, and wrong", style="bold"), sep="\n")
    for one, now in worst:
        said = " ".join(one.feedback.text.split())
        said = said if len(said) <= _MAX_TEXT else f"{said[: _MAX_TEXT - 1]}…"
        console.print(_plain(f"“{said}”"))
        brand = f"{one.feedback.brand}: " if one.feedback.brand else ""
        told = _plain(f"{brand}{claim(one)}; {again(now)}", style="dim")
        console.print(Padding(told, (0, 0, 0, 2), expand=False))


def _over_time(console: Console, found: Findings) -> None:
    told = [verdict(chain) for chain in chains(found.trends)]
    if told:
        console.print("", Text("Over time", style="bold"), sep="\n")
    for sign, sentence in told:
        console.print(_plain(f"{sign or '·'} {sentence}"))


def _table(title: str, its: list[Section]) -> Table:
    """Sections of the same columns below each other, each under its title."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(Text(title, style="bold not dim"), overflow="fold")
    for name in its[0].head[1:]:
        table.add_column(name, justify="right", overflow="fold")
    for section in its:
        shown = section.first(_MAX_ROWS if section.head[0] != "margin" else _MAX_MARGINS)
        table.add_row(Text(f"{shown.title}{_left_out(shown)}", style="bold"))
        for row in shown.rows:
            counts = (f"{count:,}" for count in row.counts)
            table.add_row(*map(_plain, (f"  {row.name}", percent(row.share), *counts)))
    return table


def _left_out(section: Section) -> str:
    told = []
    if section.n_more:
        told.append(f"{section.n_more:,} more")
    if section.n_small:
        told.append(f"{section.n_small:,} too small")
    return f" ({', '.join(told)})" if told else ""


def _plain(text: str, style: str = "") -> Text:
    """A text that commands no terminal, whoever wrote it."""
    shown = "".join(one if one.isprintable() or one == "\u200d" else " " for one in text)
    return Text(shown, style=style)
