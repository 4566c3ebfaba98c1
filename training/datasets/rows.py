"""Labelled texts, and splits that keep near-duplicates together."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zlib import crc32

import numpy as np
import orjson
from numpy.typing import NDArray

from badbuzz.errors import RecordingError
from badbuzz.features import tokens
from training.datasets.duplicates import groups

N_THREADS: Final = 1
"""Threads of every library: waiting threads would distort the CPU times that are compared."""

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]

N_FOLDS: Final = 5
N_INNER: Final = 10


@dataclass(frozen=True)
class Rows:
    """Texts with their labels and brands.

    Parameters
    ----------
    texts
        Original texts.
    negative
        Boolean [n]: true for negative, false for neutral or positive.
    brands
        String [n]: name of each text's brand, or the empty string.
    """

    texts: list[str]
    negative: Flags
    brands: NDArray[np.str_]

    @classmethod
    def of(cls, records: Sequence[Mapping[str, str]]) -> Rows:
        """Return rows of records with ``text``, ``label`` and optionally ``brand``."""
        negative = np.array([record["label"] == "negative" for record in records])
        brands = np.array([record.get("brand", "") for record in records])
        return cls([record["text"] for record in records], negative, brands)

    def __len__(self) -> int:
        return len(self.texts)

    def labels_by(self, key: Callable[[str], str]) -> dict[str, set[bool]]:
        """Return the labels of the rows by a key of their text."""
        labels: dict[str, set[bool]] = {}
        for text, negative in zip(self.texts, self.negative.tolist(), strict=True):
            labels.setdefault(key(text), set()).add(negative)
        return labels

    def kept(self, flags: Flags) -> Rows:
        """Return the rows whose flag is true."""
        texts = [text for text, keep in zip(self.texts, flags.tolist(), strict=True) if keep]
        return Rows(texts, self.negative[flags], self.brands[flags])

    def joined(self, other: Rows) -> Rows:
        """Return these rows followed by others."""
        return Rows(
            self.texts + other.texts,
            np.concatenate([self.negative, other.negative]),
            np.concatenate([self.brands, other.brands]),
        )


def read_rows(data: Path, *names: str) -> Rows:
    """Read gzipped JSON lines with ``text``, ``label`` and optionally ``brand``.

    Parameters
    ----------
    data
        Folder of the files.
    names
        Paths relative to the folder.

    Raises
    ------
    RecordingError
        A file is missing or cannot be read.
    """
    records: list[dict[str, str]] = []
    for name in names:
        try:
            with gzip.open(data / name, "rb") as file:
                records += [orjson.loads(line) for line in file]
        except (OSError, EOFError, orjson.JSONDecodeError) as error:
            raise RecordingError(
                f"{data / name}: cannot be read ({error}): give the folder of the data with --data"
            ) from error
    return Rows.of(records)


def has_files(folder: Path, names: Iterable[str]) -> bool:
    """Tell whether every named file is in a folder."""
    return all((folder / name).is_file() for name in names)


def read_sentences(path: Path) -> Rows:
    """Read lines of ``-``, ``=`` or ``+``, a space, and a text; skip other lines."""
    lines = path.read_text(encoding="utf-8").splitlines()
    marked = [line for line in lines if line[:2] in ("- ", "= ", "+ ")]
    return Rows(
        texts=[line[2:] for line in marked],
        negative=np.array([line[0] == "-" for line in marked]),
        brands=np.array([""] * len(marked)),
    )


@dataclass(frozen=True)
class Split:
    """Folds of rows, the same for near-duplicates.

    Parameters
    ----------
    outer
        Int [n] in [0, 5): fold of the cross-validation.
    inner
        Int [n] in [0, 10): fold of the calibration inside the other outer folds.
    """

    outer: NDArray[np.int64]
    inner: NDArray[np.int64]


def splits(texts: Sequence[str], n: int) -> list[Split]:
    """Return n splits by a hash of the text, or of the first of its near-duplicates.

    Near-duplicates are found without masks and punctuation; see
    :func:`training.datasets.duplicates.groups`.

    Examples
    --------
    >>> copies = ["so sorry my flight is late @a", "RT so sorry my flight is late http"]
    >>> len(set(splits(copies, 1)[0].outer.tolist()))
    1
    """
    return hashed_folds(group_keys(texts), n)


def hashed_folds(keys: Sequence[str], n: int) -> list[Split]:
    """Return n splits by a hash of each row's key.

    Examples
    --------
    >>> hashed_folds(["late", "late"], 1)[0].outer.tolist()
    [0, 0]
    """
    folds = []
    for repeat in range(n):
        hashes = np.array([crc32(f"{repeat} {key}".encode()) for key in keys], np.int64)
        folds.append(Split(hashes % N_FOLDS, hashes // N_FOLDS % N_INNER))
    return folds


def words(text: str) -> list[str]:
    """Return the words of a text, without masks, numbers and punctuation.

    Examples
    --------
    >>> words("So sorry, @ann: 2 hours late!")
    ['so', 'sorry', 'hours', 'late']
    """
    return [word for word in tokens.tokenise(text) if word[0].isalpha()]


def group_keys(texts: Sequence[str]) -> list[str]:
    """Return for each text the words of the alphabetically first of its near-duplicates.

    Examples
    --------
    >>> group_keys(["RT so sorry my flight is late http", "so sorry my flight is late @a"])[0]
    'rt so sorry my flight is late'
    """
    worded = [words(text) for text in texts]
    numbers = groups(worded).tolist()
    first: dict[int, str] = {}
    for group, own_words in zip(numbers, worded, strict=True):
        own = " ".join(own_words)
        first[group] = min(first.get(group, own), own)
    return [first[group] for group in numbers]
