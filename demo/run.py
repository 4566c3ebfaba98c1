"""The run of the demo: a broker, a worker and a replay, until the last window has closed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import Final

from badbuzz.config.settings import Settings
from badbuzz.detection.alert_evaluation import Truth
from badbuzz.errors import BadbuzzError
from badbuzz.messages.translator import Language
from badbuzz.model import Alert, Window
from badbuzz.recordings.truth import read_truth
from demo.board import WorkerStats
from demo.broker import EmbeddedBroker
from demo.processes import Processes, command, free_port
from demo.services import Address, Services
from demo.watch import OutputReader, WorkerClient

_DRAIN_S: Final = 60.0
_STATS_S: Final = 1.0
_IDLE_S: Final = 0.2


@dataclass(frozen=True)
class Plan:
    """The options of a demo run.

    Parameters
    ----------
    files
        Paths of a recording; empty to simulate one.
    days, seed
        Length in days and random seed of the simulation.
    warmup_h
        Hours with tweets before alerts count. A simulation's are replayed at full speed.
    speed
        Event time per real time; None for full speed.
    serve
        Whether to run the recorder and the API too, until the demo is interrupted.
    ui
        Whether to run the front and the monitoring too; requires ``serve``.
    language
        Language of the front.
    """

    files: tuple[str, ...]
    days: int
    seed: int
    warmup_h: int
    speed: float | None
    serve: bool = False
    ui: bool = False
    language: Language = "en"


@dataclass(frozen=True)
class ServicesReady:
    """The event that all services are ready and the replay begins."""

    addresses: Sequence[Address]
    missing: str


@dataclass(frozen=True)
class ReplayEnded:
    """The event that the worker has processed the replay.

    ``addresses`` and ``curls`` are those of the services that continue; empty without services.
    """

    addresses: Sequence[Address] = ()
    curls: Sequence[str] = ()


WorkerOutput = Window | Alert | WorkerStats


def run_demo(
    plan: Plan, folder: Path, report: Callable[[str], None], stopping: Callable[[], bool]
) -> Iterator[WorkerOutput | Truth | ServicesReady | ReplayEnded]:
    """Run the product on a plan.

    Parameters
    ----------
    plan
        Options of the run.
    folder
        Folder of the recording and the logs.
    report
        Callback that receives a message about each step of the start.
    stopping
        Callback that returns True to end early.

    Yields
    ------
    Truth
        First, if the recording is simulated.
    ServicesReady
        Before the replay, if the plan has services.
    Window or Alert or WorkerStats
        Outputs of the worker as it publishes them; its statistics about once a second.
    ReplayEnded
        After the replay. With services, the iterator then waits until it is to end.
    """
    with EmbeddedBroker() as broker:
        settings = Settings(kafka_bootstrap_servers=broker.bootstrap_servers, web_port=free_port())
        with Processes(folder, _environ(settings, plan), stopping) as processes:
            worker_process = processes.start("worker", command("process"))
            services = None
            if plan.serve:
                services = Services(folder, settings, plan.language, ui=plan.ui)
                services.start(processes)
            files = plan.files or _simulate(plan, folder, processes, report)
            report("starting the worker")
            worker = WorkerClient(settings.web_port)
            processes.wait_until(worker.ready, "the worker is not ready")
            if services is not None:
                report("starting the services")
                services.start_api(processes)
            if stopping():
                return
            if not plan.files:
                yield read_truth(folder / "truth.json")
            if services is not None:
                yield ServicesReady(services.addresses, services.missing)
            replay = processes.start("replay", command("replay", *files, *_pace(plan)))
            with closing(OutputReader(settings)) as reader:
                yield from _follow(replay, worker, reader, processes)
            if worker_process.poll() is not None:
                raise BadbuzzError(f"the worker ended early (log: {folder / 'worker.log'})")
            if not stopping():
                yield (
                    ReplayEnded(services.addresses, services.curls()) if services else ReplayEnded()
                )
            while services is not None and not stopping():
                processes.check()
                time.sleep(_IDLE_S)


def _environ(settings: Settings, plan: Plan) -> dict[str, str]:
    return {
        "BADBUZZ_KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
        "BADBUZZ_WEB_PORT": str(settings.web_port),
        "BADBUZZ_WARMUP_H": str(plan.warmup_h),
        "BADBUZZ_LOG_LEVEL": "WARNING",
    }


def _pace(plan: Plan) -> list[str]:
    pace = ["--speed", "max" if plan.speed is None else f"{plan.speed:g}", "--quiet"]
    pace.append("--allow-future")
    return pace if plan.files else [*pace, "--fast-until", f"{plan.warmup_h}h"]


def _simulate(
    plan: Plan, folder: Path, processes: Processes, report: Callable[[str], None]
) -> tuple[str]:
    """Simulate tweets and their ground truth, and return the path of the recording."""
    report(f"writing {plan.days} days of tweets")
    recording = folder / "simulated.jsonl"
    arguments = command(
        "simulate", "--days", str(plan.days), "--seed", str(plan.seed),
        "-o", str(recording), "--truth", str(folder / "truth.json"),
    )  # fmt: skip
    simulator = processes.start("simulate", arguments)
    processes.wait_until(lambda: simulator.poll() is not None, "the simulation has not ended")
    return (str(recording),)


def _follow(
    replay: Popen[bytes], worker: WorkerClient, reader: OutputReader, processes: Processes
) -> Iterator[WorkerOutput]:
    """Yield outputs until the replay has ended and the worker has been idle for two seconds."""
    stats_due_s, quiet_since_s, n_before = 0.0, None, -1
    progress_s: float | None = None
    while not processes.stopping():
        outputs = list(reader.read(timeout_s=0.1))
        yield from sorted(outputs, key=_event_time)
        processes.check()
        now_s = time.monotonic()
        if now_s < stats_due_s:
            continue
        stats_due_s = now_s + _STATS_S
        yield worker.stats()
        if replay.poll() is None:
            continue
        n_committed = worker.n_committed()
        if progress_s is None or n_committed >= 0 or outputs:
            progress_s = now_s
        elif now_s - progress_s > _DRAIN_S:
            raise BadbuzzError(f"the worker has made no progress for {_DRAIN_S:.0f} s")
        if outputs or n_committed != n_before or n_committed < 0:
            n_before, quiet_since_s = n_committed, now_s
        elif quiet_since_s is not None and now_s - quiet_since_s >= 2 * _STATS_S:
            return


def _event_time(output: Window | Alert) -> tuple[int, bool]:
    if isinstance(output, Alert):
        return output.window_end_ms, True
    return output.end_ms, False
