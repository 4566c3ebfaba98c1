"""NAB's series of mentions, and the windows its authors labelled, read from its own files."""

from __future__ import annotations

import csv
import json
from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from badbuzz.errors import RecordingError
from badbuzz.model import BUCKET_MS
from badbuzz.recordings.times import parse_time


class Window(NamedTuple):
    """A labelled anomaly, by the indices of its first and last record, both inside."""

    first: int
    last: int


class Series(NamedTuple):
    """One series: a count every five minutes without a gap, and its labelled windows.

    Parameters
    ----------
    name
        The file's name, without its ending.
    start_ms
        Start of the first count's bucket, Unix milliseconds.
    counts
        Mentions in each five minutes, >= 0.
    windows
        Labelled windows in order of time, without overlaps.
    """

    name: str
    start_ms: int
    counts: tuple[int, ...]
    windows: tuple[Window, ...]


def read_corpus(folder: Path) -> list[Series]:
    """Read the series named in a folder's ``windows.json``, by name.

    Parameters
    ----------
    folder
        Holds ``windows.json`` (file to pairs of times) and the files, ``timestamp,value``.

    Raises
    ------
    RecordingError
        When a file is missing, has a gap, or does not hold a window's ends.
    """
    try:
        labels = json.loads((folder / "windows.json").read_text(encoding="utf-8"))
        return [read_series(folder / name, labels[name]) for name in sorted(labels)]
    except FileNotFoundError as missing:
        raise RecordingError(
            f"{missing.filename} is missing: set the folder of NAB's series with --data"
        ) from missing


def read_series(path: Path, labels: Sequence[Sequence[str]]) -> Series:
    """Read one series from NAB's CSV; a count belongs to the bucket that contains its time.

    Parameters
    ----------
    path
        A file of ``timestamp,value``; times are UTC.
    labels
        First and last time of each labelled window.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    times_ms = [_utc_ms(row["timestamp"]) for row in rows]
    for before, after in pairwise(times_ms):
        if after - before != BUCKET_MS:
            raise RecordingError(f"{path} has no count every five minutes: see {after} ms")
    windows = tuple(
        Window(_index(times_ms, first, path), _index(times_ms, last, path))
        for first, last in labels
    )
    start_ms = times_ms[0] - times_ms[0] % BUCKET_MS
    return Series(path.stem, start_ms, tuple(int(row["value"]) for row in rows), windows)


def _utc_ms(text: str) -> int:
    return parse_time(f"{datetime.fromisoformat(text).isoformat()}+00:00")


def _index(times_ms: Sequence[int], label: str, path: Path) -> int:
    at_ms = _utc_ms(label)
    index = bisect_left(times_ms, at_ms)
    if index == len(times_ms) or times_ms[index] != at_ms:
        raise RecordingError(f"{path} has no count at {label}, where a window of it ends")
    return index
