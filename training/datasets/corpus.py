"""What models are compared on: the named data sets, or a user's own rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b, sha256
from pathlib import Path
from typing import Final

import numpy as np

from badbuzz.errors import RecordingError
from training.datasets.rows import Rows, group_keys, read_rows
from training.recipes.linear import Flags
from training.recipes.shipped import AIRLINE_EN, TWEETS_FR, Recipe

FEWEST: Final = 50
"""Rows of either class below which nothing can be said of a model."""
_MOST_ALIKE: Final = 0.3


@dataclass(frozen=True)
class Named:
    """A data set that a folder may hold.

    Parameters
    ----------
    files
        In the folder.
    language
        Of its texts.
    shipped
        The recipe of the bundle that is made of it, or None.
    """

    files: tuple[str, ...]
    language: str
    shipped: Recipe | None = None


NAMED: Final[Mapping[str, Named]] = {
    "airline": Named(AIRLINE_EN.rows.files, "en", AIRLINE_EN),
    "sentiment140": Named(("sentiment140/train.jsonl.gz",), "en"),
    "french": Named(TWEETS_FR.rows.files, "fr", TWEETS_FR),
}


@dataclass(frozen=True)
class Corpus:
    """Labelled texts to compare models on.

    Parameters
    ----------
    name
        Shown, and part of the name of the experiment.
    language
        Two letters.
    rows
        The texts.
    notes
        What was noticed when they were read, in words.
    shipped
        The recipe of the bundle made of them, or None.
    folder
        Where that recipe's other data are, or None.
    """

    name: str
    language: str
    rows: Rows
    notes: tuple[str, ...] = ()
    shipped: Recipe | None = None
    folder: Path | None = None

    @cached_property
    def digest(self) -> str:
        """A hash of texts, labels and brands, in their order."""
        found = sha256()
        rows = self.rows
        for text, negative, brand in zip(rows.texts, rows.negative, rows.brands, strict=True):
            found.update(f"{text}\0{int(negative)}\0{brand}\0".encode("utf-8", "surrogatepass"))
        return found.hexdigest()[:16]

    @cached_property
    def groups(self) -> list[str]:
        """For each row a key that it shares with its near-duplicates."""
        return group_keys(self.rows.texts)

    def sample(self, n: int | None) -> Corpus:
        """Itself with the n rows whose texts have the lowest hashes; all of them for None."""
        if n is None or len(self.rows) <= n:
            return self
        hashes = [
            blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
            for text in self.rows.texts
        ]
        places = sorted(sorted(range(len(hashes)), key=hashes.__getitem__)[:n])
        rows = Rows(
            [self.rows.texts[place] for place in places],
            self.rows.negative[places],
            self.rows.brands[places],
        )
        note = f"a sample of {n:,} rows of {len(hashes):,}"
        return replace(self, rows=rows, notes=(*self.notes, note))

    def checked(self) -> Corpus:
        """Itself, when there is something to learn and to test.

        Raises
        ------
        RecordingError
            When a class is missing or has fewer than fifty rows, or most rows are copies.
        """
        check_classes(self.name, self.rows.negative)
        counts = np.unique(self.groups, return_counts=True)[1]
        if counts.max() > _MOST_ALIKE * len(self.groups):
            raise RecordingError(
                f"{self.name}: {counts.max():,} of {len(self.groups):,} rows are near-duplicates "
                "of each other: leave such copies out, or give more rows"
            )
        return self


def check_classes(name: str, negative: Flags) -> None:
    """Refuse rows of one class, or with too few of either.

    Examples
    --------
    >>> check_classes("own.csv", np.ones(80, np.bool_))
    Traceback (most recent call last):
    badbuzz.errors.RecordingError: own.csv: all 80 rows are negative: give rows of both classes
    """
    n_negative = int(negative.sum())
    n_others = len(negative) - n_negative
    if not n_negative or not n_others:
        word = "negative" if n_negative else "neutral or positive"
        raise RecordingError(
            f"{name}: all {len(negative):,} rows are {word}: give rows of both classes"
        )
    if min(n_negative, n_others) < FEWEST:
        raise RecordingError(
            f"{name}: {n_negative:,} negative rows and {n_others:,} others: "
            f"at least {FEWEST} of either are needed"
        )


def named(folder: Path, names: Sequence[str]) -> list[Corpus]:
    """The named data sets of a folder; those that are there when no name is given.

    Raises
    ------
    RecordingError
        When one is missing or cannot be read, or none is there.
    """
    there = [
        name for name, one in NAMED.items() if all((folder / file).is_file() for file in one.files)
    ]
    if not names and not there:
        files = ", ".join(file for one in NAMED.values() for file in one.files)
        raise RecordingError(f"{folder}: holds none of {files}: give files of your own with --data")
    return [
        Corpus(
            name,
            NAMED[name].language,
            read_rows(folder, *NAMED[name].files),
            shipped=NAMED[name].shipped,
            folder=folder,
        )
        for name in dict.fromkeys(names or there)
    ]
