"""Rejected rows of a recording: the first ones are printed, all are written to a file if given."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Self

import click
import orjson

from badbuzz.messages.text import counted
from badbuzz.recordings.outputs import file_errors
from badbuzz.recordings.rows import Reject

_MAX_PRINTED: Final = 5


class RejectLog:
    """Collect rejected rows; call it with each one.

    Parameters
    ----------
    path
        File to write every rejected row to, as JSON lines; None writes none.
    hint
        Advice that is added to the summary if there is no file.
    """

    def __init__(self, path: str | None = None, hint: str = "") -> None:
        self._path = path
        self._note = f"; all are in {path}" if path else hint and f"; {hint}"
        self._first: list[Reject] = []
        self.n = 0

    def __enter__(self) -> Self:
        with file_errors(self._path or ""):
            self._file = Path(self._path).open("wb") if self._path else None
        return self

    def __exit__(self, *raised: object) -> None:
        if self._file is not None:
            self._file.close()

    def __call__(self, reject: Reject) -> None:
        """Add a rejected row."""
        self.n += 1
        if len(self._first) < _MAX_PRINTED:
            self._first.append(reject)
        if self._file is not None:
            self._file.write(orjson.dumps(reject, option=orjson.OPT_APPEND_NEWLINE))

    def report(self, *, shown: bool) -> None:
        """Print the first rejected rows and their number on standard error, if ``shown``."""
        if not self.n or not shown:
            return
        for reject in self._first:
            click.echo(f"badbuzz: {reject}", err=True)
        first = ", the first of them above" if self.n > len(self._first) else ""
        click.echo(f"badbuzz: {counted(self.n, 'row')} rejected{first}{self._note}", err=True)
