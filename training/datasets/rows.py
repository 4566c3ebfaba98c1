"""Labelled texts: reading them, and splitting them so that near-duplicates stay together."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zlib import crc32

import numpy as np
import orjson
from numpy.typing import NDArray

from badbuzz.errors import RecordingError
from badbuzz.features import tokens as reading
from training.datasets.duplicates import groups

N_THREADS: Final = 1
"""Of everything: threads that wait for each other burn CPU time, and that is what is compared."""

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]

N_FOLDS: Final = 5
N_INNER: Final = 10


@dataclass(frozen=True)
class Rows:
    """Texts and whether people called them negative.

    Parameters
    ----------
    texts
        As they were written.
    negative
        Boolean [n]: negative against neutral or positive.
    brands
        Whom each is about, or empty strings.
    """

    texts: list[str]
    negative: Flags
    brands: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.texts)

    def kept(self, flags: Flags) -> Rows:
        """Those that flags are true of, in their order."""
        texts = [text for text, keep in zip(self.texts, flags.tolist(), strict=True) if keep]
        return Rows(texts, self.negative[flags], self.brands[flags])

    def joined(self, other: Rows) -> Rows:
        """These rows and others after them."""
        return Rows(
            self.texts + other.texts,
            np.concatenate([self.negative, other.negative]),
            np.concatenate([self.brands, other.brands]),
        )


def read_rows(data: Path, *names: str) -> Rows:
    """The rows of gzipped JSON lines with ``text``, ``label`` and perhaps ``brand``.

    Raises
    ------
    RecordingError
        When a file is missing or cannot be read.
    """
    found = []
    for name in names:
        try:
            with gzip.open(data / name, "rb") as file:
                found += [orjson.loads(line) for line in file]
        except (OSError, EOFError, orjson.JSONDecodeError) as error:
            raise RecordingError(
                f"{data / name}: cannot be read ({error}): give the folder of the data with --data"
            ) from error
    return Rows(
        texts=[row["text"] for row in found],
        negative=np.array([row["label"] == "negative" for row in found]),
        brands=np.array([row.get("brand", "") for row in found]),
    )


def read_sentences(path: Path) -> Rows:
    """Our own sentences: ``-``, ``=`` or ``+``, a space, and the text."""
    lines = path.read_text(encoding="utf-8").splitlines()
    marked = [line for line in lines if line[:2] in ("- ", "= ", "+ ")]
    return Rows(
        texts=[line[2:] for line in marked],
        negative=np.array([line[0] == "-" for line in marked]),
        brands=np.array([""] * len(marked)),
    )


@dataclass(frozen=True)
class Split:
    """Folds of rows; near-duplicates share theirs.

    Parameters
    ----------
    outer
        The fold that scores a row, in [0, 5).
    inner
        The fold of calibration inside the others, in [0, 10).
    """

    outer: NDArray[np.int64]
    inner: NDArray[np.int64]


def splits(texts: Sequence[str], n: int) -> list[Split]:
    """Folds by a hash of the text, or of the first of its near-duplicates, n times anew.

    Masks and marks are left out before texts are compared
    (:func:`training.datasets.duplicates.groups`).

    Examples
    --------
    >>> copies = ["so sorry my flight is late @a", "RT so sorry my flight is late http"]
    >>> len(set(splits(copies, 1)[0].outer.tolist()))
    1
    """
    return hashed_folds(group_keys(texts), n)


def hashed_folds(keys: Sequence[str], n: int) -> list[Split]:
    """Folds by a hash of each row's key, n times anew.

    Examples
    --------
    >>> hashed_folds(["late", "late"], 1)[0].outer.tolist()
    [0, 0]
    """
    found = []
    for repeat in range(n):
        hashes = np.array([crc32(f"{repeat} {key}".encode()) for key in keys], np.int64)
        found.append(Split(hashes % N_FOLDS, hashes // N_FOLDS % N_INNER))
    return found


def words(text: str) -> list[str]:
    """The words of a text, without masks and marks: what near-duplicates have in common.

    Examples
    --------
    >>> words("So sorry, @ann: 2 hours late!")
    ['so', 'sorry', 'hours', 'late']
    """
    return [word for word in reading.tokenise(text) if word[0].isalpha()]


def group_keys(texts: Sequence[str]) -> list[str]:
    """The words of the first, in the alphabet, of each text's near-duplicates.

    Examples
    --------
    >>> group_keys(["RT so sorry my flight is late http", "so sorry my flight is late @a"])[0]
    'rt so sorry my flight is late'
    """
    spoken = [words(text) for text in texts]
    numbers = groups(spoken).tolist()
    first: dict[int, str] = {}
    for group, said in zip(numbers, spoken, strict=True):
        own = " ".join(said)
        first[group] = min(first.get(group, own), own)
    return [first[group] for group in numbers]
