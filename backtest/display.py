"""What a backtest shows while it runs: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from backtest.run import Tally
from backtest.words import counted, when
from badbuzz.rows import STDIN, Reject, Source

_LINE_EVERY_S: Final = 5.0
_MAX_REJECTS: Final = 5
_BAR_WIDTH: Final = 16


class Display:
    """Shows a tally on standard error, and at the end the first bad rows.

    Parameters
    ----------
    paths
        The files that are read: their sizes say how much there is to do.
    shown
        Whether to show anything.
    """

    def __init__(self, paths: Sequence[str], *, shown: bool) -> None:
        self._sources: list[Source] = []
        self._total = sum(Path(path).stat().st_size for path in paths if path != STDIN)
        self._shown = shown
        self._rejects: list[Reject] = []
        self._n_rejects = 0
        self._started_s = self._lined_s = time.monotonic()
        console = Console(stderr=True)
        self._bar = Progress(
            SpinnerColumn(),
            BarColumn(bar_width=_BAR_WIDTH),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not (shown and console.is_terminal),
        )
        self._task = self._bar.add_task("reading", total=self._total or None)

    def __enter__(self) -> Display:
        self._bar.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._bar.stop()

    def opened(self, source: Source) -> None:
        """Follow how far a file is read."""
        self._sources.append(source)

    def rejected(self, reject: Reject) -> None:
        """Count a bad row."""
        self._n_rejects += 1
        if len(self._rejects) < _MAX_REJECTS:
            self._rejects.append(reject)

    def update(self, tally: Tally) -> None:
        """Show how things stand."""
        if not self._bar.disable:
            n_read = sum(source.n_bytes_read() for source in self._sources)
            completed = min(n_read, self._total)
            self._bar.update(self._task, completed=completed, description=self.line(tally))
        elif self._shown and time.monotonic() - self._lined_s >= _LINE_EVERY_S:
            self._lined_s = time.monotonic()
            click.echo(f"badbuzz: {self.line(tally)}", err=True)

    def line(self, tally: Tally) -> str:
        """How many tweets, how fast, and where in event time."""
        duration_s = max(time.monotonic() - self._started_s, 1e-3)
        at = f", at {when(tally.last_ms)[4:]}" if tally.last_ms >= 0 else ""
        return f"{counted(tally.n_tweets, 'tweet')}, {tally.n_tweets / duration_s:,.0f}/s{at}"

    def conclude(self, tally: Tally) -> None:
        """Say what was read, and which rows were not."""
        if not self._shown:
            return
        click.echo(f"badbuzz: {self.line(tally)}", err=True)
        for reject in self._rejects:
            click.echo(f"badbuzz: {reject}", err=True)
        if self._n_rejects:
            told = counted(self._n_rejects, "row is no tweet", "rows are no tweets")
            click.echo(f"badbuzz: {told}", err=True)
