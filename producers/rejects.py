"""The bad rows of a recording: a few to show, all of them in a file if there is one."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click
import orjson

from badbuzz.errors import RecordingError
from badbuzz.recordings.rows import Reject

_MAX_SHOWN: Final = 5


class Rejects:
    """Keeps bad rows; called with each.

    Parameters
    ----------
    path
        Of a file for all of them, as JSON lines; None for none.
    """

    def __init__(self, path: str | None) -> None:
        self._path = path
        self._first: list[Reject] = []
        self._n = 0

    def __enter__(self) -> Rejects:
        try:
            self._file = Path(self._path).open("wb") if self._path else None
        except OSError as error:
            raise RecordingError(f"{self._path}: cannot be written: {error.strerror}") from error
        return self

    def __exit__(self, *raised: object) -> None:
        if self._file is not None:
            self._file.close()

    def __call__(self, reject: Reject) -> None:
        """Keep a row."""
        self._n += 1
        if len(self._first) < _MAX_SHOWN:
            self._first.append(reject)
        if self._file is not None:
            self._file.write(orjson.dumps(reject, option=orjson.OPT_APPEND_NEWLINE))

    def report(self, *, shown: bool) -> None:
        """Say on standard error how many rows were bad, and which came first."""
        if not self._n or not shown:
            return
        for reject in self._first:
            click.echo(f"badbuzz: {reject}", err=True)
        rows = "1 row" if self._n == 1 else f"{self._n:,} rows"
        first = "" if self._n == len(self._first) else ", the first of them above"
        where = f"; all are in {self._path}" if self._path else "; --rejects FILE keeps them"
        click.echo(f"badbuzz: {rows} rejected{first}{where}", err=True)
