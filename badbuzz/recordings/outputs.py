"""What commands write: into no file that they read, into no file twice, and with one error."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from badbuzz.errors import RecordingError
from badbuzz.recordings.rows import STDIN


def check_outputs(
    outputs: Iterable[tuple[str, str | None]], inputs: Iterable[tuple[str, str | None]]
) -> None:
    """Refuse an output that is an input, or another output, before anything is written.

    Parameters
    ----------
    outputs, inputs
        Names of options with their paths, in any spelling and through links; None, ``-`` and
        what is no regular file, such as ``/dev/null``, are never in each other's way.

    Raises
    ------
    RecordingError
        Which names the path and both options; or the folder that is not there.

    Examples
    --------
    >>> check_outputs([("--report", "a.html"), ("--alerts", "./a.html")], [])
    Traceback (most recent call last):
    badbuzz.errors.RecordingError: --alerts ./a.html: is the file of --report too; give another name
    """
    read = [(name, path) for name, path in inputs if path and path != STDIN]
    written: list[tuple[str, str]] = []
    for name, path in outputs:
        if not path or path == STDIN:
            continue
        folder = Path(path).parent
        if not folder.is_dir():
            raise RecordingError(f"{path}: cannot be written: there is no folder {folder}")
        for other, its_path in read:
            if _same(path, its_path):
                raise RecordingError(
                    f"{name} {path}: is read as {other} and would be lost; give another name"
                )
        for other, its_path in written:
            if _same(path, its_path):
                raise RecordingError(
                    f"{name} {path}: is the file of {other} too; give another name"
                )
        written.append((name, path))


def write_text(path: str | Path, text: str) -> None:
    """Write a text to a file, as UTF-8.

    Raises
    ------
    RecordingError
        When the file cannot be written.

    Examples
    --------
    >>> write_text("/", "a report")
    Traceback (most recent call last):
    badbuzz.errors.RecordingError: /: cannot be written: Is a directory
    """
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise RecordingError(f"{path}: cannot be written: {error.strerror}") from error


def _same(one: str, other: str) -> bool:
    here, there = Path(one).resolve(), Path(other).resolve()
    if here.exists() and there.exists():
        return here.is_file() and here.samefile(there)
    return here == there
