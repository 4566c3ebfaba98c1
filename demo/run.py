"""The demo: a broker, a worker and a replay, watched until the last window has closed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import Final

from badbuzz.config.settings import Settings
from badbuzz.detection.evaluation import Truth
from badbuzz.errors import BadbuzzError
from badbuzz.messages.translator import Language
from badbuzz.model import Alert, Window
from badbuzz.recordings.truth import read_truth
from demo.board import Pulse
from demo.broker import EmbeddedBroker
from demo.parts import Address, ServiceProcess
from demo.processes import Processes, free_port
from demo.serving import Service
from demo.watch import Reader, Worker

_START_S: Final = 60.0
_DRAIN_S: Final = 60.0
_PULSE_S: Final = 1.0
_IDLE_S: Final = 0.2


@dataclass(frozen=True)
class Plan:
    """The options of a demo run.

    Parameters
    ----------
    files
        A recording; empty to simulate one.
    days, seed
        Length in days and seed of the simulation.
    warmup_h
        Hours with tweets before alerts count.
    speed
        Event time per time once the warm-up has passed; None for as fast as it goes.
    fast_h
        Hours of event time that are not paced.
    serve
        Whether a recorder and the API run too, until the demo is told to end.
    ui
        Whether the front runs too, and what watches them; goes with ``serve``.
    language
        Language of the front.
    """

    files: tuple[str, ...]
    days: int
    seed: int
    warmup_h: int
    speed: float | None
    fast_h: float
    serve: bool = False
    ui: bool = False
    language: Language = "en"


@dataclass(frozen=True)
class Serving:
    """All that is served answers, and the replay begins: where to look, and what is not there."""

    addresses: tuple[Address, ...]
    missing: str


@dataclass(frozen=True)
class Served:
    """The replay is over, and the rest goes on: where to look, and lines to try."""

    addresses: tuple[Address, ...]
    curls: tuple[str, ...]


Found = Window | Alert | Pulse


def play(
    plan: Plan, folder: Path, say: Callable[[str], None], stopping: Callable[[], bool]
) -> Iterator[Found | Truth | Serving | Served]:
    """Run the product on a plan.

    Parameters
    ----------
    plan
        Options of the run.
    folder
        Folder of the recording and the logs.
    say
        Told what is being waited for.
    stopping
        Whether to end early.

    Yields
    ------
    Truth
        First, when the recording is simulated.
    Window or Alert or Pulse
        As the worker publishes them; the pulse about once a second.
    Serving
        Before the replay, where the plan says so.
    Served
        After the replay, where the plan says so; then nothing until it is to end.
    """
    with EmbeddedBroker() as broker:
        settings = Settings(kafka_bootstrap_servers=broker.bootstrap_servers, web_port=free_port())
        with Processes(folder, _environ(settings, plan)) as processes:
            worker_process = processes.start("worker", "process")
            service = _service(plan, folder, settings)
            if service is not None:
                _start(service.first, processes)
            files = plan.files
            if not files:
                say(f"writing {plan.days} days of tweets")
                files = (str(_simulate(plan, folder, processes, stopping)),)
                if stopping():
                    return
                yield read_truth(folder / "truth.json")
            say("starting the worker")
            worker = Worker(settings.web_port)
            _await(
                lambda: stopping() or worker.ready(), _START_S, processes, "the worker is not ready"
            )
            if service is not None and not stopping():
                say("starting what serves")
                _serve(service, processes, stopping)
            if stopping():
                return
            if service is not None:
                yield Serving(service.addresses(), service.missing)
            replay = processes.start("replay", "replay", *files, *_pace(plan))
            yield from _watch(replay, worker, settings, processes, stopping)
            if worker_process.poll() is not None:
                raise BadbuzzError(f"the worker ended early (log: {folder / 'worker.log'})")
            if service is not None and not stopping():
                yield Served(service.addresses(), service.curls())
                _serve_on(processes, stopping)


def _service(plan: Plan, folder: Path, settings: Settings) -> Service | None:
    return Service(folder, settings, plan.language, ui=plan.ui) if plan.serve else None


def _serve_on(processes: Processes, stopping: Callable[[], bool]) -> None:
    while not stopping():
        processes.check()
        time.sleep(_IDLE_S)


def _serve(service: Service, processes: Processes, stopping: Callable[[], bool]) -> None:
    """Wait for what was started at once; then start what needs its store, and wait for that."""
    _await_parts(service.first, processes, stopping)
    if not stopping():
        _start(service.then, processes)
        _await_parts(service.then, processes, stopping)


def _start(parts: Sequence[ServiceProcess], processes: Processes) -> None:
    for part in parts:
        part.start(processes)


def _await_parts(
    parts: Sequence[ServiceProcess], processes: Processes, stopping: Callable[[], bool]
) -> None:
    names = ", ".join(part.name for part in parts)
    _await(
        lambda: stopping() or all(part.ready() for part in parts),
        _START_S,
        processes,
        f"not all of {names} are ready",
    )


def _environ(settings: Settings, plan: Plan) -> dict[str, str]:
    return {
        "BADBUZZ_KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
        "BADBUZZ_WEB_PORT": str(settings.web_port),
        "BADBUZZ_WARMUP_H": str(plan.warmup_h),
        "BADBUZZ_LOG_LEVEL": "WARNING",
    }


def _pace(plan: Plan) -> list[str]:
    pace = ["--speed", "max" if plan.speed is None else f"{plan.speed:g}", "--quiet"]
    return [*pace, "--fast-until", f"{plan.fast_h:g}h"] if plan.fast_h else pace


def _simulate(plan: Plan, folder: Path, processes: Processes, stopping: Callable[[], bool]) -> Path:
    recording = folder / "simulated.jsonl"
    simulate = processes.start(
        "simulate", "simulate", "--days", str(plan.days), "--seed", str(plan.seed),
        "-o", str(recording), "--truth", str(folder / "truth.json"),
    )  # fmt: skip
    _await(
        lambda: stopping() or simulate.poll() is not None,
        _START_S,
        processes,
        "the simulator is not done",
    )
    return recording


def _await(
    condition: Callable[[], bool], limit_s: float, processes: Processes, complaint: str
) -> None:
    deadline_s = time.monotonic() + limit_s
    while not condition():
        processes.check()
        if time.monotonic() > deadline_s:
            raise BadbuzzError(f"{complaint} after {limit_s:.0f} s")
        time.sleep(0.05)
    processes.check()


def _watch(
    replay: Popen[bytes],
    worker: Worker,
    settings: Settings,
    processes: Processes,
    stopping: Callable[[], bool],
) -> Iterator[Found]:
    reader = Reader(settings)
    try:
        yield from _follow(replay, worker, reader, processes, stopping)
    finally:
        reader.close()


def _follow(
    replay: Popen[bytes],
    worker: Worker,
    reader: Reader,
    processes: Processes,
    stopping: Callable[[], bool],
) -> Iterator[Found]:
    pulse_due_s, quiet_since_s, n_before = 0.0, None, -1
    ended_s: float | None = None
    while not stopping():
        found = list(reader.read(timeout_s=0.1))
        yield from sorted(found, key=_event_time)
        processes.check()
        now_s = time.monotonic()
        if now_s < pulse_due_s:
            continue
        pulse_due_s = now_s + _PULSE_S
        yield worker.pulse()
        if replay.poll() is None:
            continue
        ended_s = ended_s or now_s
        n_records = worker.records()
        if n_records >= 0 or found:
            ended_s = now_s
        elif now_s - ended_s > _DRAIN_S:
            raise BadbuzzError(f"the worker stands still for {_DRAIN_S:.0f} s")
        if found or n_records != n_before or n_records < 0:
            n_before, quiet_since_s = n_records, now_s
        elif quiet_since_s is not None and now_s - quiet_since_s >= 2 * _PULSE_S:
            return


def _event_time(found: Window | Alert) -> tuple[int, bool]:
    if isinstance(found, Alert):
        return found.window_end_ms, True
    return found.end_ms, False
