from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from badbuzz.detection.alert_evaluation import Incident
from badbuzz.errors import RecordingError
from badbuzz.recordings.truth import read_truth

ENTRY = {"brand": "Nordwind", "kind": "strike", "start_ms": 0, "end_ms": 60_000}


def truth_file(folder: Path, plain: object) -> Path:
    path = folder / "truth.json"
    path.write_bytes(orjson.dumps(plain))
    return path


def test_the_simulators_file_is_read(tmp_path: Path) -> None:
    path = truth_file(
        tmp_path, {"seed": 1, "incidents": [{**ENTRY, "magnitude": 3.0}], "benign": [ENTRY]}
    )
    truth = read_truth(path)
    assert truth.incidents == truth.benign == (Incident("Nordwind", "strike", 0, 60_000),)


def test_times_may_have_an_offset(tmp_path: Path) -> None:
    entry = {"brand": "Nordwind", "kind": "strike", "start": "1970-01-01T01:00:00+01:00",
             "end": "1970-01-01T00:01:00Z"}  # fmt: skip
    assert read_truth(truth_file(tmp_path, {"incidents": [entry]})).incidents[0].end_ms == 60_000


@pytest.mark.parametrize(
    ("plain", "complaint"),
    [
        ([], "a list of incidents"),
        ({"incidents": [3]}, "incidents 1: expected an object"),
        ({"incidents": [], "benign": 3}, "benign: expected a list, found 3"),
        ({"incidents": [ENTRY, {**ENTRY, "brand": None}]}, "incidents 2: brand"),
        ({"incidents": [{**ENTRY, "start_ms": "soon"}]}, "start_ms: expected Unix milliseconds"),
        ({"incidents": [{"brand": "a", "kind": "b", "end_ms": 1}]}, "incidents 1: start"),
        ({"incidents": [], "benign": [{**ENTRY, "end_ms": 0}]}, "benign 1: ends at 0, before"),
    ],
)
def test_an_invalid_truth_file_is_refused(plain: object, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=complaint):
        read_truth(truth_file(tmp_path, plain))


@pytest.mark.parametrize("content", [None, b"{"])
def test_a_file_that_cannot_be_read_is_named(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "truth.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RecordingError, match=r"truth\.json: "):
        read_truth(path)
