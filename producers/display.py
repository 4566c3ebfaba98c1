"""What a replay shows while it runs: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from badbuzz.rows import STDIN, Source
from producers.replay import Tally

_LINE_EVERY_S: Final = 5.0


class Display:
    """Shows a tally on standard error.

    Parameters
    ----------
    paths
        The files that are read: their sizes say how much there is to do.
    shown
        Whether to show anything.
    """

    def __init__(self, paths: tuple[str, ...], *, shown: bool) -> None:
        self._sources: list[Source] = []
        self._total = sum(Path(path).stat().st_size for path in paths if _is_file(path))
        self._lined_s = time.monotonic()
        self._shown = shown
        console = Console(stderr=True)
        self._bar: Progress | None = None
        if shown and console.is_terminal:
            self._bar = Progress(
                SpinnerColumn(),
                BarColumn(),
                TextColumn("{task.description}"),
                TimeElapsedColumn(),
                console=console,
                transient=True,
            )
            self._task = self._bar.add_task("reading", total=self._total or None)

    def __enter__(self) -> Display:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def opened(self, source: Source) -> None:
        """Follow how far a file is read."""
        self._sources.append(source)

    def update(self, tally: Tally) -> None:
        """Show how things stand."""
        if self._bar is not None:
            n_read = sum(source.n_bytes_read() for source in self._sources)
            self._bar.update(
                self._task, completed=min(n_read, self._total), description=_line(tally)
            )
        elif self._shown and time.monotonic() - self._lined_s >= _LINE_EVERY_S:
            self._lined_s = time.monotonic()
            click.echo(f"badbuzz: {_line(tally)}", err=True)


def _is_file(path: str) -> bool:
    return path != STDIN and Path(path).is_file()


def _line(tally: Tally) -> str:
    summary = tally.summary()
    line = f"{tally.n_sent:,} tweets sent, {summary['tweets_per_s']:,.0f}/s"
    if tally.last_ms >= 0:
        line += f", at {utc(tally.last_ms)}"
    return line + (f", {tally.n_rejected:,} rejected" if tally.n_rejected else "")


def utc(time_ms: int) -> str:
    """An instant, to the minute.

    Examples
    --------
    >>> utc(0)
    '1970-01-01 00:00 UTC'
    """
    return f"{datetime.fromtimestamp(time_ms / 1000, UTC):%Y-%m-%d %H:%M} UTC"
