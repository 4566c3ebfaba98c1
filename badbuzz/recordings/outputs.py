"""Output files of commands: checks before any work, and a uniform error."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from badbuzz.errors import RecordingError
from badbuzz.recordings.rows import STDIN


def check_outputs(
    outputs: Iterable[tuple[str, str | None]], inputs: Iterable[tuple[str, str | None]]
) -> None:
    """Check that no output is an input or another output, and that its folder exists.

    Parameters
    ----------
    outputs, inputs
        Names of options with their paths. Relative paths and links are resolved. None, ``-`` and
        special files such as ``/dev/null`` are ignored.

    Raises
    ------
    RecordingError
        If two paths are the same file, or a folder does not exist.

    Examples
    --------
    >>> check_outputs([("--report", "a.html"), ("-o", "./a.html")], [])
    Traceback (most recent call last):
    badbuzz.errors.RecordingError: -o ./a.html: is also the file of --report; give another name
    """
    used = [
        (path, f"is read as {name} and would be lost")
        for name, path in inputs
        if path and path != STDIN
    ]
    for name, path in outputs:
        if not path or path == STDIN:
            continue
        folder = Path(path).parent
        if not folder.is_dir():
            raise RecordingError(f"{path}: cannot be written: there is no folder {folder}")
        for other, use in used:
            if _is_same_file(path, other):
                raise RecordingError(f"{name} {path}: {use}; give another name")
        used.append((path, f"is also the file of {name}"))


def write_text(path: str | Path, text: str) -> None:
    """Write a text to a file in UTF-8.

    Raises
    ------
    RecordingError
        If the file cannot be written.

    Examples
    --------
    >>> write_text("/", "a report")
    Traceback (most recent call last):
    badbuzz.errors.RecordingError: /: cannot be written: Is a directory
    """
    with file_errors(path):
        Path(path).write_text(text, encoding="utf-8")


def write_atomically(path: str, content: bytes) -> None:
    """Write a file so that after a crash it has the old or the new content.

    Raises
    ------
    RecordingError
        If the file cannot be written.
    """
    target = Path(path)
    draft = target.with_name(target.name + ".new")
    with file_errors(path):
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)


@contextmanager
def file_errors(path: str | Path, action: str = "written") -> Iterator[None]:
    """Translate an ``OSError``, except a broken pipe, into a :class:`RecordingError`.

    Parameters
    ----------
    path
        File for the message.
    action
        Past participle for the message: ``written`` or ``read``.
    """
    try:
        yield
    except BrokenPipeError:
        raise  # the reader has closed the pipe: click exits quietly
    except OSError as error:
        raise RecordingError(f"{path}: cannot be {action}: {error.strerror}") from error


def _is_same_file(one: str, other: str) -> bool:
    here, there = Path(one).resolve(), Path(other).resolve()
    if here.exists() and there.exists():
        return here.is_file() and here.samefile(there)
    return here == there
