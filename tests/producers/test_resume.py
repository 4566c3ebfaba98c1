"""Tests of the progress of a replay, and of its pace."""

from __future__ import annotations

from pathlib import Path

import pytest

from badbuzz.detection.heartbeats import with_heartbeats
from badbuzz.errors import RecordingError
from badbuzz.model import Tweet
from producers.progress_file import ProgressFile, ReplayJob
from producers.replay import Pace, resume_at


def test_a_recording_that_changed_is_not_resumed(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("{}\n")
    ProgressFile(str(tmp_path / "p"), ReplayJob((str(path),), "s")).save(7)
    path.write_text("{}\n{}\n")
    with pytest.raises(RecordingError, match=r"a\.jsonl: has changed since"):
        ProgressFile.load(str(tmp_path / "p"))


def test_saved_progress_is_loaded_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("{}\n")
    job = ReplayJob((str(path),), "s", mapping={"text": "body"}, start_ms=5, sort=True)
    ProgressFile(str(tmp_path / "p"), job).save(7)
    loaded = ProgressFile.load(str(tmp_path / "p"))
    assert (loaded.job, loaded.next_seq, loaded.done) == (job, 7, False)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"v":1}', '{"v":2}', '{"v":1,"job":{}}'])
def test_an_invalid_progress_file_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "p"
    path.write_text(content)
    with pytest.raises(RecordingError, match=r"is not a progress file|has version 2"):
        ProgressFile.load(str(path))


def test_records_of_the_fast_part_are_not_delayed() -> None:
    pace = Pace(1.0, fast_until_ms=10_000, clock=lambda: 0.0)
    assert [pace.delay_s(at) for at in (0, 9_999, 10_000, 12_000)] == [0.0, 0.0, 0.0, 2.0]


def test_the_fast_part_can_be_a_number_of_hours() -> None:
    pace = Pace(1.0, fast_for_ms=3_600_000, clock=lambda: 0.0)
    assert [pace.delay_s(at) for at in (5_000, 3_604_999, 3_605_000, 3_606_000)] == [0, 0, 0, 1]


def test_elapsed_time_shortens_the_delay() -> None:
    clock = iter([100.0, 100.0, 100.5, 109.0]).__next__
    pace = Pace(1.0, clock=clock)
    assert [pace.delay_s(at) for at in (0, 2000, 2000)] == [0.0, 1.5, 0.0]


def test_a_resumed_replay_repeats_the_heartbeats_before_the_next_tweet() -> None:
    tweets = [Tweet(str(n), "b", "", n * 90_000, n * 90_000, seq=n, source="s") for n in range(3)]
    sequence = list(with_heartbeats(tweets))
    resumed = list(resume_at(sequence, 1))
    assert resumed == sequence[sequence.index(tweets[0]) + 1 :]
    assert resumed[0].kind == "heartbeat"
