"""A worker with a crisis on its hands, and a Prometheus that watches it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest

from badbuzz.heartbeat import with_heartbeats
from badbuzz.model import Tweet
from badbuzz.recording import read_recording
from tests.e2e.scenario import HOUR_MS, START_MS, write_scenario
from tests.e2e.stream import Stream, await_that
from tests.prometheus import PrometheusServer
from tests.rooms.source import Source

_CRISIS_MS = START_MS + 34 * HOUR_MS
_NOW_MS = _CRISIS_MS + HOUR_MS * 2 // 3


@pytest.fixture(scope="session")
def prometheus(
    embedded_kafka: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PrometheusServer]:
    """Prometheus, once it has seen a live crisis of Air Paradis that still goes on."""
    PrometheusServer.require()
    folder = tmp_path_factory.mktemp("watched")
    recording = write_scenario(folder, brands=2, tweets_per_day=2000)
    tweets = list(with_heartbeats(read_recording([str(recording)], source="live")))
    stream = Stream(embedded_kafka, "watched.", folder, {"BADBUZZ_WARMUP_H": "24"})
    stream.create_topics()
    worker = stream.worker()
    worker.await_ready()
    try:
        with PrometheusServer(folder, {"worker": [f"127.0.0.1:{worker.port}"]}) as server:
            source = Source(stream)
            for since_ms, until_ms in ((0, _CRISIS_MS), (_CRISIS_MS, _NOW_MS)):
                _send(source, [t for t in tweets if since_ms <= t.created_ms < until_ms])
                stream.await_done()
                await_that(partial(_has_seen, server, until_ms), "what the worker did")
            yield server
    finally:
        stream.close()


def _send(source: Source, tweets: list[Tweet]) -> None:
    """Send tweets as if they were written now, then one too late and one that is none."""
    for tweet in tweets:
        source.send(replace(tweet, replay=False))
    source.tweet(START_MS - HOUR_MS)
    source.raw(b"no tweet")
    source.flush()


def _has_seen(server: PrometheusServer, until_ms: int) -> bool:
    """Whether the last heartbeat before an event time was scraped."""
    newest = server.query("max(badbuzz_source_heartbeat_time_seconds) * 1000")
    return bool(newest) and float(newest[0]["value"][1]) >= until_ms - 60_000
