"""Tests of the time between checkpoints."""

from __future__ import annotations

import time

import pytest

from stream_processor.engine import checkpoint_clock
from stream_processor.engine.checkpoint_clock import CheckpointClock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> CheckpointClock:
    """Return a clock for which waiting records are stale at once."""
    monkeypatch.setattr(checkpoint_clock, "_STALE_S", -1.0)
    return CheckpointClock(0.0)


def test_without_records_no_checkpoint_is_missing(clock: CheckpointClock) -> None:
    assert not clock.is_stale


def test_records_that_wait_too_long_are_stale(clock: CheckpointClock) -> None:
    clock.note_record()
    assert clock.is_stale


def test_the_first_waiting_record_counts() -> None:
    clock = CheckpointClock(0.0)
    clock.note_record()
    since_s = clock._unsaved_since_s
    clock.note_record()
    assert clock._unsaved_since_s == since_s


def test_a_checkpoint_has_the_records(clock: CheckpointClock) -> None:
    clock.note_record()
    with clock.measure():
        pass
    assert not clock.is_stale


def test_a_failed_checkpoint_has_none(clock: CheckpointClock) -> None:
    clock.note_record()
    with pytest.raises(OSError, match="disk"), clock.measure():
        raise OSError("disk full")
    assert clock.is_stale


def test_discarded_records_are_not_waiting(clock: CheckpointClock) -> None:
    clock.note_record()
    clock.note_discard()
    assert not clock.is_stale


def test_an_attempt_is_followed_by_a_pause() -> None:
    clock = CheckpointClock(0.0)
    clock.note_attempt()
    assert clock.is_due()
    assert not clock.is_due(pause_s=60.0)


def test_checkpoints_take_a_tenth_of_the_cpu_time_at_most() -> None:
    clock = CheckpointClock(0.0)
    with clock.measure():
        started_s = time.thread_time()
        while time.thread_time() - started_s < 0.02:
            pass
    assert clock._interval_s >= 0.02 * 0.2 / 0.1
