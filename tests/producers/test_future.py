"""A replay moves the clock of all replayed brands, so it sends nothing of the future unasked."""

from __future__ import annotations

import time
from pathlib import Path

from badbuzz import wire
from badbuzz.config.settings import Settings
from badbuzz.model import Tweet
from tests.producers.replays import PARTITIONS, replay, topic


def tweets_at(path: Path, *times_ms: int) -> Path:
    """Write a recording with a tweet at each time."""
    tweets = (Tweet(str(at_ms), "Nordwind", "hello", at_ms, at_ms) for at_ms in times_ms)
    path.write_bytes(b"\n".join(map(wire.encode_tweet, tweets)))
    return path


def newest_ms(settings: Settings) -> int:
    """Return the newest event time of the topic."""
    return max(tweet.produced_ms for records in topic(settings) for tweet in records)


def test_nothing_of_a_refused_future_is_sent(broker: Settings, recording: Path) -> None:
    done = replay(broker, recording, "--source", "s", "--start", "2099-03-01T08:00:00+01:00")
    assert done.returncode != 0
    assert "is created at 2099-03-01 07:00" in done.stderr
    assert "--allow-future" in done.stderr
    assert topic(broker) == [[]] * PARTITIONS


def test_heartbeats_do_not_lead_into_a_refused_future(broker: Settings, tmp_path: Path) -> None:
    now_ms = time.time_ns() // 1_000_000
    path = tweets_at(tmp_path / "a.jsonl", now_ms - 3_600_000, now_ms + 20 * 86_400_000)
    assert replay(broker, path, "--source", "s").returncode != 0
    assert newest_ms(broker) <= time.time() * 1000 + wire.MAX_AHEAD_MS


def test_a_long_tail_does_not_lead_into_the_future(broker: Settings, tmp_path: Path) -> None:
    path = tweets_at(tmp_path / "a.jsonl", time.time_ns() // 1_000_000)
    done = replay(broker, path, "--source", "s", "--tail-s", "86400")
    assert done.returncode != 0
    assert "give a shorter --tail-s" in done.stderr
    assert newest_ms(broker) <= (time.time() + 660) * 1000 + wire.MAX_AHEAD_MS


def test_a_recording_that_ends_now_is_replayed_with_its_tail(
    broker: Settings, tmp_path: Path
) -> None:
    now_ms = time.time_ns() // 1_000_000
    path = tweets_at(tmp_path / "a.jsonl", now_ms)
    done = replay(broker, path, "--source", "s")
    assert done.returncode == 0, done.stderr
    assert newest_ms(broker) > now_ms + 600_000
