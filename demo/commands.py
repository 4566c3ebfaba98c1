"""The commands ``broker`` and ``demo``."""

from __future__ import annotations

import shlex
import signal
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import FrameType
from typing import Final

import click
from click.core import ParameterSource

from badbuzz import wire
from badbuzz.config.settings import Settings
from badbuzz.detection.alert_evaluation import Truth, evaluate
from badbuzz.messages.translator import LANGUAGES, Language
from badbuzz.model import Alert
from badbuzz.recordings.rows import check_readable
from badbuzz.terminal.options import Hours, Speed
from badbuzz.terminal.signals import SignalGuard
from demo.broker import serve
from demo.displays import (
    Display,
    JsonDisplay,
    LineDisplay,
    LiveDisplay,
    lines_after,
    lines_before,
)
from demo.run import Plan, ReplayEnded, ServicesReady, WorkerOutput, run_demo

_WARMUP_H: Final = 168
_SIMULATED_SPEED: Final = 5760.0
_WATCHED_SPEED: Final = 720.0  # slow enough to see a crisis begin and end in a browser


@click.command()
@click.option(
    "--partitions",
    type=click.IntRange(1, 64),
    help="Partitions of each topic.  [default: BADBUZZ_PARTITIONS]",
)
def broker(partitions: int | None) -> None:
    """Run an embedded Kafka broker, in memory, until Ctrl-C.

    The first line of standard output is its address. It needs neither Java nor Docker. Its records
    are lost when it ends; make kafka starts a Kafka that keeps them.

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
@click.option("--seed", default=2, show_default=True, help="Random seed of the simulation.")
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
    help="Event time per real time; default: 5760 after the warm-up, 720 with --ui, max for FILE.",
)
@click.option(
    "--language",
    type=click.Choice(LANGUAGES),
    default="en",
    show_default=True,
    help="Language of the alerts and of the front.",
)
@click.option("--headless", is_flag=True, help="Print one line per event instead of the live view.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines instead of the live view.")
@click.option(
    "--keep",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Keep the recording, the logs and the database in this folder.",
)
@click.option(
    "--serve",
    is_flag=True,
    help="Run the recorder and the API on loopback, until Ctrl-C.",
)
@click.option(
    "--ui",
    is_flag=True,
    help="Run the front too, and Prometheus and Alertmanager if they are installed.",
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
    """Detect a crisis live: a broker, a worker and a replay in one terminal.

    Without FILE, the demo simulates ten days of three airlines; the first seven are the warm-up.
    FILE is a recording as badbuzz replay reads it. With --serve, the demo prints three curl
    commands after the replay and continues to serve until Ctrl-C, which then exits with code 0.
    With --ui, it first prints addresses to open in a browser, and replays more slowly. When
    standard output is not a terminal, it prints one line per event.

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
        serve=serve or ui,
        ui=ui,
        language=language,
    )
    with tempfile.TemporaryDirectory(prefix="badbuzz-demo-") as scratch, SignalGuard() as stopping:
        folder = keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        with closing(_open_display(language, as_json=as_json, headless=headless)) as display:
            alerts = _show(run_demo(plan, folder, display.report, stopping), display)
    if files and not stopping():
        click.echo(_summary(alerts, files), err=True)
    if stopping():
        click.echo("ended", err=True)
        is_expected = plan.serve and stopping.signal == signal.SIGINT
        raise SystemExit(0 if is_expected else 128 + stopping.signal)


def _open_display(language: Language, *, as_json: bool, headless: bool) -> Display:
    if as_json:
        return JsonDisplay()
    if headless or not sys.stdout.isatty():
        return LineDisplay(language)
    return LiveDisplay(language)


def _check_arguments(files: tuple[str, ...], days: int, warmup_h: int) -> None:
    check_readable(files)
    if not files and days * 24 <= warmup_h:
        raise click.UsageError(
            f"--days {days} is within the warm-up: give --days {warmup_h // 24 + 1} or more"
        )


def _summary(alerts: list[Alert], files: tuple[str, ...]) -> str:
    """Return the number of alerts and the command that shows their evidence."""
    opened = Counter(alert.severity for alert in alerts if alert.phase == "firing")
    kinds = ", ".join(f"{n} {severity}" for severity, n in sorted(opened.items()))
    n_opened = f"{opened.total()} alert{'' if opened.total() == 1 else 's'}"
    return (
        f"{n_opened}{f' ({kinds})' if kinds else ''}. Charts of their evidence, compared with "
        f"--truth FILE if known: badbuzz backtest {shlex.join(files)} --report report.html"
    )


def _show(
    events: Iterator[WorkerOutput | Truth | ServicesReady | ReplayEnded], display: Display
) -> list[Alert]:
    """Show all events and return the alerts."""
    truth: Truth | None = None
    alerts: list[Alert] = []
    for event in events:
        if isinstance(event, Truth):
            truth = event
        elif isinstance(event, ServicesReady):
            display.print_lines(lines_before(event))
        elif isinstance(event, ReplayEnded):
            display.close()
            if truth is not None:
                display.show_evaluation(evaluate(alerts, truth.incidents), truth.benign)
            if event.addresses:
                display.print_lines(lines_after(event))
        else:
            display.show(event)
            if isinstance(event, Alert):
                alerts.append(event)
    return alerts
