"""The three faces of the demo: a live screen, a line per event, JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, Protocol

import click
import orjson
from rich.console import Console
from rich.live import Live
from rich.table import Table

from badbuzz import wire
from badbuzz.detection.evaluation import Evaluation, Incident, delay_ms, opens_in
from badbuzz.messages.text import examples, headline, why
from badbuzz.messages.translator import Language
from badbuzz.model import Alert, Window
from badbuzz.recordings.times import format_clock
from demo.board import Board, Pulse
from demo.parts import Address
from demo.run import Found, Served, Serving

_REFRESHES_PER_S: Final = 8
_TABLE_WIDTH: Final = 100
_OPEN: Final = "open in a browser:"
_STILL: Final = "still serving; Ctrl-C ends it."
_TRY: Final = "In another terminal:"
_INDENT: Final = 18  # beneath the brand


class Face(Protocol):
    """Shows what happens, then what came of it."""

    def say(self, message: str) -> None:
        """Show what the demo is waiting for."""

    def offer(self, lines: Sequence[str]) -> None:
        """Lines that somebody may want to copy."""

    def follow(self, found: Iterable[Found]) -> None:
        """Show everything as it comes, to the end."""

    def conclude(self, evaluation: Evaluation, benign: tuple[Incident, ...]) -> None:
        """Show the alerts against the truth."""


class Screen:
    """A live view in the terminal."""

    def __init__(self, language: Language) -> None:
        self._console = Console()
        self._board = Board(language)

    def say(self, message: str) -> None:
        """Print it above the view."""
        self._console.print(f"[dim]{message} …[/dim]")

    def offer(self, lines: Sequence[str]) -> None:
        """Print them whole, so that they can be copied."""
        for line in lines:
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def follow(self, found: Iterable[Found]) -> None:
        """Redraw the board as it changes."""
        with Live(self._board, console=self._console, refresh_per_second=_REFRESHES_PER_S) as live:
            for one in found:
                if isinstance(one, Pulse):
                    self._board.pulse = one
                else:
                    self._board.show(one)
            self._board.over = True
            live.refresh()

    def conclude(self, evaluation: Evaluation, benign: tuple[Incident, ...]) -> None:
        """Print the table."""
        self._console.print(verdict_table(evaluation, benign))


class Lines:
    """A line per event, for logs and pipes."""

    def __init__(self, language: Language) -> None:
        self._language = language
        self._no_baseline: dict[str, bool] = {}

    def say(self, message: str) -> None:
        """Say it on stderr."""
        click.echo(f"{message} …", err=True)

    def offer(self, lines: Sequence[str]) -> None:
        """Say them on stderr."""
        click.echo("\n".join(lines), err=True)

    def follow(self, found: Iterable[Found]) -> None:
        """Print alerts, and when a brand gets its baseline."""
        for one in found:
            if isinstance(one, Alert):
                self._line(one.window_end_ms, one.brand, _what(one), headline(one, self._language))
                for told in (*why(one, self._language), *examples(one, self._language)):
                    click.echo(f"{'':<{_INDENT}}{told}")
            elif isinstance(one, Window):
                self._baseline(one)

    def _baseline(self, window: Window) -> None:
        without = window.state == "no_baseline"
        if self._no_baseline.get(window.brand) == without:
            return
        if without or window.brand in self._no_baseline:
            word = "first tweets, no baseline yet" if without else "baseline learnt, alerts count"
            self._line(window.end_ms, window.brand, "no baseline" if without else "watching", word)
        self._no_baseline[window.brand] = without

    def _line(self, time_ms: int, brand: str, what: str, words: str) -> None:
        click.echo(f"{format_clock(time_ms)}  {brand:<12} {what:<18} {words}")

    def conclude(self, evaluation: Evaluation, benign: tuple[Incident, ...]) -> None:
        """Print the table."""
        Console(width=_TABLE_WIDTH).print(verdict_table(evaluation, benign))


class Json:
    """One JSON object per alert, and one at the end."""

    def say(self, message: str) -> None:
        """Say it on stderr."""
        click.echo(f"{message} …", err=True)

    def offer(self, lines: Sequence[str]) -> None:
        """Say them on stderr."""
        click.echo("\n".join(lines), err=True)

    def follow(self, found: Iterable[Found]) -> None:
        """Print alerts as they stand in the topic."""
        for one in found:
            if isinstance(one, Alert):
                click.echo(wire.encode_alert(one))

    def conclude(self, evaluation: Evaluation, benign: tuple[Incident, ...]) -> None:
        """Print what was caught, when, and what for nothing."""
        caught: list[dict[str, Any]] = [
            {
                "brand": incident.brand,
                "kind": incident.kind,
                "start_ms": incident.start_ms,
                "alert": alert.id if alert else None,
                "delay_ms": delay_ms(incident, alert) if alert else None,
            }
            for incident, alert in evaluation.caught
        ]
        false_alarms = [alert.id for alert in evaluation.false_alarms]
        click.echo(orjson.dumps({"incidents": caught, "false_alarms": false_alarms}))


def beginning(serving: Serving) -> list[str]:
    """Print the addresses and what is missing, while the replay runs.

    Examples
    --------
    >>> beginning(Serving((Address("the API", "http://127.0.0.1:4321"),), ""))
    ['serving on http://127.0.0.1:4321']
    """
    if len(serving.addresses) == 1:
        return [f"serving on {serving.addresses[0].url}"]
    return [_OPEN, *_table(serving.addresses), *filter(None, [serving.missing])]


def ending(served: Served) -> list[str]:
    """Print the addresses and commands to try, after the replay."""
    if len(served.addresses) == 1:
        return [f"{_STILL} {_TRY}", *served.curls]
    return [f"{_STILL} {_OPEN.capitalize()}", *_table(served.addresses), _TRY, *served.curls]


def _table(addresses: Sequence[Address]) -> list[str]:
    width = max(len(address.what) for address in addresses)
    return [f"  {address.what:<{width}}  {address.url}" for address in addresses]


def _what(alert: Alert) -> str:
    return f"{alert.phase} {alert.severity}"


def _in_words(kind: str) -> str:
    return kind.replace("_", " ")


def verdict_table(evaluation: Evaluation, benign: tuple[Incident, ...]) -> Table:
    """Return a table of incidents, false alarms and benign surges."""
    table = Table(title="What really happened, and what badbuzz said", title_justify="left")
    for column in ("when (UTC)", "brand", "what", "badbuzz said"):
        table.add_column(column)
    for incident, alert in evaluation.caught:
        when = format_clock(incident.start_ms)
        said = "[bold red]missed[/]"
        if alert is not None:
            said = f"[green]caught[/] after {delay_ms(incident, alert) / 60_000:.0f} min"
        table.add_row(when, incident.brand, f"crisis: {_in_words(incident.kind)}", said)
    for surge in benign:
        when = format_clock(surge.start_ms)
        fooled = any(opens_in(alert, surge) for alert in evaluation.false_alarms)
        said = "[bold red]false alarm[/]" if fooled else "[green]nothing, rightly[/]"
        table.add_row(when, surge.brand, f"no crisis: {_in_words(surge.kind)}", said)
    for alert in evaluation.false_alarms:
        if not any(opens_in(alert, surge) for surge in benign):
            when = format_clock(alert.opened_ms)
            table.add_row(when, alert.brand, "nothing", "[bold red]false alarm[/]")
    n_incidents = len(evaluation.caught)
    table.caption = (
        f"{evaluation.n_caught} of {n_incidents} incidents caught, "
        f"{len(evaluation.false_alarms)} false alarms"
    )
    return table
