"""Atomic writing of a folder of files."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from badbuzz.errors import BundleError

_REMEDY: Final = "make room, or give another folder; nothing was changed there"


def write_folder(
    folder: Path, contents: Mapping[str, bytes], check: Callable[[Path], object]
) -> Path:
    """Write a bundle's files to a temporary folder, check them, and replace a folder by it.

    After an error the folder is unchanged. Return the folder.

    Parameters
    ----------
    folder
        Folder to write; may exist with files of these names only.
    contents
        Content of each file by name.
    check
        Called with the temporary folder; an exception stops the writing.

    Raises
    ------
    BundleError
        The folder has other files, or the disk is full or not writable.

    Examples
    --------
    >>> write_folder(Path("/dev/null"), {"card.json": b""}, lambda folder: None)
    Traceback (most recent call last):
    badbuzz.errors.BundleError: /dev/null: is not a folder: give another name
    """
    check_place(folder, contents)
    folder = folder.resolve()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as name:
            staged = Path(name) / folder.name
            staged.mkdir()
            for file, content in contents.items():
                _write(staged / file, content)
            _sync(staged)
            check(staged)
            _take_place(staged, folder, Path(name) / "former")
        _sync(folder.parent)
    except OSError as error:
        raise BundleError(f"{folder}: cannot be written: {error.strerror}: {_REMEDY}") from error
    return folder


def check_place(folder: Path, names: Mapping[str, bytes] | tuple[str, ...]) -> None:
    """Raise an error for a path that holds something other than a bundle's files.

    Raises
    ------
    BundleError
        The path is a file, or a folder with other files.
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        raise BundleError(f"{folder}: is not a folder: give another name")
    others = sorted({path.name for path in folder.iterdir()} - set(names))
    if others:
        raise BundleError(
            f"{folder}: holds {others[0]}, which is not a file of a bundle and would be lost: give "
            "another folder"
        )


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Flush the names of a folder's files to disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _take_place(staged: Path, folder: Path, former: Path) -> None:
    was_there = folder.exists()
    if was_there:
        folder.rename(former)
    try:
        staged.rename(folder)
    except OSError:
        if was_there:
            former.rename(folder)
        raise
