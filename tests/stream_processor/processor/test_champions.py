"""Tests of the hot swap on Apache Kafka and a real registry."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import orjson
import pytest

from badbuzz import wire
from badbuzz.models.registry import Registry
from badbuzz.models.scorer import Scorer
from tests.support.events import START_MS
from tests.support.mlflow_server import MlflowServer
from tests.support.registered import crown, put, put_broken, variant
from tests.support.servers import new_prefix
from tests.support.source import RecordProducer, metric
from tests.support.stream import Deployment, WorkerProcess, await_that

pytestmark = [pytest.mark.kafka, pytest.mark.services, pytest.mark.slow]

STEP_MS = 1000
N_MORE = 100


@pytest.fixture
def deployment(
    real_kafka: str, registry: Registry, mlflow_server: MlflowServer, tmp_path: Path
) -> Iterator[Deployment]:
    """Return a deployment that checks the registry every second."""
    environ = {"BADBUZZ_MLFLOW_URI": mlflow_server.uri, "BADBUZZ_REGISTRY_POLL_S": "1"}
    stream = Deployment(real_kafka, new_prefix(), tmp_path / "stream", environ)
    stream.create_topics()
    yield stream
    stream.close()


def serves(worker: WorkerProcess, version: str) -> bool:
    page = worker.get("/metrics") or b""
    return f'badbuzz_bundle_info{{bundle="{version}",language="en"}} 1.0'.encode() in page


class SteadyProducer:
    """A producer of one tweet per second of event time."""

    def __init__(self, stream: Deployment) -> None:
        self._producer = RecordProducer(stream)
        self.n_sent = 0

    def send(self, n: int) -> None:
        for _ in range(n):
            self._producer.tweet(START_MS + self.n_sent * STEP_MS)
            self.n_sent += 1

    def until_served(self, worker: WorkerProcess, version: str) -> None:
        """Send tweets until the worker serves a bundle, then ``N_MORE``."""

        def served() -> bool:
            self.send(1)
            return serves(worker, version)

        await_that(served, f"{version} in service")
        self.send(N_MORE)

    def end(self) -> None:
        """Send a heartbeat that closes all windows."""
        self._producer.beat(START_MS + self.n_sent * STEP_MS + 600_000)


def test_a_swap_during_a_replay_scores_every_tweet_once(
    deployment: Deployment, registry: Registry, tmp_path: Path
) -> None:
    versions = [put(registry, variant(tmp_path / name)) for name in ("one", "two")]
    crown(registry, versions[0])
    worker = deployment.worker()
    worker.await_ready()
    await_that(lambda: serves(worker, versions[0].bundle), "the champion in service")
    tweets = SteadyProducer(deployment)
    order = [versions[0], versions[1], versions[0]]  # a promotion, and its rollback
    for version in order:
        crown(registry, version)
        tweets.until_served(worker, version.bundle)
    tweets.end()
    deployment.await_done()

    scored = [orjson.loads(value) for _, value in deployment.committed(wire.SCORED_TWEETS)]
    assert [row["id"] for row in scored] == [str(1 + i) for i in range(tweets.n_sent)]
    windows = [orjson.loads(value) for _, value in deployment.committed(wire.WINDOWS)]
    assert sum(window["n"] for window in windows) == tweets.n_sent
    served = [row["bundle"] for row in scored]
    changes = [served[0], *(after for before, after in pairwise(served) if before != after)]
    assert changes == [version.bundle for version in order]
    assert metric(worker, "badbuzz_bundle_swaps_total", language="en") == len(order)


def test_a_broken_champion_does_not_serve(
    deployment: Deployment, registry: Registry, tmp_path: Path
) -> None:
    good = put(registry, variant(tmp_path / "good"))
    crown(registry, good)
    worker = deployment.worker()
    await_that(lambda: serves(worker, good.bundle), "the champion in service")
    crown(registry, put_broken(registry, tmp_path / "broken"))

    def noticed() -> bool:
        page = worker.get("/metrics") or b""
        return b'registry_failures_total{kind="broken",language="en"}' in page

    await_that(noticed, "a failure")
    assert serves(worker, good.bundle)
    assert f"{good.bundle} stays in use" in worker.log_text()


def test_an_unresponsive_registry_blocks_neither_work_nor_shutdown(
    real_kafka: str, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}"
        stream = Deployment(real_kafka, new_prefix(), tmp_path, {"BADBUZZ_MLFLOW_URI": uri})
        try:
            stream.create_topics()
            worker = stream.worker()
            worker.await_ready()
            RecordProducer(stream).tweet(START_MS)
            stream.await_done()
            worker.signal(signal.SIGTERM)
            assert worker.finish() == 0, worker.log_text()
        finally:
            stream.close()


def test_a_worker_without_its_registry_serves_the_shipped_bundles(
    real_kafka: str, tmp_path: Path
) -> None:
    environ = {"BADBUZZ_MLFLOW_URI": "http://127.0.0.1:9", "BADBUZZ_REGISTRY_POLL_S": "1"}
    stream = Deployment(real_kafka, new_prefix(), tmp_path / "stream", environ)
    try:
        stream.create_topics()
        worker = stream.worker()
        worker.await_ready()
        RecordProducer(stream).tweet(START_MS)
        stream.await_done()
        shipped = Scorer.load("airline-en").version
        assert serves(worker, shipped)
        failures = "badbuzz_registry_failures_total"
        assert metric(worker, failures, kind="unreachable", language="en") >= 1
    finally:
        stream.close()
