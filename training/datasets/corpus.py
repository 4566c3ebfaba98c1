"""Corpora: the named data sets of a folder, or a user's own labelled rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b, sha256
from pathlib import Path
from typing import Final

import numpy as np

from badbuzz.errors import RecordingError
from training.datasets.rows import Flags, Rows, group_keys, has_files, read_rows

FEWEST: Final = 50
"""Smallest number of rows of either class that a model can be tested on."""
_MAX_DUPLICATES: Final = 0.3
"""Largest share of a corpus that one group of near-duplicates may have."""


@dataclass(frozen=True)
class Named:
    """A data set that a folder may hold.

    Parameters
    ----------
    files
        Paths of its files, relative to the folder.
    language
        Language of its texts, a BCP 47 primary subtag.
    recipe
        Name of the shipped recipe that is trained on it; empty for none.
    """

    files: tuple[str, ...]
    language: str
    recipe: str = ""


NAMED: Final[Mapping[str, Named]] = {
    "airline": Named(("airline/airline_tweets.jsonl.gz",), "en", "airline-en"),
    "sentiment140": Named(("sentiment140/train.jsonl.gz",), "en"),
    "french": Named(
        ("xlmt/xlmt_fr_train.jsonl.gz", "xlmt/xlmt_fr_val.jsonl.gz"), "fr", "tweets-fr"
    ),
}


@dataclass(frozen=True)
class Corpus:
    """Labelled texts to compare models on.

    Parameters
    ----------
    name
        Name in reports and in the name of the MLflow experiment.
    language
        Language of the texts, a BCP 47 primary subtag.
    rows
        Texts with labels and brands.
    notes
        Sentences on rows that were skipped or repeated.
    recipe
        Name of the shipped recipe that is trained on the rows; empty for a user's own rows.
    folder
        Folder of the recipe's other data; None for a user's own rows.
    """

    name: str
    language: str
    rows: Rows
    notes: tuple[str, ...] = ()
    recipe: str = ""
    folder: Path | None = None

    @cached_property
    def digest(self) -> str:
        """Hash of texts, labels and brands in their order, 16 hexadecimal digits."""
        digest = sha256()
        rows = self.rows
        for text, negative, brand in zip(rows.texts, rows.negative, rows.brands, strict=True):
            digest.update(f"{text}\0{int(negative)}\0{brand}\0".encode("utf-8", "surrogatepass"))
        return digest.hexdigest()[:16]

    @cached_property
    def groups(self) -> list[str]:
        """Key of each row, the same for near-duplicates."""
        return group_keys(self.rows.texts)

    def sample(self, n: int | None) -> Corpus:
        """Return a corpus of the n rows whose texts have the lowest hashes; None keeps all rows."""
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
        """Return the corpus if its rows suffice to train and test a model.

        Raises
        ------
        RecordingError
            A class has fewer than 50 rows, or more than 30 % of the rows are near-duplicates of
            each other.
        """
        check_classes(self.name, self.rows.negative)
        largest = int(np.max(np.unique(self.groups, return_counts=True)[1]))
        if largest > _MAX_DUPLICATES * len(self.groups):
            raise RecordingError(
                f"{self.name}: {largest:,} of {len(self.groups):,} rows are near-duplicates "
                "of each other: leave such copies out, or give more rows"
            )
        return self


def check_classes(name: str, negative: Flags) -> None:
    """Raise a RecordingError if a class has fewer than :data:`FEWEST` rows.

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
    """Read named data sets of a folder; without names, those whose files exist.

    Raises
    ------
    RecordingError
        A file is missing or cannot be read, or the folder holds no data set.
    """
    present = [name for name, one in NAMED.items() if has_files(folder, one.files)]
    if not names and not present:
        files = ", ".join(file for one in NAMED.values() for file in one.files)
        raise RecordingError(
            f"{folder}: contains none of {files}: give files of your own with --data"
        )
    return [
        Corpus(
            name,
            NAMED[name].language,
            read_rows(folder, *NAMED[name].files),
            recipe=NAMED[name].recipe,
            folder=folder,
        )
        for name in dict.fromkeys(names or present)
    ]
