"""Rows of recordings: JSON lines, a JSON document or CSV, optionally gzipped."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import chain, starmap
from pathlib import Path
from typing import IO, Any, Final, Literal, NamedTuple

import orjson

from badbuzz.errors import RecordingError
from badbuzz.recordings.csv_rows import csv_rows
from badbuzz.recordings.limits import BOM, MAX_LINE, read_lines, shown

STDIN: Final = "-"
_GZIP_MAGIC: Final = b"\x1f\x8b"
_MAX_RAW: Final = 4096
_HEAD: Final = 1 << 16
_BUFFER: Final = 1 << 20
"""Size of a read in bytes; each read releases the GIL, which is slow to get back."""

_PROBED: Final = 20
MAX_DOCUMENT: Final = 32 << 20
"""Maximum bytes of a JSON document that is not JSON lines, on one line or on several."""

FileFormat = Literal["json", "csv"]


@dataclass(frozen=True, slots=True)
class Reject:
    """A rejected row and the reason.

    Parameters
    ----------
    file, line
        Name of the recording, and line number from 1; the last line if the row has several.
    reason
        Reason as a message.
    raw
        First 4096 characters of the row.

    Examples
    --------
    >>> print(Reject("a.jsonl", 7, "text: missing", "{}"))
    a.jsonl:7: text: missing
    """

    file: str
    line: int
    reason: str
    raw: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


class RawRow(NamedTuple):
    """A row before interpretation: line number, values by column, and raw text.

    ``fields`` is the reason (str) if the row cannot be read.
    """

    line: int
    fields: dict[str, Any] | str
    raw: bytes | str

    def reject(self, file: str, reason: str) -> Reject:
        """Convert the row into a :class:`Reject`."""
        raw = self.raw[: 4 * _MAX_RAW]
        if isinstance(raw, str):
            raw = raw.encode("utf-8", "surrogateescape")
        return Reject(file, self.line, reason, raw.decode("utf-8", "replace")[:_MAX_RAW])


def check_readable(paths: Iterable[str]) -> None:
    """Check that files exist.

    Raises
    ------
    RecordingError
        If a file does not exist.

    Examples
    --------
    >>> check_readable(["-", "nowhere.jsonl"])
    Traceback (most recent call last):
    badbuzz.errors.RecordingError: nowhere.jsonl: cannot be read: No such file
    """
    for path in paths:
        if path != STDIN and not Path(path).is_file():
            raise RecordingError(f"{path}: cannot be read: No such file")


class RecordingFile:
    """An opened recording: its format and its rows.

    Parameters
    ----------
    path
        Path of a file, or ``-`` for standard input.

    Raises
    ------
    RecordingError
        If it cannot be opened or is empty.
    """

    def __init__(self, path: str) -> None:
        self.name = "standard input" if path == STDIN else path
        self._n_bytes_read = 0
        self._closing = ExitStack()
        try:
            self._file = self._closing.enter_context(_open(path))
            self._bytes = self._closing.enter_context(_unzipped(self._file))
            self.head = self._bytes.peek(_HEAD)[:_HEAD]
        except (OSError, EOFError, zlib.error) as error:
            self.close()
            raise RecordingError(f"{self.name}: cannot be read: {_reason_of(error)}") from error
        if not self.head.strip():
            self.close()
            raise RecordingError(f"{self.name}: is empty")

    def close(self) -> None:
        """Close the file; this also happens at its end."""
        self._closing.close()

    def n_bytes_read(self) -> int:
        """Return the read position in the file, in bytes; 0 if unknown."""
        if not self._file.closed:
            with suppress(OSError):
                self._n_bytes_read = self._file.tell()
        return self._n_bytes_read

    @property
    def form(self) -> FileFormat:
        """``json`` if it begins with a brace or bracket or has a JSON object in its first lines."""
        start = self.head.removeprefix(BOM).lstrip()
        if start[:1] in (b"{", b"["):
            return "json"
        objects = (line for line in start.split(b"\n", _PROBED) if line.lstrip()[:1] == b"{")
        return "json" if any(isinstance(_loads(line), dict) for line in objects) else "csv"

    def rows(
        self, form: FileFormat, columns: Sequence[str] = (), encoding: str = "utf-8"
    ) -> Iterator[RawRow]:
        """Yield the rows.

        Parameters
        ----------
        form
            Format of the file.
        columns
            Column names of a CSV without a header.
        encoding
            Encoding of a CSV; JSON is UTF-8.

        Raises
        ------
        RecordingError
            If the file cannot be read to its end.
        """
        try:
            if form == "json":
                yield from _json_rows(self._bytes)
            else:
                yield from starmap(RawRow, csv_rows(self._bytes, columns, encoding))
        except (OSError, EOFError, zlib.error) as error:
            raise RecordingError(
                f"{self.name}: cannot be read to its end: {_reason_of(error)}"
            ) from error
        finally:
            self.n_bytes_read()
            self.close()


def _reason_of(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error)


@contextmanager
def _open(path: str) -> Iterator[io.BufferedReader]:
    if path == STDIN:
        yield _buffered(sys.stdin.buffer)
        return
    with Path(path).open("rb", buffering=_BUFFER) as file:
        yield _buffered(file)


@contextmanager
def _unzipped(file: io.BufferedReader) -> Iterator[io.BufferedReader]:
    """Return the content of a file, decompressed if it is gzipped."""
    if file.peek(2)[:2] != _GZIP_MAGIC:
        yield file
        return
    with gzip.GzipFile(fileobj=file, mode="rb") as zipped, _buffered(zipped) as content:
        yield content


def _buffered(stream: Any) -> io.BufferedReader:
    if isinstance(stream, io.BufferedReader):
        return stream
    return io.BufferedReader(stream, buffer_size=_BUFFER)


def _json_rows(stream: IO[bytes]) -> Iterator[RawRow]:
    filled = (line for line in enumerate(read_lines(stream, MAX_DOCUMENT), 1) if line[1].strip())
    number, first = next(filled, (1, b""))
    first = first.removeprefix(BOM)
    if not first.strip():
        return
    lines = read_lines(stream)
    value = _loads(first, MAX_DOCUMENT)
    if isinstance(value, str):
        yield from _document_rows(first, lines, number)
        return
    yield from _values(value, number, first)
    for place, line in enumerate(lines, number + 1):
        value = _loads(line)
        if type(value) is dict and "text" in value:
            yield RawRow(place, value, line)
        elif line.strip():
            yield from _values(value, place, line)


def _document_rows(first: bytes, lines: Iterator[bytes], number: int) -> Iterator[RawRow]:
    """Yield the rows of a multi-line document, or of each line if it is not one."""
    rest: list[bytes] = []
    size = len(first)
    while size <= MAX_DOCUMENT and (line := next(lines, b"")):
        rest.append(line)
        size += len(line)
    whole = _loads(first + b"".join(rest), MAX_DOCUMENT)
    if not isinstance(whole, str):
        yield from _values(whole, number, b"")
        return
    yield from _values(whole if len(first) > MAX_LINE else _loads(first), number, first)
    for place, line in enumerate(chain(rest, lines), number + 1):
        if line.strip():
            yield from _values(_loads(line), place, line)


def _values(value: Any, number: int, raw: bytes) -> Iterator[RawRow]:
    """Yield the objects of a value: itself, a list's items, or an API page's ``data``.

    A string is the reason why the line has no value.
    """
    if isinstance(value, str):
        yield RawRow(number, value, raw)
        return
    page = value
    if isinstance(value, dict) and "text" not in value:
        if "meta" in value and "data" not in value:
            return  # an empty API page
        page = value.get("data", value)
    for item in page if isinstance(page, list) else (page,):
        fields = item if isinstance(item, dict) else f"expected an object, found {shown(item)}"
        yield RawRow(number, fields, raw or _dumps(item))


def _dumps(item: Any) -> bytes:
    try:
        return orjson.dumps(item)
    except orjson.JSONEncodeError:  # nested too deeply
        return b""


def _loads(line: bytes, limit: int = MAX_LINE) -> Any:
    """Return the value of a line, or the reason (str) why it has none."""
    if len(line) > limit:
        return f"longer than {limit >> 20} MiB"
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return f"invalid JSON: {error}"
    return "expected an object, found a text" if isinstance(value, str) else value
