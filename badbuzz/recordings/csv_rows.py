"""Rows of a CSV, of which each bad line is one bad row."""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import IO, Any, Final

from badbuzz.recordings.limits import BOM, MAX_LINE, read_lines

_MAX_ROW_LINES: Final = 1000
_MAX_REREADS: Final = 8
_FREE_REREADS: Final = 100_000


class _CsvLines:
    """Iterator of lines; the lines of the current row can be read again.

    A row ends with an error when it is too long. Beyond a number of lines for small files, lines
    are read again at most eight times on average. A row beyond that is rejected as a whole, so
    that the time to read a file with many open quotes is linear.
    """

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._again: deque[str] = deque()
        self._taken: list[str] = []
        self._size = self._n_reread = 0
        self.number = 0

    def __iter__(self) -> _CsvLines:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self._taken.append(line)
        self._size += len(line)
        self.number += 1
        if self._size > MAX_LINE:
            raise csv.Error(f"longer than {MAX_LINE >> 20} MiB")
        if len(self._taken) > _MAX_ROW_LINES:
            raise csv.Error(f"a row has more than {_MAX_ROW_LINES} lines")
        return line

    def has_open_quote(self) -> bool:
        """Return whether the row has several lines and an odd number of quotes."""
        return len(self._taken) > 1 and sum(line.count('"') for line in self._taken) % 2 == 1

    def end_row(self) -> str:
        """Start a new row; return the text of the last one."""
        taken = "".join(self._taken)
        self._taken.clear()
        self._size = 0
        return taken

    def end_row_after_first_line(self) -> str:
        """Start a new row after the first line, which is returned; the others are read again."""
        first, *others = self._taken
        if self._n_reread + len(others) > _FREE_REREADS + _MAX_REREADS * self.number:
            return self.end_row()
        self._again.extendleft(reversed(others))
        self._n_reread += len(others)
        self.number -= len(others)
        self._taken.clear()
        self._size = 0
        return first


def csv_rows(
    stream: IO[bytes], columns: Sequence[str], encoding: str
) -> Iterator[tuple[int, dict[str, Any] | str, str]]:
    """Yield each row's line number, its cells by column or the reason why it has none, its text.

    A multi-line row with an unclosed quote is rejected as one line.

    Parameters
    ----------
    stream
        Content of a CSV.
    columns
        Names of its columns; if empty, the first row has them.
    encoding
        Encoding of the content.
    """
    content = read_lines(stream)
    first = next(content, b"").removeprefix(BOM)
    lines = _CsvLines(line.decode(encoding, "surrogateescape") for line in chain([first], content))
    reader = csv.reader(lines)
    names = list(columns)
    while True:
        cells, reason = _next_cells(reader, len(names))
        if not reason and lines.has_open_quote():
            reason = "a quote is not closed"
        if cells is None and not reason:
            return
        if reason:
            raw = lines.end_row_after_first_line()
            yield lines.number, reason, raw
            continue
        raw = lines.end_row()
        if cells and names:
            yield lines.number, dict(zip(names, cells, strict=True)), raw
        names = names or cells or []


def _next_cells(reader: Iterator[list[str]], n_columns: int) -> tuple[list[str] | None, str]:
    """Return the cells of the next row (None at the end), and why they are invalid."""
    try:
        cells = next(reader, None)
    except csv.Error as error:
        return None, f"invalid CSV: {error}"
    if cells and n_columns and len(cells) != n_columns:
        return cells, f"expected {n_columns} columns, found {len(cells)}"
    return cells, ""


def csv_header(head: bytes, encoding: str = "utf-8") -> list[str]:
    """Return the columns of a CSV from the beginning of the file.

    Examples
    --------
    >>> csv_header(b"tweet_id,text\\n1,hello\\n")
    ['tweet_id', 'text']
    """
    text = head.removeprefix(BOM).decode(encoding, "replace").lstrip("\r\n")
    return next(csv.reader(io.StringIO(text, newline="")), [])
