"""A deployment that is disturbed at moments chosen by a seed, and its outputs.

The outputs are compared byte by byte with those of an undisturbed run. Records that a disturbance
plants are marked; they are left out of the comparison and checked by themselves.
"""

from __future__ import annotations

import random
import re
import signal
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from badbuzz import wire
from badbuzz.errors import KafkaError, StateError
from badbuzz.store.database import Store
from tests.e2e.records import await_recorded, rows
from tests.e2e.scenario import ENVIRON
from tests.support.kafka_cluster import KafkaCluster
from tests.support.stream import (
    CommandProcess,
    Deployment,
    Record,
    WorkerProcess,
    await_that,
    difference,
)

MODULE: Final = ("-m", "badbuzz")
PRODUCERS: Final = {"numbered": "badbuzz", "unnumbered": "tests.e2e.unnumbered"}
"""Module that sends the recording; without numbers, repeats are recognised by their ids alone."""

PACE: Final = ("--speed", "8000", "--beside-live")
"""Replays 38 hours in 17 seconds, so that the disturbances of a round are spread out."""

RARE_CHECKPOINTS: Final = {**ENVIRON, "BADBUZZ_CHECKPOINT_MS": "1000"}
"""Settings by which much is not committed yet when a disturbance happens."""

MARK: Final = "Planted"
"""Part of every record that a disturbance plants."""
OUTPUTS: Final = (wire.SCORED_TWEETS, wire.WINDOWS, wire.ALERTS, wire.DEAD_LETTERS)
Outputs = dict[str, list[Record]]
"""Keys and values by topic, in the order of each partition."""

_SEQ: Final = re.compile(rb'"seq":-?\d+,')
_LIMIT_S: Final = 240


class StateRefusedError(Exception):
    """A worker refused to start, because its state is not what was committed."""


class SupervisedDeployment:
    """Two workers and a recorder that are restarted when they end, and a replay that is resumed.

    Attributes
    ----------
    n_refused
        Number of planted records that must become dead letters.
    """

    def __init__(
        self,
        stream: Deployment,
        cluster: KafkaCluster,
        recording: Path,
        command: tuple[str, ...] = MODULE,
        producer: str = "numbered",
    ) -> None:
        self.stream = stream
        self.cluster = cluster
        self.n_refused = 0
        self._module = PRODUCERS[producer]
        self._recording = recording
        self._command = command
        self._progress = recording.parent / f"{stream.settings.topic_prefix}progress"
        self._store = f"sqlite:///{self._progress.with_suffix('.db')}"
        self.workers: list[WorkerProcess] = []
        self.recorder: WorkerProcess | None = None
        self.replay: CommandProcess | None = None

    def start(self) -> None:
        self.stream.create_topics()
        self.workers = [self.stream.worker(self._command) for _ in range(2)]
        self.recorder = self.stream.recorder(self._store)
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
        if self.recorder is not None and not self.recorder.running:
            self.recorder = self.stream.recorder(self._store)
        if self.replay is not None and (code := self.replay.popen.poll()):
            assert code in (KafkaError.exit_code, -signal.SIGKILL), self.replay.log_text()
            self.replay = self.stream.command(
                "replay", "--quiet", "--resume", str(self._progress), *PACE, module=self._module
            )

    def await_that(self, condition: Callable[[], bool], what: str) -> None:
        def supervised() -> bool:
            self.supervise()
            return condition()

        await_that(supervised, what, limit_s=_LIMIT_S)

    def await_sent(self, share: float) -> None:
        """Wait until a share of the recording is in the topic."""
        with self._recording.open("rb") as lines:
            n_tweets = sum(1 for _ in lines)
        self.await_that(lambda: sum(self.stream.ends().values()) >= share * n_tweets, "the replay")

    def finish(self) -> Outputs:
        """Wait until everything is processed and recorded, and return the outputs."""
        self.await_that(
            lambda: self.replay is not None and self.replay.popen.poll() == 0,
            "the end of the replay",
        )
        self.await_that(
            lambda: self.stream.positions() == self.stream.ends(), "the end of the stream"
        )
        return {name: self.stream.committed(name) for name in OUTPUTS}

    def difference_in_store(self) -> str:
        """Wait until the recorder is done, and compare its rows with the topics."""
        self.supervise()
        await_recorded(self.stream, self._store)
        with Store.open(self._store) as store:
            recorded = rows(store)
        return difference(recorded, self.stream.outputs(*recorded))


Disturbance = Callable[[SupervisedDeployment, random.Random], None]


def undisturbed_outputs(cluster: KafkaCluster, recording: Path, folder: Path) -> Outputs:
    """Run a deployment without a disturbance, and return its outputs."""
    with closing(_new_deployment(cluster, "undisturbed.", folder)) as stream:
        deployment = SupervisedDeployment(stream, cluster, recording)
        deployment.start()
        return deployment.finish()


def _new_deployment(cluster: KafkaCluster, prefix: str, folder: Path) -> Deployment:
    environ = {**RARE_CHECKPOINTS, "BADBUZZ_REPLICATION": str(len(cluster.servers))}
    return Deployment(cluster.bootstrap_servers, prefix, folder, environ)


def run_campaign(
    cluster: KafkaCluster,
    recording: Path,
    folder: Path,
    seed: int,
    disturbances: Sequence[Disturbance],
    ending: Disturbance | None = None,
    *,
    command: tuple[str, ...] = MODULE,
    producer: str = "numbered",
    expected: Outputs,
) -> str:
    """Disturb a deployment at random moments, and describe the first wrong output.

    Parameters
    ----------
    cluster
        Brokers of the deployment.
    recording
        Tweets that are replayed.
    folder
        Folder for logs.
    seed
        Seed of the moments, the order and the choices of the disturbances.
    disturbances
        Disturbances of the replay.
    ending
        Disturbance of the workers when everything is processed.
    command
        Command of the workers.
    producer
        A key of :data:`PRODUCERS`.
    expected
        Outputs of an undisturbed run.

    Returns
    -------
    str
        Description of a difference; empty if there is none.

    Raises
    ------
    StateRefusedError
        If a worker refuses the state that another committed.
    AssertionError
        If the outputs are not complete after some minutes.
    """
    rng = random.Random(seed)
    prefix = f"{command[-1]}-{producer}-{len(cluster.servers)}-{seed}."
    with closing(_new_deployment(cluster, prefix, folder)) as stream:
        deployment = SupervisedDeployment(stream, cluster, recording, command, producer)
        deployment.start()
        moments = sorted(rng.uniform(0.1, 0.9) for _ in disturbances)
        order = rng.sample(disturbances, len(disturbances))
        for moment, disturb in zip(moments, order, strict=True):
            deployment.await_sent(moment)
            disturb(deployment, rng)
        outputs = deployment.finish()
        found = _difference(outputs, expected, deployment.n_refused)
        found = found or deployment.difference_in_store()
        if ending is not None and not found:
            ending(deployment, rng)
        return found or _first_traceback(folder)


def _difference(outputs: Outputs, expected: Outputs, n_refused: int) -> str:
    planted = [value for _, value in outputs[wire.DEAD_LETTERS] if MARK.encode() in value]
    if len(planted) != n_refused:
        return f"{len(planted)} planted records are dead letters, not {n_refused}"
    return difference(_compared(outputs), _compared(expected))


def _compared(outputs: Outputs) -> Outputs:
    """Return outputs without planted records and the sequence numbers of tweets."""
    mark = MARK.encode()
    return {
        name: [
            (key, _SEQ.sub(b"", value))
            for key, value in records
            if mark not in value and mark not in (key or b"")
        ]
        for name, records in outputs.items()
    }


def _first_traceback(folder: Path) -> str:
    """Name the first log with a traceback: every end has one line and an exit code."""
    for log in sorted(folder.glob("*.log")):
        text = log.read_text(encoding="utf-8", errors="replace")
        if "Traceback" in text:
            return f"{log.name} has a traceback: {text[text.index('Traceback') :][-600:]}"
    return ""
