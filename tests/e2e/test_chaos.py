"""Whatever is killed or put to sleep, the outputs are those of the undisturbed run, to the byte.

``CHAOS_ROUNDS`` rounds (3; ``make chaos`` runs 20). A round kills a worker, kills the replay, puts
a worker to sleep past the session timeout and wakes it, kills the broker, and stops a worker
politely, at moments that its seed chooses.
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from badbuzz import wire
from badbuzz.errors import StateError
from tests.e2e.scenario import ENVIRON, write_scenario
from tests.support.servers import KafkaServer
from tests.support.stream import (
    CommandProcess,
    Deployment,
    Record,
    WorkerProcess,
    await_that,
    difference,
)

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.services, pytest.mark.timeout(1800)]

N_ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "3"))
MODULE = ("-m", "badbuzz")
UNFENCED = ("-m", "tests.e2e.unfenced")
N_UNFENCED_ROUNDS = 8
PACE = ("--speed", "8000")
"""Thirty-eight hours in a quarter of a minute: the moments of a round lie apart."""

SELDOM = {**ENVIRON, "BADBUZZ_CHECKPOINT_MS": "1000"}
"""So that whatever is disturbed has much that is not yet written."""

OUTPUTS = (wire.SCORED_TWEETS, wire.WINDOWS, wire.ALERTS, wire.DEAD_LETTERS)
Outputs = dict[str, list[Record]]
"""Keys and values by topic, in the order of each partition."""


class StateRefusedError(Exception):
    """A worker that will not go on, as the state it found is not what was written."""


class SupervisedDeployment:
    """Two workers that a supervisor starts again, and a replay that resumes."""

    def __init__(self, stream: Deployment, recording: Path, command: tuple[str, ...]) -> None:
        self.stream = stream
        self._recording = recording
        self._command = command
        self._progress = recording.parent / f"{stream.settings.topic_prefix}progress"
        self.workers: list[WorkerProcess] = []
        self.replay: CommandProcess | None = None

    def start(self) -> None:
        self.stream.create_topics()
        self.workers = [self.stream.worker(self._command) for _ in range(2)]
        for worker in self.workers:
            worker.await_ready()
        self.replay = self.stream.command(
            "replay", str(self._recording), "--quiet", "--progress", str(self._progress),
            "--source", "replay:chaos", *PACE,
        )  # fmt: skip

    def supervise(self) -> None:
        """Start again whatever has ended too early."""
        for i, worker in enumerate(self.workers):
            if not worker.running:
                if worker.popen.returncode == StateError.exit_code:
                    raise StateRefusedError(worker.log_text().splitlines()[-1])
                self.workers[i] = self.stream.worker(self._command)
        if self.replay is not None and self.replay.popen.poll():
            self.replay = self.stream.command(
                "replay", "--quiet", "--resume", str(self._progress), *PACE
            )

    def await_that(self, condition: Callable[[], bool], what: str) -> None:
        def supervised() -> bool:
            self.supervise()
            return condition()

        await_that(supervised, what, limit_s=240)

    def sent(self, share: float) -> None:
        """Wait until so much of the recording is in the topic."""
        with self._recording.open("rb") as lines:
            n_tweets = sum(1 for _ in lines)
        self.await_that(lambda: sum(self.stream.ends().values()) >= share * n_tweets, "the replay")

    def finish(self) -> Outputs:
        self.await_that(
            lambda: self.replay is not None and self.replay.popen.poll() == 0, "the replay's end"
        )
        self.await_that(lambda: self.stream.positions() == self.stream.ends(), "the stream's end")
        return {name: self.stream.committed(name) for name in OUTPUTS}


def kill_worker(deployment: SupervisedDeployment, _: KafkaServer, rng: random.Random) -> None:
    rng.choice(deployment.workers).kill()


def stop_worker(deployment: SupervisedDeployment, _: KafkaServer, rng: random.Random) -> None:
    worker = rng.choice(deployment.workers)
    worker.signal(signal.SIGTERM)
    worker.finish()


def put_worker_to_sleep(
    deployment: SupervisedDeployment, _: KafkaServer, rng: random.Random
) -> None:
    sleeper, other = rng.sample(deployment.workers, 2)
    sleeper.signal(signal.SIGSTOP)
    everything = list(range(deployment.stream.settings.partitions))
    owned = f'"partitions":{everything}'.replace(" ", "").encode()
    await_that(
        lambda: not other.running or owned in (other.get("/readyz") or b"").replace(b" ", b""),
        "the other worker's ownership",
    )
    sleeper.signal(signal.SIGCONT)
    await_that(
        lambda: not sleeper.running or sleeper.get("/healthz") is not None, "the sleeper's waking"
    )


def kill_replay(deployment: SupervisedDeployment, _: KafkaServer, __: random.Random) -> None:
    if deployment.replay is not None and deployment.replay.running:
        deployment.replay.kill()


def kill_broker(_: SupervisedDeployment, server: KafkaServer, __: random.Random) -> None:
    server.kill()
    server.start()


DISTURBANCES = (kill_worker, put_worker_to_sleep, kill_replay, stop_worker, kill_broker)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    KafkaServer.require()
    server = KafkaServer(tmp_path_factory.mktemp("chaos-kafka"))
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_scenario(tmp_path_factory.mktemp("chaos"), brands=12, tweets_per_day=6000)


@pytest.fixture(scope="module")
def undisturbed(
    server: KafkaServer, recording: Path, tmp_path_factory: pytest.TempPathFactory
) -> Outputs:
    folder = tmp_path_factory.mktemp("undisturbed")
    stream = Deployment(server.bootstrap_servers, "undisturbed.", folder, SELDOM)
    try:
        deployment = SupervisedDeployment(stream, recording, MODULE)
        deployment.start()
        return deployment.finish()
    finally:
        stream.close()


def campaign(
    server: KafkaServer, recording: Path, folder: Path, seed: int, command: tuple[str, ...]
) -> Outputs:
    """One disturbed run."""
    rng = random.Random(seed)
    prefix = f"{command[-1]}-{seed}."
    stream = Deployment(server.bootstrap_servers, prefix, folder, SELDOM)
    try:
        deployment = SupervisedDeployment(stream, recording, command)
        deployment.start()
        moments = sorted(rng.uniform(0.1, 0.9) for _ in DISTURBANCES)
        for moment, disturb in zip(moments, rng.sample(DISTURBANCES, 5), strict=True):
            deployment.sent(moment)
            disturb(deployment, server, rng)
        return deployment.finish()
    finally:
        stream.close()


@pytest.mark.parametrize("seed", range(N_ROUNDS))
def test_a_disturbed_run_is_the_undisturbed_one(
    seed: int,
    server: KafkaServer,
    recording: Path,
    undisturbed: Outputs,
    tmp_path: Path,
) -> None:
    outputs = campaign(server, recording, tmp_path, seed, MODULE)
    assert difference(outputs, undisturbed) == ""


@pytest.mark.parametrize("without", ["plain", "own-id"])
def test_without_the_fence_the_campaign_fails(
    without: str,
    server: KafkaServer,
    recording: Path,
    undisturbed: Outputs,
    tmp_path: Path,
) -> None:
    def fails(seed: int) -> bool:
        try:
            command = (*UNFENCED, without)
            outputs = campaign(server, recording, tmp_path / str(seed), seed, command)
        except StateRefusedError:
            return True
        return difference(outputs, undisturbed) != ""

    assert any(fails(seed) for seed in range(N_UNFENCED_ROUNDS))
