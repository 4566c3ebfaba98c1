"""The demo's commands."""

from __future__ import annotations

import shlex
import signal
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Final

import click
from click.core import ParameterSource

from badbuzz import wire
from badbuzz.config.settings import Settings
from badbuzz.detection.evaluation import Truth, evaluate
from badbuzz.messages.translator import LANGUAGES, Language
from badbuzz.model import Alert
from badbuzz.recordings.rows import check_readable
from badbuzz.terminal.options import Hours, Speed
from badbuzz.terminal.signals import SignalGuard
from demo.broker import serve
from demo.run import Found, Plan, Served, Serving, play
from demo.show import Face, Json, Lines, Screen, beginning, ending

_WARMUP_H: Final = 168
_SIMULATED_SPEED: Final = 5760.0
_WATCHED_SPEED: Final = 720.0  # a crisis lasts for some seconds: one can see it come and go


@click.command()
@click.option(
    "--partitions",
    type=click.IntRange(1, 64),
    help="Partitions of each topic.  [default: BADBUZZ_PARTITIONS]",
)
def broker(partitions: int | None) -> None:
    """Start an embedded Kafka broker, in memory, and keep it until Ctrl-C.

    Its address is the first line of standard output. It needs neither Java nor Docker, and
    forgets everything when it ends: for a Kafka that keeps its records, make kafka.

    \b
    Examples:
      badbuzz broker
      badbuzz broker --partitions 8
    """
    settings = Settings.read()
    topics = [settings.topic(topic) for topic in wire.TOPICS]
    ended = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        ended.set()

    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    address = serve(topics, partitions or settings.partitions)
    click.echo(address)
    click.echo(f"In another terminal: export BADBUZZ_KAFKA_BOOTSTRAP_SERVERS={address}", err=True)
    ended.wait()


@click.command()
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option(
    "--days",
    default=10,
    type=click.IntRange(1, 365),
    show_default=True,
    help="Days to simulate, without FILE.",
)
@click.option("--seed", default=2, show_default=True, help="Of the simulation.")
@click.option(
    "--warmup",
    type=Hours(),
    default=_WARMUP_H,
    show_default="168h",
    help="Hours with tweets before a brand's alerts count.",
)
@click.option(
    "--speed",
    type=Speed(),
    help="Event time per time; default: 5760 after the warm-up, 720 with --ui, max for FILE.",
)
@click.option(
    "--language",
    type=click.Choice(LANGUAGES),
    default="en",
    show_default=True,
    help="Of the alerts' sentences, and of the front.",
)
@click.option("--headless", is_flag=True, help="A line per event instead of the live view.")
@click.option("--json", "as_json", is_flag=True, help="JSON lines instead of the live view.")
@click.option(
    "--keep",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Leave the recording, the logs and the database here.",
)
@click.option(
    "--serve",
    is_flag=True,
    help="Record what happens, and serve it by the API on loopback, until Ctrl-C.",
)
@click.option(
    "--ui",
    is_flag=True,
    help="Serve the front too; Prometheus and Alertmanager, where they are installed.",
)
def demo(
    files: tuple[str, ...],
    days: int,
    seed: int,
    warmup: int,
    speed: float | None,
    language: Language,
    headless: bool,
    as_json: bool,
    keep: Path | None,
    serve: bool,
    ui: bool,
) -> None:
    """Watch a crisis being caught: a broker, a worker and a replay in one terminal.

    Without FILE, ten simulated days of three airlines, the first seven of them to learn what is
    usual. With FILE, a recording of yours, as badbuzz replay reads it. With --serve it prints three
    curl lines to try after the replay, and goes on serving until Ctrl-C, which is no error then.
    With --ui it prints addresses to open in a browser first, and replays more slowly. Where the
    output is no terminal, it is a line per event.

    \b
    Examples:
      badbuzz demo
      badbuzz demo --headless
      badbuzz demo --ui
      badbuzz demo --serve
      badbuzz demo week.jsonl.gz --warmup 36h
    """
    _check_arguments(files, days, warmup)
    given = click.get_current_context().get_parameter_source("speed")
    if given is ParameterSource.DEFAULT and not files:
        speed = _WATCHED_SPEED if ui else _SIMULATED_SPEED
    plan = Plan(
        files=files,
        days=days,
        seed=seed,
        warmup_h=warmup,
        speed=speed,
        fast_h=0 if files else warmup,
        serve=serve or ui,
        ui=ui,
        language=language,
    )
    headless = headless or not sys.stdout.isatty()
    face: Face = Json() if as_json else (Lines if headless else Screen)(language)
    with tempfile.TemporaryDirectory(prefix="badbuzz-demo-") as scratch:
        folder = keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        with SignalGuard() as stopping:
            alerts = _show(play(plan, folder, face.say, stopping), face, stopping)
        if files and not stopping():
            click.echo(_summary(alerts, files), err=True)
        if stopping():
            click.echo("ended", err=True)
            as_told = plan.serve and stopping.signal == signal.SIGINT
            raise SystemExit(0 if as_told else 128 + stopping.signal)


def _check_arguments(files: tuple[str, ...], days: int, warmup_h: int) -> None:
    check_readable(files)
    if not files and days * 24 <= warmup_h:
        raise click.UsageError(
            f"--days {days} are all warm-up: give --days {warmup_h // 24 + 1} or more"
        )


def _summary(alerts: list[Alert], files: tuple[str, ...]) -> str:
    """Print the number of alerts and where to look next."""
    opened = Counter(alert.severity for alert in alerts if alert.phase == "firing")
    kinds = ", ".join(f"{n} {severity}" for severity, n in sorted(opened.items()))
    n_opened = f"{opened.total()} alert{'' if opened.total() == 1 else 's'}"
    return (
        f"{n_opened}{f' ({kinds})' if kinds else ''}. Their evidence in pictures, held against the "
        f"truth where you know it: badbuzz backtest {shlex.join(files)} --report report.html"
    )


def _show(
    told: Iterator[Found | Truth | Serving | Served], face: Face, stopping: SignalGuard
) -> list[Alert]:
    truth: Truth | None = None
    served: Served | None = None
    alerts: list[Alert] = []

    def found() -> Iterator[Found]:
        nonlocal truth, served
        for one in told:
            if isinstance(one, Served):
                served = one
                return
            if isinstance(one, Truth):
                truth = one
                continue
            if isinstance(one, Serving):
                face.offer(beginning(one))
                continue
            if isinstance(one, Alert):
                alerts.append(one)
            yield one

    face.follow(found())
    if truth is not None and not stopping():
        face.conclude(evaluate(alerts, truth.incidents), truth.benign)
    if served is not None:
        face.offer(ending(served))
    for _ in told:  # where it serves, it goes on until it is told to end
        pass
    return alerts
