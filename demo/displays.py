"""The three displays of the demo: a live view, one line per event, JSON."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Final

import click
import orjson
from rich.console import Console
from rich.live import Live
from rich.table import Table

from badbuzz import wire
from badbuzz.detection.alert_evaluation import Evaluation, Incident, delay_ms, opens_in
from badbuzz.messages.text import examples, headline, why
from badbuzz.messages.translator import Language
from badbuzz.model import Alert, Window
from badbuzz.recordings.times import format_clock
from demo.board import Board
from demo.run import ReplayEnded, ServicesReady, WorkerOutput
from demo.services import Address

_REFRESHES_PER_S: Final = 8
_TABLE_WIDTH: Final = 100
_OPEN: Final = "open in a browser:"
_SERVING: Final = "still serving; press Ctrl-C to stop."
_TRY: Final = "In another terminal:"
_INDENT: Final = 18  # below the brand


class Display(ABC):
    """A display that prints messages on standard error."""

    def report(self, message: str) -> None:
        """Print a message about a step of the start."""
        click.echo(f"{message} …", err=True)

    def print_lines(self, lines: Sequence[str]) -> None:
        """Print lines in full, so that they can be copied."""
        click.echo("\n".join(lines), err=True)

    @abstractmethod
    def show(self, output: WorkerOutput) -> None:
        """Show an output of the worker."""

    @abstractmethod
    def show_evaluation(self, evaluation: Evaluation, benign: tuple[Incident, ...]) -> None:
        """Compare the alerts with what happened."""

    def close(self) -> None:  # noqa: B027 - most displays have nothing to close
        """End the display of outputs; nothing by default."""


class LiveDisplay(Display):
    """A live view in the terminal, from the construction to :meth:`close`."""

    def __init__(self, language: Language) -> None:
        self._console = Console()
        self._board = Board(language)
        self._live = Live(self._board, console=self._console, refresh_per_second=_REFRESHES_PER_S)
        self._live.start()

    def report(self, message: str) -> None:
        """Print the message above the view."""
        self._console.print(f"[dim]{message} …[/dim]")

    def print_lines(self, lines: Sequence[str]) -> None:
        """Print lines above the view, or below it once it is closed."""
        for line in lines:
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def show(self, output: WorkerOutput) -> None:
        """Add the output to the board, which is redrawn eight times a second."""
        self._board.add(output)

    def show_evaluation(self, evaluation: Evaluation, benign: tuple[Incident, ...]) -> None:
        """Print the table of incidents."""
        self._console.print(evaluation_table(evaluation, benign))

    def close(self) -> None:
        """Draw the board for the last time."""
        self._board.finished = True
        self._live.stop()


class LineDisplay(Display):
    """One line per event, for logs and pipes."""

    def __init__(self, language: Language) -> None:
        self._language = language
        self._no_baseline: dict[str, bool] = {}

    def show(self, output: WorkerOutput) -> None:
        """Print an alert, or that a brand has a baseline from now on."""
        if isinstance(output, Alert):
            what = f"{output.phase} {output.severity}"
            self._line(output.window_end_ms, output.brand, what, headline(output, self._language))
            for line in (*why(output, self._language), *examples(output, self._language)):
                click.echo(f"{'':<{_INDENT}}{line}")
        elif isinstance(output, Window):
            self._show_baseline(output)

    def _show_baseline(self, window: Window) -> None:
        without = window.state == "no_baseline"
        if self._no_baseline.get(window.brand) == without:
            return
        if without or window.brand in self._no_baseline:
            text = "first tweets, no baseline yet" if without else "baseline learnt, alerts count"
            self._line(window.end_ms, window.brand, "no baseline" if without else "watching", text)
        self._no_baseline[window.brand] = without

    def _line(self, time_ms: int, brand: str, what: str, text: str) -> None:
        click.echo(f"{format_clock(time_ms)}  {brand:<12} {what:<18} {text}")

    def show_evaluation(self, evaluation: Evaluation, benign: tuple[Incident, ...]) -> None:
        """Print the table of incidents."""
        Console(width=_TABLE_WIDTH).print(evaluation_table(evaluation, benign))


class JsonDisplay(Display):
    """One JSON object per alert, and one at the end."""

    def show(self, output: WorkerOutput) -> None:
        """Print an alert as it is in the topic."""
        if isinstance(output, Alert):
            click.echo(wire.encode_alert(output))

    def show_evaluation(self, evaluation: Evaluation, benign: tuple[Incident, ...]) -> None:
        """Print the incidents with their alerts and delays, and the false alarms."""
        incidents = [
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
        click.echo(orjson.dumps({"incidents": incidents, "false_alarms": false_alarms}))


def lines_before(event: ServicesReady) -> list[str]:
    """Return the addresses and the missing programs, as lines to print before the replay.

    Examples
    --------
    >>> lines_before(ServicesReady([Address("the API", "http://127.0.0.1:4321")], ""))
    ['serving on http://127.0.0.1:4321']
    """
    if len(event.addresses) == 1:
        return [f"serving on {event.addresses[0].url}"]
    return [_OPEN, *_table(event.addresses), *filter(None, [event.missing])]


def lines_after(event: ReplayEnded) -> list[str]:
    """Return the addresses and commands to try, as lines to print after the replay."""
    if len(event.addresses) == 1:
        return [f"{_SERVING} {_TRY}", *event.curls]
    return [f"{_SERVING} {_OPEN.capitalize()}", *_table(event.addresses), _TRY, *event.curls]


def _table(addresses: Sequence[Address]) -> list[str]:
    width = max(len(address.name) for address in addresses)
    return [f"  {address.name:<{width}}  {address.url}" for address in addresses]


def _in_words(kind: str) -> str:
    return kind.replace("_", " ")


def evaluation_table(evaluation: Evaluation, benign: tuple[Incident, ...]) -> Table:
    """Return a table of incidents, benign surges and other false alarms."""
    table = Table(title="Incidents and alerts", title_justify="left")
    for column in ("when (UTC)", "brand", "what", "alert"):
        table.add_column(column)
    for incident, alert in evaluation.caught:
        result = "[bold red]missed[/]"
        if alert is not None:
            result = f"[green]caught[/] after {delay_ms(incident, alert) / 60_000:.0f} min"
        what = f"crisis: {_in_words(incident.kind)}"
        table.add_row(format_clock(incident.start_ms), incident.brand, what, result)
    for surge in benign:
        alerted = any(opens_in(alert, surge) for alert in evaluation.false_alarms)
        result = "[bold red]false alarm[/]" if alerted else "[green]none, correct[/]"
        what = f"no crisis: {_in_words(surge.kind)}"
        table.add_row(format_clock(surge.start_ms), surge.brand, what, result)
    for alert in evaluation.false_alarms:
        if not any(opens_in(alert, surge) for surge in benign):
            when = format_clock(alert.opened_ms)
            table.add_row(when, alert.brand, "nothing", "[bold red]false alarm[/]")
    table.caption = (
        f"{evaluation.n_caught} of {len(evaluation.caught)} incidents caught, "
        f"{len(evaluation.false_alarms)} false alarms"
    )
    return table
