"""Notifiers as processes, alerts for them, and what their sinks received."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from badbuzz.messages.text import example
from badbuzz.model import Alert, Phase
from stream_processor.notifier.sinks.alertmanager import ALERTNAME
from tests.support.http_server import HttpServer
from tests.support.stream import CommandProcess, Deployment, WorkerProcess, await_that

BRANDS = ("Air Paradis", "Nordwind", "Costa Air")


HOUR_MS = 3_600_000


def environ(azure: HttpServer | None, manager: HttpServer | None, **more: str) -> dict[str, str]:
    variables = {"BADBUZZ_NOTIFY_TIMEOUT_S": "1", "BADBUZZ_LANGUAGE": "en", **more}
    if azure is not None:
        variables["BADBUZZ_AZURE_CONNECTION_STRING"] = azure.connection_string
    if manager is not None:
        variables["BADBUZZ_ALERTMANAGER_URL"] = manager.url
    return variables


def start(stream: Deployment, settings: dict[str, str], *options: str) -> WorkerProcess:
    """Start a notifier and wait until partitions are assigned for each sink."""
    return _started(stream.notifier(settings, *options))


@contextmanager
def poisoned(stream: Deployment, settings: dict[str, str], log: Path) -> Iterator[WorkerProcess]:
    """Run a notifier with the faults of ``poisoned.py``, once it has partitions for each sink."""
    module = "tests.stream_processor.notifier.poisoned"
    environment = stream.environ | settings
    notifier = WorkerProcess(environment, log, ("-m", module), ("notify", "--no-store"))
    try:
        yield _started(notifier)
    finally:
        notifier.close()


def _started(notifier: WorkerProcess) -> WorkerProcess:
    await_that(lambda: _owns(notifier) or not notifier.running, "partitions")
    assert notifier.running, notifier.log_text()
    return notifier


def _owns(notifier: WorkerProcess) -> bool:
    sinks = notifier.readiness().get("sinks", {})
    return bool(sinks) and all(state["partitions"] for state in sinks.values())


def alert_phases(n: int = 0, brand: str = BRANDS[0], *, replay: bool = False) -> list[Alert]:
    """Return an alert's three phases, ``n`` hours after the example's."""
    opened_ms = example().opened_ms + n * HOUR_MS
    phases: tuple[Phase, ...] = ("firing", "escalated", "resolved")
    return [
        replace(
            example(),
            id=f"{brand}/{opened_ms}",
            brand=brand,
            phase=phase,
            opened_ms=opened_ms,
            window_end_ms=opened_ms + step * 300_000,
            replay=replay,
        )
        for step, phase in enumerate(phases)
    ]


def change(alert: Alert) -> str:
    return f"{alert.id}/{alert.phase}/{alert.window_end_ms}"


def traced(azure: HttpServer) -> list[str]:
    """Return the changes that Azure Monitor received, in order."""
    traces = [trace["properties"] for trace in azure.envelopes()]
    return [properties["change"] for properties in traces if "change" in properties]


def posted(manager: HttpServer) -> list[str]:
    """Return the changes that Alertmanager received, in order, repetitions included."""
    alerts = [alert for items in manager.bodies for alert in items]
    changes = [alert for alert in alerts if alert["labels"]["alertname"] == ALERTNAME]
    return [alert["annotations"]["change"] for alert in changes]


def await_changes(azure: HttpServer, alerts: list[Alert]) -> None:
    wanted = {change(alert) for alert in alerts}
    await_that(lambda: wanted <= set(traced(azure)), "every change at Azure Monitor")


def stop(notifier: CommandProcess) -> None:
    notifier.signal(signal.SIGTERM)
    assert notifier.finish() == 0, notifier.log_text()


def sink(notifier: WorkerProcess, name: str) -> dict[str, Any]:
    state: dict[str, Any] = notifier.readiness()["sinks"][name]
    return state


def sink_waits(notifier: WorkerProcess) -> int:
    n_waiting: int = notifier.readiness().get("sinks", {}).get("azure", {}).get("waiting", 0)
    return n_waiting
