"""A partition whose clock was moved into the future is mended by a command."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from badbuzz import wire
from badbuzz.detection.state import BrandState
from badbuzz.model import Tweet
from tests.support.source import RecordProducer, metric, run_to_end
from tests.support.stream import Deployment

pytestmark = pytest.mark.kafka

AHEAD_MS = 300 * 86_400_000


@pytest.fixture
def stream(kafka: str, topic_prefix: str, tmp_path: Path) -> Iterator[Deployment]:
    stream = Deployment(kafka, topic_prefix, tmp_path)
    stream.create_topics()
    yield stream
    stream.close()


def state_of(stream: Deployment) -> BrandState:
    records = stream.committed(wire.PROCESSOR_STATE)
    return BrandState.unpack([value for key, value in records if key == b"Air Paradis"][-1])


def test_a_clock_that_a_replay_moved_ahead_is_reset(stream: Deployment) -> None:
    now_ms = time.time_ns() // 1_000_000
    producer = RecordProducer(stream)
    producer.tweet(now_ms + AHEAD_MS, replay=True)
    beat_ms = now_ms + AHEAD_MS + 3_600_000
    producer.send(
        Tweet("", "", "", beat_ms, beat_ms, source="replay:a", replay=True, kind="heartbeat")
    )
    producer.flush()
    worker = run_to_end(stream)
    assert state_of(stream).closed_ms > now_ms
    refused = stream.command("topics", "reset-clock", BADBUZZ_WEB_PORT=str(worker.port))
    assert refused.finish() == 4, refused.log_text()
    worker.signal(signal.SIGTERM)
    worker.finish()
    done = stream.command("topics", "reset-clock")
    assert done.finish() == 0, done.log_text()
    assert "Air Paradis, source replay:a" in done.log_text()
    assert state_of(stream).closed_ms == -1
    producer.tweet(now_ms, replay=True)
    worker = run_to_end(stream)
    assert metric(worker, "badbuzz_tweets_total", outcome="counted") == 1


def test_without_a_state_there_is_nothing_to_reset(stream: Deployment) -> None:
    done = stream.command("topics", "reset-clock")
    assert done.finish() == 0, done.log_text()
    assert done.log_text().count("nothing to reset") == stream.settings.partitions
