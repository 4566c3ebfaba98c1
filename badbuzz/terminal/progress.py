"""Progress display of commands that read files: a bar on a terminal, or a line every 5 s."""

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
    """Progress of reading files, on standard error.

    Parameters
    ----------
    paths
        Paths of the input; the sizes of regular files give the total.
    shown
        Whether to show progress.
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
        """Count the bytes read of an opened file."""
        self._sources.append(source)

    def update(self, line: Callable[[], str]) -> None:
        """Show a status line; ``line`` is called only when it is shown."""
        if not self._bar.disable:
            n_read = sum(source.n_bytes_read() for source in self._sources)
            completed = min(n_read, self._total)
            self._bar.update(self._task, completed=completed, description=line())
        elif self.shown and time.monotonic() - self._lined_s >= _LINE_EVERY_S:
            self._lined_s = time.monotonic()
            click.echo(f"badbuzz: {line()}", err=True)
