"""Reading a user's labelled files, with all their faults reported before training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

import numpy as np

from badbuzz.errors import RecordingError
from badbuzz.recordings.csv_rows import csv_header
from badbuzz.recordings.rows import RecordingFile
from badbuzz.recordings.source_formats import LABELS, Preset, detect_preset
from training.datasets.corpus import Corpus, check_classes
from training.datasets.rows import Rows

REQUIRED: Final = ("text", "label")
FIELDS: Final = (*REQUIRED, "brand", "lang")
_PROBED: Final = 100
_SHOWN: Final = 3
_NOTED_COPIES: Final = 0.01
_MAIN_LANGUAGE: Final = 0.9


@dataclass(frozen=True)
class ReadOptions:
    """Options on reading labelled files.

    Parameters
    ----------
    columns
        Column by field: text, label, brand, lang.
    words
        Label that each word of the files means.
    lang
        Language of the rows to keep and of rows without one; empty for the main language.
    encoding
        Encoding of CSV files; empty for that of the file's format, or UTF-8.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    lang: str = ""
    encoding: str = ""


@dataclass
class _RawRows:
    """Rows and faults of the files read so far."""

    texts: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    brands: list[str] = field(default_factory=list)
    langs: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    n_unlabelled: int = 0
    n_empty: int = 0


def read_own(paths: Sequence[str], reading: ReadOptions) -> Corpus:
    """Read labelled JSON lines or CSV files as one corpus.

    Rows without a text or a label are skipped. The corpus's notes give the numbers of skipped rows
    and of copies, which are kept.

    Raises
    ------
    RecordingError
        A file cannot be read or lacks a column, a row has an invalid label or is not UTF-8, no
        language has nine tenths of the rows, or a class has too few rows.
    """
    raw = _RawRows()
    for path in paths:
        _read_file(path, reading, raw)
    if raw.faults:
        more = len(raw.faults) - _SHOWN
        shown = "; ".join(raw.faults[:_SHOWN]) + (f"; and {more:,} more" if more > 0 else "")
        raise RecordingError(shown)
    name = Path(paths[0]).name
    if not raw.texts:
        raise RecordingError(f"{name}: no row has both a text and a label")
    return _corpus(name, raw, reading.lang)


def _read_file(path: str, reading: ReadOptions, raw: _RawRows) -> None:
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
    columns, words = _columns_and_labels(source.name, names or cells, preset, reading)
    for row in chain(first, rows):
        place = f"{source.name}:{row.line}"
        if isinstance(row.fields, str):
            raw.faults.append(f"{place}: {row.fields}")
            continue
        _take(place, {name: row.fields.get(columns[name]) for name in columns}, words, raw)


def _columns_and_labels(
    name: str, cells: Sequence[str], preset: Preset | None, reading: ReadOptions
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the column of each field and the label of each word."""
    known = {one: preset.fields[one] for one in FIELDS if one in preset.fields} if preset else {}
    columns = {**{one: one for one in FIELDS}, **known, **reading.columns}
    for name_ in FIELDS:
        column = columns[name_]
        if column in cells or (name_ not in REQUIRED and name_ not in reading.columns):
            continue
        available = ", ".join(cells) or "none"
        raise RecordingError(
            f"{name}: has no column {column!r}; it has {available}: "
            f"name the column with --map {name_}=COLUMN"
        )
    return columns, {**(preset.labels if preset else {}), **reading.words}


def _take(place: str, row: Mapping[str, Any], words: Mapping[str, str], raw: _RawRows) -> None:
    text, label = row["text"], row["label"]
    if text is None or (isinstance(text, str) and not text.strip()):
        raw.n_empty += 1
        return
    if not isinstance(text, str):
        raw.faults.append(f"{place}: text: expected a string, found {type(text).__name__}")
        return
    if not is_unicode(text):
        raw.faults.append(
            f"{place}: text is not UTF-8: if the file is Latin-1, give --encoding latin-1"
        )
        return
    word = "" if label is None else str(label).strip()
    if not word:
        raw.n_unlabelled += 1
        return
    as_label = words.get(word, word).lower()
    if as_label not in LABELS:
        raw.faults.append(
            f"{place}: label {word!r:.40} is none of {', '.join(LABELS)}: correct or map it with "
            f"--label {word:.40}=negative, or another of them"
        )
        return
    raw.texts.append(text)
    raw.labels.append(as_label)
    raw.brands.append(str(row.get("brand") or ""))
    raw.langs.append(str(row.get("lang") or "").partition("-")[0].lower())


def is_unicode(text: str) -> bool:
    """Tell whether a text can be encoded as UTF-8."""
    return text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text)


def _corpus(name: str, raw: _RawRows, lang: str) -> Corpus:
    language, kept = _one_language(name, raw.langs, lang)
    rows = Rows(
        [raw.texts[place] for place in kept],
        np.array([raw.labels[place] == "negative" for place in kept]),
        np.array([raw.brands[place] for place in kept]),
    )
    check_classes(name, rows.negative)
    notes = [
        f"{n:,} rows {what} were skipped"
        for n, what in (
            (raw.n_unlabelled, "without a label"),
            (raw.n_empty, "without a text"),
            (len(raw.texts) - len(kept), f"in another language than {language}"),
        )
        if n
    ]
    return Corpus(name, language, rows, (*notes, *_copies(rows)))


def _one_language(name: str, langs: Sequence[str], lang: str) -> tuple[str, list[int]]:
    """Return the language, and the positions of the rows in it or without a language."""
    counts = Counter(one for one in langs if one not in ("", "und"))
    (first, n_first), *_ = counts.most_common() or [("en", 0)]
    if not lang and n_first < _MAIN_LANGUAGE * counts.total():
        listed = ", ".join(f"{one} ({n:,} rows)" for one, n in counts.most_common())
        raise RecordingError(f"{name}: has several languages, {listed}: choose one with --lang")
    language = lang or first
    kept = [place for place, one in enumerate(langs) if one in ("", "und", language)]
    if not kept:
        raise RecordingError(f"{name}: has no row in {language}: give another --lang")
    return language, kept


def _copies(rows: Rows) -> Iterator[str]:
    """Yield notes on texts that occur more than once."""
    truths = rows.labels_by(str)
    n_copies = len(rows) - len(truths)
    if n_copies > _NOTED_COPIES * len(rows):
        yield (
            f"{n_copies:,} rows of {len(rows):,} are copies of others: they are kept, on one side "
            "of every split"
        )
    n_contradictory = sum(len(one) > 1 for one in truths.values())
    if n_contradictory:
        yield f"{n_contradictory:,} texts have different labels in different rows: all are kept"
