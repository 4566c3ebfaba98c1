"""Truth files: what really happened in a recording, as ``badbuzz simulate --truth`` writes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from badbuzz.detection.alert_evaluation import Incident, Truth
from badbuzz.errors import RecordingError
from badbuzz.recordings.limits import read_file, shown
from badbuzz.recordings.outputs import file_errors
from badbuzz.recordings.times import parse_time


def read_truth(path: str | Path) -> Truth:
    """Read crises and benign surges from a JSON file.

    Parameters
    ----------
    path
        File with an object that has the list ``incidents`` and optionally ``benign``. An entry has
        ``brand``, ``kind``, and ``start_ms``, ``end_ms`` (Unix milliseconds) or ``start``,
        ``end`` (times with a UTC offset). Other keys are ignored.

    Raises
    ------
    RecordingError
        If the file is invalid; the message has the file, the entry and the key.

    Examples
    --------
    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile() as file:
    ...     _ = file.write(b'{"incidents": [{"brand": "Nordwind", "kind": "strike", "start":'
    ...         b' "1970-01-01T00:01:00Z", "end_ms": 90000}]}')
    ...     file.flush()
    ...     read_truth(file.name).incidents[0].start_ms
    60000
    """
    try:
        with file_errors(path, "read"):
            plain = orjson.loads(read_file(path))
    except orjson.JSONDecodeError as error:
        raise RecordingError(f"{path}: invalid JSON: {error}") from error
    if not isinstance(plain, dict) or not isinstance(plain.get("incidents"), list):
        raise RecordingError(f"{path}: expected an object with a list of incidents")
    benign = plain.get("benign") or []
    if not isinstance(benign, list):
        raise RecordingError(f"{path}: benign: expected a list, found {shown(benign)}")
    return Truth(
        _incidents(plain["incidents"], path, "incidents"), _incidents(benign, path, "benign")
    )


def _incidents(entries: list[Any], path: str | Path, name: str) -> tuple[Incident, ...]:
    return tuple(
        _incident(entry, f"{path}: {name} {number}") for number, entry in enumerate(entries, 1)
    )


def _incident(entry: Any, where: str) -> Incident:
    if not isinstance(entry, dict):
        raise RecordingError(f"{where}: expected an object, found {shown(entry)}")
    for key in ("brand", "kind"):
        if not isinstance(entry.get(key), str):
            raise RecordingError(f"{where}: {key}: expected a text, found {shown(entry.get(key))}")
    start_ms, end_ms = (_instant_ms(entry, key, where) for key in ("start", "end"))
    if start_ms >= end_ms:
        raise RecordingError(f"{where}: ends at {end_ms}, before it starts at {start_ms}")
    return Incident(entry["brand"], entry["kind"], start_ms, end_ms)


def _instant_ms(entry: dict[str, Any], key: str, where: str) -> int:
    value = entry.get(f"{key}_ms")
    if type(value) is int:
        return value
    if value is not None:
        raise RecordingError(f"{where}: {key}_ms: expected Unix milliseconds, found {shown(value)}")
    try:
        return parse_time(entry.get(key))
    except ValueError as error:
        raise RecordingError(f"{where}: {key}: {error}") from error
