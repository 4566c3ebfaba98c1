"""Tests that outputs of a disturbed run are byte-identical to those of an undisturbed one.

Each round runs with a producer that numbers its tweets and with one that does not.
``CHAOS_ROUNDS`` is the number of rounds, 3 by default; ``make chaos`` runs 20. A round kills a
worker, kills the replay, suspends a worker beyond the session timeout, kills the broker and stops a
worker in order, at moments chosen by its seed.
"""

from __future__ import annotations

import os
import random
import re
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
PRODUCERS = {"numbered": "badbuzz", "unnumbered": "tests.e2e.unnumbered"}
"""Module that sends the recording; without numbers, repeats are recognised by their ids alone."""

N_UNFENCED_ROUNDS = 8
PACE = ("--speed", "8000")
"""Replays 38 hours in 17 seconds, so that the disturbances of a round are spread out."""

RARE_CHECKPOINTS = {**ENVIRON, "BADBUZZ_CHECKPOINT_MS": "1000"}
"""Settings by which much is not committed yet when a disturbance happens."""

_SEQ = re.compile(rb'"seq":-?\d+,')
OUTPUTS = (wire.SCORED_TWEETS, wire.WINDOWS, wire.ALERTS, wire.DEAD_LETTERS)
Outputs = dict[str, list[Record]]
"""Keys and values by topic, in the order of each partition."""


class StateRefusedError(Exception):
    """A worker refused to start, because its state is not what was committed."""


class SupervisedDeployment:
    """Two workers that are restarted when they end, and a replay that is resumed."""

    def __init__(
        self,
        stream: Deployment,
        recording: Path,
        command: tuple[str, ...],
        producer: str = "numbered",
    ) -> None:
        self.stream = stream
        self._module = PRODUCERS[producer]
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
            "--source", "replay:chaos", *PACE, module=self._module,
        )  # fmt: skip

    def supervise(self) -> None:
        """Restart the processes that ended too early."""
        for i, worker in enumerate(self.workers):
            if not worker.running:
                if worker.popen.returncode == StateError.exit_code:
                    raise StateRefusedError(worker.log_text().splitlines()[-1])
                self.workers[i] = self.stream.worker(self._command)
        if self.replay is not None and self.replay.popen.poll():
            self.replay = self.stream.command(
                "replay", "--quiet", "--resume", str(self._progress), *PACE, module=self._module
            )

    def await_that(self, condition: Callable[[], bool], what: str) -> None:
        def supervised() -> bool:
            self.supervise()
            return condition()

        await_that(supervised, what, limit_s=240)

    def await_sent(self, share: float) -> None:
        """Wait until a share of the recording is in the topic."""
        with self._recording.open("rb") as lines:
            n_tweets = sum(1 for _ in lines)
        self.await_that(lambda: sum(self.stream.ends().values()) >= share * n_tweets, "the replay")

    def finish(self) -> Outputs:
        self.await_that(
            lambda: self.replay is not None and self.replay.popen.poll() == 0,
            "the end of the replay",
        )
        self.await_that(
            lambda: self.stream.positions() == self.stream.ends(), "the end of the stream"
        )
        return {name: self.stream.committed(name) for name in OUTPUTS}


def kill_worker(deployment: SupervisedDeployment, _: KafkaServer, rng: random.Random) -> None:
    rng.choice(deployment.workers).kill()


def stop_worker(deployment: SupervisedDeployment, _: KafkaServer, rng: random.Random) -> None:
    worker = rng.choice(deployment.workers)
    worker.signal(signal.SIGTERM)
    worker.finish()


def suspend_worker(deployment: SupervisedDeployment, _: KafkaServer, rng: random.Random) -> None:
    suspended, other = rng.sample(deployment.workers, 2)
    suspended.signal(signal.SIGSTOP)
    everything = list(range(deployment.stream.settings.partitions))
    owned = f'"partitions":{everything}'.replace(" ", "").encode()
    await_that(
        lambda: not other.running or owned in (other.get("/readyz") or b"").replace(b" ", b""),
        "all partitions at the other worker",
    )
    suspended.signal(signal.SIGCONT)
    await_that(
        lambda: not suspended.running or suspended.get("/healthz") is not None,
        "an answer of the suspended worker",
    )


def kill_replay(deployment: SupervisedDeployment, _: KafkaServer, __: random.Random) -> None:
    if deployment.replay is not None and deployment.replay.running:
        deployment.replay.kill()


def kill_broker(_: SupervisedDeployment, server: KafkaServer, __: random.Random) -> None:
    server.kill()
    server.start()


Disturbance = Callable[[SupervisedDeployment, KafkaServer, random.Random], None]
DISTURBANCES: tuple[Disturbance, ...] = (
    kill_worker, suspend_worker, kill_replay, stop_worker, kill_broker,
)  # fmt: skip
SUSPENSIONS: tuple[Disturbance, ...] = (suspend_worker, suspend_worker)
"""Only a suspended worker can write after its successor: without fencing it does."""


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
    stream = Deployment(server.bootstrap_servers, "undisturbed.", folder, RARE_CHECKPOINTS)
    try:
        deployment = SupervisedDeployment(stream, recording, MODULE)
        deployment.start()
        return deployment.finish()
    finally:
        stream.close()


def campaign(
    server: KafkaServer,
    recording: Path,
    folder: Path,
    seed: int,
    command: tuple[str, ...],
    disturbances: tuple[Disturbance, ...] = DISTURBANCES,
    producer: str = "numbered",
) -> Outputs:
    """Run a deployment with every disturbance, in random order, and return its outputs."""
    rng = random.Random(seed)
    prefix = f"{command[-1]}-{producer}-{seed}."
    stream = Deployment(server.bootstrap_servers, prefix, folder, RARE_CHECKPOINTS)
    try:
        deployment = SupervisedDeployment(stream, recording, command, producer)
        deployment.start()
        moments = sorted(rng.uniform(0.1, 0.9) for _ in disturbances)
        order = rng.sample(disturbances, len(disturbances))
        for moment, disturb in zip(moments, order, strict=True):
            deployment.await_sent(moment)
            disturb(deployment, server, rng)
        return deployment.finish()
    finally:
        stream.close()


def without_numbers(outputs: Outputs) -> Outputs:
    """Return outputs without the sequence numbers of tweets."""
    return {
        name: [(key, _SEQ.sub(b"", value)) for key, value in records]
        for name, records in outputs.items()
    }


@pytest.mark.parametrize("producer", PRODUCERS)
@pytest.mark.parametrize("seed", range(N_ROUNDS))
def test_a_disturbed_run_equals_the_undisturbed_one(
    seed: int,
    producer: str,
    server: KafkaServer,
    recording: Path,
    undisturbed: Outputs,
    tmp_path: Path,
) -> None:
    outputs = campaign(server, recording, tmp_path, seed, MODULE, producer=producer)
    assert difference(without_numbers(outputs), without_numbers(undisturbed)) == ""


@pytest.mark.parametrize("without", ["plain", "own-id"])
def test_without_fencing_the_disturbed_run_differs(
    without: str,
    server: KafkaServer,
    recording: Path,
    undisturbed: Outputs,
    tmp_path: Path,
) -> None:
    def fails(seed: int) -> bool:
        try:
            command = (*UNFENCED, without)
            folder = tmp_path / str(seed)
            outputs = campaign(server, recording, folder, seed, command, SUSPENSIONS)
        except StateRefusedError:
            return True
        return difference(outputs, undisturbed) != ""

    assert any(fails(seed) for seed in range(N_UNFENCED_ROUNDS))
