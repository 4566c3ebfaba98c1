"""Progress of commands that read recordings: a bar on a terminal, otherwise a line now and then."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from badbuzz.messages.text import counted
from badbuzz.recordings.rows import RecordingFile
from badbuzz.recordings.times import format_utc

_LINE_INTERVAL_S: Final = 5.0
_BAR_WIDTH: Final = 12


class ProgressDisplay:
    """Show on standard error how far recordings have been read, how fast, and the event time.

    Parameters
    ----------
    paths
        Recordings. The percentage is computed from their sizes and is left out for standard input.
    shown
        Whether to show anything.
    """

    def __init__(self, paths: Sequence[str], *, shown: bool) -> None:
        self._sources: list[RecordingFile] = []
        sizes = [Path(path).stat().st_size if Path(path).is_file() else 0 for path in paths]
        self._n_bytes = sum(sizes) if all(sizes) else 0
        self._shown = shown
        self._line = ""
        self._started_s = self._printed_s = time.monotonic()
        console = Console(stderr=True)
        self._bar = Progress(
            BarColumn(bar_width=_BAR_WIDTH),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not (shown and console.is_terminal),
        )
        self._task = self._bar.add_task("reading", total=self._n_bytes or None)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._bar.stop()

    def opened(self, source: RecordingFile) -> None:
        """Add an opened recording to those whose position is shown."""
        self._sources.append(source)

    def update(self, n_tweets: int, event_ms: int = -1, n_rejected: int = 0) -> None:
        """Show the state of the command.

        Parameters
        ----------
        n_tweets
            Number of tweets processed since the start.
        event_ms
            Newest event time, Unix ms; -1 when unknown.
        n_rejected
            Number of rejected rows.
        """
        now_s = time.monotonic()
        n_read = min(sum(source.n_bytes_read() for source in self._sources), self._n_bytes)
        parts = (
            f"{100 * n_read // self._n_bytes} %" if self._n_bytes else "",
            counted(n_tweets, "tweet"),
            f"{n_tweets / max(now_s - self._started_s, 1e-3):,.0f}/s",
            f"at {format_utc(event_ms)}" if event_ms >= 0 else "",
            f"{n_rejected:,} rejected" if n_rejected else "",
        )
        self._line = ", ".join(filter(None, parts))
        if not self._bar.disable:
            self._bar.update(self._task, completed=n_read, description=self._line)
        elif now_s - self._printed_s >= _LINE_INTERVAL_S:
            self._printed_s = now_s
            self.print_line()

    def print_line(self) -> None:
        """Print the last state as one line."""
        if self._shown and self._line:
            click.echo(f"badbuzz: {self._line}", err=True)
