"""Cache of scores: a file for each bundle, by digest of the text.

A file has rows of twelve bytes: digest of the text, score in ten-thousandths, checksum. Writers
append under a lock, so that several runs may share a file. The next writer removes an incomplete
last row, and readers skip rows with a wrong checksum. The folder's name contains a digest of the
code that turns text into features, as scores depend on it.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path

from badbuzz.features import hashing, tokens, vocabulary

VERSION: Final = 1
_ROW: Final = np.dtype([("text", "<u8"), ("score", "<u2"), ("check", "<u2")])
_SAVE_AT: Final = 20_000
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)


def cache_folder() -> Path:
    """Return the folder of the scores in the user's cache folder."""
    sources = [Path(tokens.__file__), Path(hashing.__file__), Path(vocabulary.__file__)]
    code = code_digest(sources)
    return Path(user_cache_path("badbuzz")) / f"scores-{VERSION}-{code}"


def code_digest(sources: Sequence[Path]) -> str:
    """Return a digest of source files, 8 hexadecimal digits."""
    total = blake2b(digest_size=4)
    for path in sources:
        total.update(blake2b(path.read_bytes()).digest())
    return total.hexdigest()


def digest(text: str) -> int:
    """Return a 64-bit digest of a text.

    Examples
    --------
    >>> digest("Lost my bag.") == digest("Lost my bag."), digest("") == digest(" ")
    (True, False)
    """
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


class ScoreCache:
    """Scores of one bundle by digest of the text.

    Parameters
    ----------
    path
        File of the cache; None caches in memory only.

    Attributes
    ----------
    known
        Scores in ten-thousandths by digest.
    trouble
        Warning that the file cannot be used, or the empty string.

    Examples
    --------
    >>> cache = ScoreCache(None)
    >>> cache.add([digest("Lost my bag.")], [9_100])
    >>> cache.known[digest("Lost my bag.")]
    9100
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._new: dict[int, int] = {}
        self.known: dict[int, int] = {}
        self.trouble = ""
        if path is not None:
            self._load(path)

    def _load(self, path: Path) -> None:
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            self._disable(error)
            return
        rows = np.frombuffer(content[: len(content) - len(content) % _ROW.itemsize], _ROW)
        rows = rows[rows["check"] == _check(rows["text"], rows["score"])]
        self.known = dict(zip(rows["text"].tolist(), rows["score"].tolist(), strict=True))

    def add(self, texts: Sequence[int], scores: Sequence[int]) -> None:
        """Add scores by digest; save after every 20,000 new ones."""
        scored = dict(zip(texts, scores, strict=True))
        self.known.update(scored)
        if self._path is not None:
            self._new.update(scored)
            if len(self._new) >= _SAVE_AT:
                self.save()

    def save(self) -> None:
        """Append the new scores to the file."""
        if self._path is None or not self._new:
            return
        rows = np.empty(len(self._new), _ROW)
        rows["text"] = list(self._new)
        rows["score"] = list(self._new.values())
        rows["check"] = _check(rows["text"], rows["score"])
        self._new = {}
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            _append(self._path, rows.tobytes())
        except OSError as error:
            self._disable(error)

    def _disable(self, error: OSError) -> None:
        self.trouble = f"{self._path}: scores are not cached: {error.strerror}"
        self._path = None


def _check(texts: NDArray[np.uint64], scores: NDArray[np.uint16]) -> NDArray[np.uint16]:
    mixed = (texts ^ (scores.astype(np.uint64) + np.uint64(1)) * _MIX) * _MIX
    return (mixed >> np.uint64(48)).astype(np.uint16)


def _append(path: Path, rows: bytes) -> None:
    with path.open("ab", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        size = file.seek(0, os.SEEK_END)
        if size % _ROW.itemsize:
            file.truncate(size - size % _ROW.itemsize)
        left = memoryview(rows)
        while left:
            left = left[file.write(left) :]
