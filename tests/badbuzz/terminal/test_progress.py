"""The progress line of commands that read recordings."""

from __future__ import annotations

from pathlib import Path

import pytest

from badbuzz.recordings.rows import RecordingFile
from badbuzz.terminal.progress import ProgressDisplay

ROWS = b'{"text": "late again"}\n' * 10


def read(source: RecordingFile) -> None:
    for _ in source.rows("json"):
        pass


@pytest.fixture
def recording(tmp_path: Path) -> str:
    path = tmp_path / "recording.jsonl"
    path.write_bytes(ROWS)
    return str(path)


def test_the_line_has_percentage_number_rate_and_event_time(
    recording: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with ProgressDisplay([recording], shown=True) as display:
        source = RecordingFile(recording)
        display.opened(source)
        read(source)
        display.update(1_234, 0, n_rejected=2)
    display.print_line()
    line = capsys.readouterr().err
    assert line.startswith("badbuzz: 100 %, 1,234 tweets, ")
    assert line.endswith("/s, at 1970-01-01 00:00 UTC, 2 rejected\n")


def test_standard_input_has_no_percentage(
    recording: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with ProgressDisplay([recording, "-"], shown=True) as display:
        display.update(1)
    display.print_line()
    assert capsys.readouterr().err.startswith("badbuzz: 1 tweet, ")


@pytest.mark.parametrize("shown", [True, False])
def test_no_line_before_the_first_update_or_if_not_shown(
    shown: bool, recording: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with ProgressDisplay([recording], shown=shown) as display:
        if not shown:
            display.update(1)
    display.print_line()
    assert not capsys.readouterr().err
