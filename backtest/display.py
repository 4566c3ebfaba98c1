"""What a backtest says of what it reads, meanwhile and at the end."""

from __future__ import annotations

import time
from typing import Final

import click

from backtest.formatting import when
from backtest.run import Tally
from badbuzz.messages.text import counted
from badbuzz.recordings.rows import Reject
from badbuzz.terminal.progress import FileProgress

_MAX_REJECTS: Final = 5


class Display(FileProgress):
    """A bar under a backtest's tally; at the end the first bad rows."""

    def __enter__(self) -> Display:
        self._rejects: list[Reject] = []
        self._n_rejects = 0
        self._started_s = time.monotonic()
        return super().__enter__()

    def rejected(self, reject: Reject) -> None:
        """Count a bad row."""
        self._n_rejects += 1
        if len(self._rejects) < _MAX_REJECTS:
            self._rejects.append(reject)

    def show(self, tally: Tally) -> None:
        """Show how things stand."""
        self.update(lambda: self._line(tally))

    def _line(self, tally: Tally) -> str:
        """How many tweets, how fast, and where in event time."""
        duration_s = max(time.monotonic() - self._started_s, 1e-3)
        at = f", at {when(tally.last_ms)[4:]}" if tally.last_ms >= 0 else ""
        return f"{counted(tally.n_tweets, 'tweet')}, {tally.n_tweets / duration_s:,.0f}/s{at}"

    def conclude(self, tally: Tally) -> None:
        """Say what was read, and which rows were not."""
        if not self.shown:
            return
        click.echo(f"badbuzz: {self._line(tally)}", err=True)
        for reject in self._rejects:
            click.echo(f"badbuzz: {reject}", err=True)
        if self._n_rejects:
            told = counted(self._n_rejects, "row is no tweet", "rows are no tweets")
            click.echo(f"badbuzz: {told}", err=True)
