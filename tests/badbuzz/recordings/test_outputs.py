from __future__ import annotations

import os
from pathlib import Path

import pytest

from badbuzz.errors import RecordingError
from badbuzz.recordings.outputs import check_outputs


@pytest.fixture
def week(tmp_path: Path) -> Path:
    path = tmp_path / "week.jsonl"
    path.write_text("{}")
    return path


def test_an_input_is_recognised_in_another_spelling(week: Path) -> None:
    other = f"{week.parent}/../{week.parent.name}/week.jsonl"
    with pytest.raises(RecordingError, match=r"--report .*is read as FILE"):
        check_outputs([("--report", other)], [("FILE", str(week))])


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_an_input_is_recognised_through_a_link(link: object, week: Path, tmp_path: Path) -> None:
    assert callable(link)
    link(week, tmp_path / "other")
    with pytest.raises(RecordingError, match="is read as FILE"):
        check_outputs([("-o", str(tmp_path / "other"))], [("FILE", str(week))])


def test_two_outputs_are_two_files(tmp_path: Path) -> None:
    path = str(tmp_path / "new")
    with pytest.raises(RecordingError, match=r"--truth .*is also the file of -o"):
        check_outputs([("-o", path), ("--truth", path)], [])


def test_special_files_are_no_conflict() -> None:
    check_outputs([("-o", "/dev/null"), ("--truth", "/dev/null"), ("--json", "-")], [("FILE", "-")])


def test_a_missing_folder_is_named() -> None:
    with pytest.raises(RecordingError, match="there is no folder nowhere"):
        check_outputs([("-o", "nowhere/new")], [])
