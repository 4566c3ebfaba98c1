"""A user's own labelled files: what is wrong with them, said before anything is trained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

import numpy as np

from badbuzz.errors import RecordingError
from badbuzz.recordings.rows import RecordingFile, csv_header
from badbuzz.recordings.source_formats import LABELS, Preset, detect_preset
from training.datasets.corpus import Corpus, check_classes
from training.datasets.rows import Rows

NEEDED: Final = ("text", "label")
FIELDS: Final = (*NEEDED, "brand", "lang")
_PROBED: Final = 100
_SHOWN: Final = 3
_SAID_ALIKE: Final = 0.01
_MOSTLY: Final = 0.9


@dataclass(frozen=True)
class ReadOptions:
    """How files are to be read.

    Parameters
    ----------
    columns
        Column by field: text, label, brand, lang.
    words
        Label by the word that the files have for it.
    lang
        Of the rows to keep, and of rows that name none; or empty.
    encoding
        Of CSV files; empty for UTF-8, or what the kind of file is known to have.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    lang: str = ""
    encoding: str = ""


@dataclass
class _Found:
    """What was read so far."""

    texts: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    brands: list[str] = field(default_factory=list)
    langs: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    n_unlabelled: int = 0
    n_empty: int = 0


def read_own(paths: Sequence[str], reading: ReadOptions) -> Corpus:
    """The rows of JSON lines or CSV files that people labelled, as one corpus.

    Rows without a label or text are left out and counted in the corpus's notes; so are copies,
    which stay.

    Raises
    ------
    RecordingError
        When a file cannot be read or lacks a column, a row has a label that is none, or is no
        UTF-8, the rows are of several languages, none of them nine tenths, or of one class.
    """
    found = _Found()
    for path in paths:
        _read_file(path, reading, found)
    if found.faults:
        more = len(found.faults) - _SHOWN
        shown = "; ".join(found.faults[:_SHOWN]) + (f"; and {more:,} more" if more > 0 else "")
        raise RecordingError(shown)
    name = Path(paths[0]).name
    if not found.texts:
        raise RecordingError(f"{name}: no row has both a text and a label")
    return _corpus(name, found, reading.lang)


def _read_file(path: str, reading: ReadOptions, found: _Found) -> None:
    source = RecordingFile(path)
    form = source.form
    cells = csv_header(source.head, reading.encoding or "utf-8") if form == "csv" else []
    preset = detect_preset(cells)
    encoding = reading.encoding or (preset.encoding if preset else "utf-8")
    names = preset.columns if preset else ()
    rows = source.rows(form, names, encoding)
    first = list(islice(rows, _PROBED))
    if form == "json":
        cells = list(dict.fromkeys(chain.from_iterable(
            row.fields for row in first if isinstance(row.fields, dict)
        )))  # fmt: skip
        preset = detect_preset(cells)
    columns, words = _meaning(source.name, names or cells, preset, reading)
    for row in chain(first, rows):
        place = f"{source.name}:{row.line}"
        if isinstance(row.fields, str):
            found.faults.append(f"{place}: {row.fields}")
            continue
        _take(place, {name: row.fields.get(columns[name]) for name in columns}, words, found)


def _meaning(
    name: str, cells: Sequence[str], preset: Preset | None, reading: ReadOptions
) -> tuple[dict[str, str], dict[str, str]]:
    """Which columns are meant, and what the words in them are called here."""
    known = {one: preset.fields[one] for one in FIELDS if one in preset.fields} if preset else {}
    columns = {**{one: one for one in FIELDS}, **known, **reading.columns}
    for needed in FIELDS:
        column = columns[needed]
        if column in cells or (needed not in NEEDED and needed not in reading.columns):
            continue
        found = ", ".join(cells) or "none"
        raise RecordingError(
            f"{name}: has no column {column!r}; it has {found}: "
            f"say which is meant with --map {needed}=COLUMN"
        )
    return columns, {**(preset.labels if preset else {}), **reading.words}


def _take(place: str, row: Mapping[str, Any], words: Mapping[str, str], found: _Found) -> None:
    text, label = row["text"], row["label"]
    if text is None or (isinstance(text, str) and not text.strip()):
        found.n_empty += 1
        return
    if not isinstance(text, str):
        found.faults.append(f"{place}: text: expected a text, found {type(text).__name__}")
        return
    if not _is_unicode(text):
        found.faults.append(
            f"{place}: text is no UTF-8: if the file is Latin-1, give --encoding latin-1"
        )
        return
    word = "" if label is None else str(label).strip()
    if not word:
        found.n_unlabelled += 1
        return
    meant = words.get(word, word).lower()
    if meant not in LABELS:
        found.faults.append(
            f"{place}: label {word!r:.40} is none of {', '.join(LABELS)}: mend it, or map it with "
            f"--label {word:.40}=negative, or another of them"
        )
        return
    found.texts.append(text)
    found.labels.append(meant)
    found.brands.append(str(row.get("brand") or ""))
    found.langs.append(str(row.get("lang") or "").partition("-")[0].lower())


def _is_unicode(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text)


def _corpus(name: str, found: _Found, lang: str) -> Corpus:
    language, kept = _one_language(name, found.langs, lang)
    rows = Rows(
        [found.texts[place] for place in kept],
        np.array([found.labels[place] == "negative" for place in kept]),
        np.array([found.brands[place] for place in kept]),
    )
    check_classes(name, rows.negative)
    notes = [
        f"{n:,} rows {what} were left out"
        for n, what in (
            (found.n_unlabelled, "without a label"),
            (found.n_empty, "without a text"),
            (len(found.texts) - len(kept), f"in another language than {language}"),
        )
        if n
    ]
    return Corpus(name, language, rows, (*notes, *_copies(rows)))


def _one_language(name: str, langs: Sequence[str], lang: str) -> tuple[str, list[int]]:
    """The language, and the places of the rows that are in it or name none."""
    counts = Counter(one for one in langs if one not in ("", "und"))
    (first, n_first), *_ = counts.most_common() or [("en", 0)]
    if not lang and n_first < _MOSTLY * counts.total():
        told = ", ".join(f"{one} ({n:,} rows)" for one, n in counts.most_common())
        raise RecordingError(f"{name}: has several languages, {told}: choose one with --lang")
    language = lang or first
    kept = [place for place, one in enumerate(langs) if one in ("", "und", language)]
    if not kept:
        raise RecordingError(f"{name}: has no row in {language}: give another --lang")
    return language, kept


def _copies(rows: Rows) -> Iterator[str]:
    """What there is to say of texts that are there more than once."""
    truths: dict[str, set[bool]] = {}
    for text, negative in zip(rows.texts, rows.negative.tolist(), strict=True):
        truths.setdefault(text, set()).add(negative)
    n_copies = len(rows) - len(truths)
    if n_copies > _SAID_ALIKE * len(rows):
        yield (
            f"{n_copies:,} rows of {len(rows):,} are copies of others: they stay, on one side of "
            "every split"
        )
    n_torn = sum(len(one) > 1 for one in truths.values())
    if n_torn:
        yield f"{n_torn:,} texts are labelled negative in one row and not in another: both stay"
