"""A deployment during a crisis and a Prometheus that scrapes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from badbuzz.detection.heartbeats import with_heartbeats
from badbuzz.model import Tweet
from badbuzz.recordings.reader import read_recording
from tests.e2e.scenario import HOUR_MS, START_MS, write_scenario
from tests.support.http_server import EMPTY, HttpServer
from tests.support.prometheus import PrometheusServer
from tests.support.served import Served
from tests.support.servers import PostgresServer
from tests.support.source import RecordProducer
from tests.support.stream import Deployment, WorkerProcess, await_that

_CRISIS_MS = START_MS + 34 * HOUR_MS
_NOW_MS = _CRISIS_MS + HOUR_MS * 2 // 3


@dataclass(frozen=True)
class Watched:
    """Prometheus and the store of a deployment during a live crisis of Air Paradis."""

    prometheus: PrometheusServer
    store_url: str


@pytest.fixture(scope="module")
def watched(
    embedded_kafka: str,
    postgres_server: PostgresServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Watched]:
    """Worker, recorder, notifier and API during a crisis, all of them scraped."""
    PrometheusServer.require()
    folder = tmp_path_factory.mktemp("watched")
    store_url = postgres_server.new_schema()
    stream = Deployment(embedded_kafka, "watched.", folder, {"BADBUZZ_WARMUP_H": "24"})
    stream.create_topics()
    with Served(folder, store_url) as api, HttpServer(usual=EMPTY) as alertmanager:
        processes = {
            "worker": stream.worker(),
            "recorder": stream.recorder(store_url),
            "notifier": stream.notifier({"BADBUZZ_ALERTMANAGER_URL": alertmanager.url}),
        }
        try:
            for process in processes.values():
                process.await_ready()
            with PrometheusServer(folder, _targets(processes, api)) as server:
                _replay_crisis(stream, server, folder)
                with api.client() as client:
                    _handle_alert(client)
                yield Watched(server, store_url)
        finally:
            stream.close()


@pytest.fixture(scope="module")
def prometheus(watched: Watched) -> PrometheusServer:
    """The Prometheus that scrapes the deployment."""
    return watched.prometheus


def _targets(processes: dict[str, WorkerProcess], api: Served) -> dict[str, list[str]]:
    targets = {job: [f"127.0.0.1:{process.port}"] for job, process in processes.items()}
    return {**targets, "api": [urlsplit(api.url).netloc]}


def _replay_crisis(stream: Deployment, server: PrometheusServer, folder: Path) -> None:
    """Send a day and a half in two parts, so that counters are scraped before and after."""
    recording = write_scenario(folder, brands=2, tweets_per_day=2000)
    tweets = list(with_heartbeats(read_recording([str(recording)], source="live")))
    source = RecordProducer(stream)
    for since_ms, until_ms in ((0, _CRISIS_MS), (_CRISIS_MS, _NOW_MS)):
        _send(source, [t for t in tweets if since_ms <= t.created_ms < until_ms])
        stream.await_done()
        await_that(partial(_has_scraped, server, until_ms), "the worker's heartbeat")


def _handle_alert(client: httpx.Client) -> None:
    """Acknowledge the alert, rule on it and correct a label."""
    await_that(lambda: bool(client.get("/alerts").json()["items"]), "the recorded alert")
    alert = client.get("/alerts").json()["items"][0]["alert"]["id"]
    assert client.post(f"/alerts/{alert}/ack").status_code == 200
    assert client.post(f"/alerts/{alert}/ruling", json={"verdict": "real"}).status_code == 200
    correction = {
        "text": "Great, another delay",
        "lang": "en",
        "brand": "Air Paradis",
        "right": True,
    }
    label = {"predicted": False, "score": 0.31, "bundle": "airline-en@0123abcd"}
    assert client.post("/feedback", json={**correction, **label}).status_code == 202


def _send(source: RecordProducer, tweets: list[Tweet]) -> None:
    """Send tweets as live ones, then a late one and an invalid record."""
    for tweet in tweets:
        source.send(replace(tweet, replay=False))
    source.tweet(START_MS - HOUR_MS)
    source.raw(b"no tweet")
    source.flush()


def _has_scraped(server: PrometheusServer, until_ms: int) -> bool:
    """Tell whether the last heartbeat before an event time was scraped."""
    newest = server.query("max(badbuzz_source_heartbeat_time_seconds) * 1000")
    return bool(newest) and float(newest[0]["value"][1]) >= until_ms - 60_000
