"""What a command that reads files shows: a bar on a terminal, else a line now and then."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Self

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from badbuzz.recordings.rows import Source

_LINE_EVERY_S: Final = 5.0
_WIDTH: Final = 16


class FileProgress:
    """Shows on standard error how far files are read.

    Parameters
    ----------
    paths
        The files: the sizes of those that are files say how much there is to do.
    shown
        Whether to show anything.
    """

    def __init__(self, paths: Sequence[str], *, shown: bool) -> None:
        self._sources: list[Source] = []
        self._total = sum(Path(path).stat().st_size for path in paths if Path(path).is_file())
        self.shown = shown
        self._lined_s = time.monotonic()
        console = Console(stderr=True)
        self._bar = Progress(
            SpinnerColumn(),
            BarColumn(bar_width=_WIDTH),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not (shown and console.is_terminal),
        )
        self._task = self._bar.add_task("reading", total=self._total or None)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._bar.stop()

    def opened(self, source: Source) -> None:
        """Follow how far a file is read."""
        self._sources.append(source)

    def update(self, line: Callable[[], str]) -> None:
        """Show how things stand, in a line that is asked for only when it is shown."""
        if not self._bar.disable:
            n_read = sum(source.n_bytes_read() for source in self._sources)
            completed = min(n_read, self._total)
            self._bar.update(self._task, completed=completed, description=line())
        elif self.shown and time.monotonic() - self._lined_s >= _LINE_EVERY_S:
            self._lined_s = time.monotonic()
            click.echo(f"badbuzz: {line()}", err=True)
