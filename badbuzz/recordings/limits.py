"""Limits of what is read: lines in pieces, whole files, and the values that messages show."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import IO, Final

BOM: Final = b"\xef\xbb\xbf"
MAX_LINE: Final = 4 << 20
"""Maximum bytes of a line, and of the lines of a CSV's row; a longer one is a bad row."""

MAX_FILE: Final = 32 << 20
"""Maximum bytes of a file that is read whole."""

_PIECE: Final = 1 << 16


def read_file(path: str | Path | Traversable, limit: int = MAX_FILE) -> bytes:
    """Return the content of a file.

    Raises
    ------
    OSError
        If the file cannot be read, or is longer than a limit in bytes.

    Examples
    --------
    >>> read_file("/dev/zero", 100)
    Traceback (most recent call last):
    OSError: [Errno 27] File too large: '/dev/zero'
    """
    source = Path(path) if isinstance(path, str) else path
    with source.open("rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
    return content


def read_lines(stream: IO[bytes], limit: int = MAX_LINE) -> Iterator[bytes]:
    """Yield the lines of a stream.

    Parameters
    ----------
    stream
        Stream of bytes.
    limit
        Maximum bytes of a line. Of a longer one the first ``limit + 1`` bytes are yielded.

    Examples
    --------
    >>> from io import BytesIO
    >>> list(read_lines(BytesIO(b"short\\nmuch longer\\nend"), 6))
    [b'short\\n', b'much lo', b'end']
    """
    while line := stream.readline(limit + 1):
        end = line
        while len(line) > limit and not end.endswith(b"\n"):
            end = stream.readline(_PIECE) or b"\n"
        yield line


def shown(value: object) -> str:
    """Return a value of a row as a message shows it: the type of a list or object, or 40 letters.

    Examples
    --------
    >>> shown("late"), shown({"a": [1]})
    ("'late'", 'a dict')
    """
    is_plain = value is None or isinstance(value, str | int | float)
    return f"{value!r:.40}" if is_plain else f"a {type(value).__name__}"
