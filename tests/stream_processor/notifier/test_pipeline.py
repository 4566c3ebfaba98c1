"""The notifier with real brokers, and sinks that answer, hang, refuse or are unreachable."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from badbuzz import wire
from badbuzz.messages.text import example
from badbuzz.model import Alert, Phase
from stream_processor.notifier.sinks.alertmanager import ALERTNAME
from stream_processor.notifier.sinks.dimensions import HEARTBEAT_TRACE
from tests.support.alertmanager_server import AlertmanagerServer, Mailbox
from tests.support.http_server import ACCEPTS, EMPTY, Answer, HttpServer
from tests.support.outlet import OutputProducer
from tests.support.source import metric
from tests.support.stream import CommandProcess, Deployment, WorkerProcess, await_that

pytestmark = [pytest.mark.kafka, pytest.mark.services]

BRANDS = ("Air Paradis", "Nordwind", "Costa Air")
HOUR_MS = 3_600_000
OUTAGE_S = 20.0


@pytest.fixture
def azure() -> Iterator[HttpServer]:
    with HttpServer(ACCEPTS) as server:
        yield server


@pytest.fixture
def manager() -> Iterator[HttpServer]:
    """Start a server that answers like Alertmanager."""
    with HttpServer(EMPTY) as server:
        yield server


@pytest.fixture
def outlet(real_stream: Deployment) -> OutputProducer:
    return OutputProducer(real_stream)


def environ(azure: HttpServer | None, manager: HttpServer | None, **more: str) -> dict[str, str]:
    found = {"BADBUZZ_NOTIFY_TIMEOUT_S": "1", "BADBUZZ_LANGUAGE": "en", **more}
    if azure is not None:
        found["BADBUZZ_AZURE_CONNECTION_STRING"] = azure.connection_string
    if manager is not None:
        found["BADBUZZ_ALERTMANAGER_URL"] = manager.url
    return found


def start(stream: Deployment, settings: dict[str, str], *options: str) -> WorkerProcess:
    """Start a notifier and wait until partitions are assigned for each sink."""
    notifier = stream.notifier(settings, *options)
    await_that(lambda: _owns(notifier) or not notifier.running, "partitions")
    assert notifier.running, notifier.log_text()
    return notifier


def _owns(notifier: WorkerProcess) -> bool:
    sinks = notifier.readiness().get("sinks", {})
    return bool(sinks) and all(one["partitions"] for one in sinks.values())


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
    found: dict[str, Any] = notifier.readiness()["sinks"][name]
    return found


def sink_waits(notifier: WorkerProcess) -> int:
    found: int = notifier.readiness().get("sinks", {}).get("azure", {}).get("waiting", 0)
    return found


@pytest.mark.parametrize("exporter", ["opentelemetry", "opencensus"])
def test_every_change_is_sent_once_and_in_order(
    exporter: str, stream: Deployment, azure: HttpServer
) -> None:
    notifier = start(stream, environ(azure, None, BADBUZZ_AZURE_EXPORTER=exporter))
    OutputProducer(stream).alerts(*alert_phases())
    await_changes(azure, alert_phases())
    assert traced(azure) == [change(alert) for alert in alert_phases()]
    stop(notifier)


@pytest.mark.parametrize(
    "trouble",
    [Answer(hangs=True), Answer(503, b"no"), Answer(200, b"<html>"), Answer(429, b"slow down")],
    ids=["hangs", "fails", "garbage", "slow down"],
)
def test_a_failing_sink_does_not_delay_the_other(
    trouble: Answer,
    real_stream: Deployment,
    outlet: OutputProducer,
    azure: HttpServer,
    manager: HttpServer,
) -> None:
    azure.usual = trouble
    notifier = start(real_stream, environ(azure, manager))
    outlet.alerts(*alert_phases())
    await_that(
        lambda: change(alert_phases()[-1]) in posted(manager), "the last change at Alertmanager"
    )
    await_that(lambda: sink(notifier, "azure")["waiting"] == 3, "changes that wait")
    await_that(lambda: bool(sink(notifier, "azure")["reason"]), "the reason")
    assert notifier.readiness()["ready"] is False
    other = sink(notifier, "alertmanager")
    assert (other["waiting"], other["reason"]) == (0, "")
    azure.usual = ACCEPTS
    azure.released.set()
    await_changes(azure, alert_phases())
    await_that(lambda: notifier.readiness()["ready"], "readiness again")


@pytest.mark.parametrize("exporter", ["opentelemetry", "opencensus"])
def test_after_an_outage_every_change_arrives_in_order(
    exporter: str, real_stream: Deployment, outlet: OutputProducer
) -> None:
    alerts = [one for n in range(3) for one in alert_phases(n)]
    with HttpServer(ACCEPTS) as before:
        environment = environ(before, None, BADBUZZ_AZURE_EXPORTER=exporter)
        notifier = start(real_stream, environment)
    down_s = time.monotonic()
    outlet.alerts(*alerts)
    await_that(lambda: sink_waits(notifier) == len(alerts), "changes that wait")
    await_that(lambda: bool(sink(notifier, "azure")["reason"]), "the reason")
    await_that(lambda: time.monotonic() > down_s + OUTAGE_S, "the end of the outage")
    with HttpServer(ACCEPTS, port=before.port) as after:
        await_changes(after, alerts)
        assert traced(after) == [change(alert) for alert in alerts]


def test_a_killed_alertmanager_receives_missed_changes_after_its_restart(
    real_stream: Deployment, outlet: OutputProducer, tmp_path: Path
) -> None:
    """Restart Alertmanager: it has lost its alerts, and repetition restores them."""
    with (
        Mailbox() as mailbox,
        AlertmanagerServer(tmp_path / "alertmanager", mailbox) as manager,
    ):
        settings = {"BADBUZZ_ALERTMANAGER_URL": manager.url, "BADBUZZ_NOTIFY_REPEAT_S": "1"}
        start(real_stream, settings)
        outlet.alerts(alert_phases()[0])
        await_that(lambda: len(mailbox.mails) >= 1, "the first mail")
        manager.stop()
        outlet.alerts(alert_phases(1, BRANDS[2])[0])
        manager.start()
        both = {BRANDS[0], BRANDS[2]}
        await_that(lambda: {one["labels"]["brand"] for one in manager.alerts()} == both, "both")
        team = "crisis-team@example.org"
        await_that(lambda: BRANDS[2] in "".join(mailbox.subjects(team)), "the second's mail")
        outlet.alerts(alert_phases()[2], alert_phases(1, BRANDS[2])[2])
        await_that(
            lambda: {"TERMINÉ : Air Paradis", "TERMINÉ : Costa Air"} <= set(mailbox.subjects(team)),
            "the mails of the end",
        )


def test_retry_after_is_honoured(
    real_stream: Deployment, outlet: OutputProducer, azure: HttpServer
) -> None:
    start(real_stream, environ(azure, None, BADBUZZ_NOTIFY_REPEAT_S="3600"))
    azure.answers.append(Answer(429, b"later", {"Retry-After": "4"}))
    outlet.alerts(alert_phases()[0])
    await_that(lambda: not azure.answers, "the first attempt")
    asked_s = time.monotonic()
    await_changes(azure, alert_phases()[:1])
    assert time.monotonic() - asked_s > 3
    (trace,) = [one for one in azure.envelopes() if "change" in one["properties"]]
    assert trace["properties"]["attempt"] == "2"


def test_a_kill_before_the_acknowledgement_loses_nothing(
    real_stream: Deployment, outlet: OutputProducer, azure: HttpServer
) -> None:
    notifier = start(real_stream, environ(azure, None))
    azure.usual = Answer(hangs=True)
    outlet.alerts(*alert_phases())
    await_that(lambda: sink_waits(notifier) == 3, "changes that were fetched")
    notifier.kill()
    azure.usual = ACCEPTS
    start(real_stream, environ(azure, None))
    await_changes(azure, alert_phases())


def test_a_repeated_notification_has_the_same_idempotency_key(
    real_stream: Deployment, outlet: OutputProducer, manager: HttpServer
) -> None:
    """Kill the notifier after the sink has accepted, before the position is committed."""
    notifier = start(real_stream, environ(None, manager))
    outlet.alerts(*alert_phases())
    await_that(lambda: change(alert_phases()[-1]) in posted(manager), "the last change")
    notifier.kill()
    start(real_stream, environ(None, manager))
    assert set(posted(manager)) == {change(alert) for alert in alert_phases()}


def test_a_refused_notification_becomes_a_dead_letter_with_its_reason(
    real_stream: Deployment, outlet: OutputProducer, azure: HttpServer
) -> None:
    notifier = start(real_stream, environ(azure, None, BADBUZZ_NOTIFY_REPEAT_S="3600"))
    azure.usual = Answer(400, b"no such key")
    outlet.alerts(alert_phases()[0])
    await_that(lambda: len(real_stream.committed(wire.DEAD_LETTERS)) == 1, "a dead letter")
    ((key, value),) = real_stream.committed(wire.DEAD_LETTERS)
    assert (key, value) == (alert_phases()[0].id.encode(), wire.encode_alert(alert_phases()[0]))
    assert metric(notifier, "badbuzz_notified_total", sink="azure", outcome="refused") == 1
    assert "refused: answered 400: no such key" in sink(notifier, "azure")["reason"]


def test_a_notification_not_accepted_in_time_is_given_up(
    real_stream: Deployment, outlet: OutputProducer, azure: HttpServer
) -> None:
    notifier = start(real_stream, environ(azure, None, BADBUZZ_NOTIFY_RETRY_S="1"))
    azure.usual = Answer(500, b"broken")
    outlet.alerts(*alert_phases())
    await_that(lambda: len(real_stream.committed(wire.DEAD_LETTERS)) == 3, "dead letters")
    assert metric(notifier, "badbuzz_notified_total", sink="azure", outcome="given_up") == 3


def test_an_unreadable_record_becomes_a_dead_letter_and_stops_nothing(
    real_stream: Deployment, outlet: OutputProducer, azure: HttpServer
) -> None:
    start(real_stream, environ(azure, None))
    outlet.raw(wire.ALERTS, [(BRANDS[0], "?", b"\xff")])
    outlet.alerts(alert_phases()[0])
    await_changes(azure, alert_phases()[:1])
    assert [value for _, value in real_stream.committed(wire.DEAD_LETTERS)] == [b"\xff"]


# Open alerts


def test_a_first_start_sends_open_alerts_only(
    real_stream: Deployment, outlet: OutputProducer, azure: HttpServer
) -> None:
    still_open = alert_phases(1)[:2]
    outlet.alerts(*alert_phases(), *still_open, *alert_phases(2))
    start(real_stream, environ(azure, None))
    await_changes(azure, still_open[1:])
    outlet.alerts(alert_phases(3)[0])
    await_changes(azure, alert_phases(3)[:1])
    assert traced(azure) == [change(still_open[1]), change(alert_phases(3)[0])]


def test_an_alert_that_opened_and_ended_during_downtime_is_sent(
    real_stream: Deployment, outlet: OutputProducer, azure: HttpServer
) -> None:
    """Even if there was no alert before: the first position is committed at once."""
    notifier = start(real_stream, environ(azure, None))
    stop(notifier)
    outlet.alerts(*alert_phases())
    start(real_stream, environ(azure, None))
    await_changes(azure, alert_phases())


def test_open_alerts_are_repeated_and_known_after_a_restart(
    real_stream: Deployment, outlet: OutputProducer, manager: HttpServer
) -> None:
    settings = environ(None, manager, BADBUZZ_NOTIFY_REPEAT_S="1")
    notifier = start(real_stream, settings)
    outlet.alerts(*alert_phases()[:2], *alert_phases(1, BRANDS[1]))
    await_that(lambda: posted(manager).count(change(alert_phases()[1])) > 4, "repetitions")
    stop(notifier)
    n_before = len(manager.bodies)
    start(real_stream, settings)
    await_that(lambda: len(manager.bodies) > n_before + 1, "repetitions after the restart")
    assert {
        alert["annotations"]["change"] for items in manager.bodies[n_before:] for alert in items
    } == {change(alert_phases()[1])}


def test_resolved_alerts_are_not_repeated(
    real_stream: Deployment, outlet: OutputProducer, manager: HttpServer
) -> None:
    start(real_stream, environ(None, manager, BADBUZZ_NOTIFY_REPEAT_S="1"))
    still_open = alert_phases(1, BRANDS[1])[0]
    outlet.alerts(*alert_phases())
    outlet.alerts(still_open)
    await_that(lambda: posted(manager).count(change(still_open)) > 3, "repetitions")
    assert posted(manager).count(change(alert_phases()[2])) == 1


# Replays, heartbeats, workers


def test_replays_send_no_notification(
    real_stream: Deployment, outlet: OutputProducer, azure: HttpServer
) -> None:
    start(real_stream, environ(azure, None))
    outlet.alerts(*alert_phases(replay=True))
    outlet.alerts(alert_phases(1)[0])
    await_changes(azure, alert_phases(1)[:1])
    assert traced(azure) == [change(alert_phases(1)[0])]


def test_a_notified_replay_is_marked(
    real_stream: Deployment, outlet: OutputProducer, azure: HttpServer, manager: HttpServer
) -> None:
    start(real_stream, environ(azure, manager), "--notify")
    outlet.alerts(alert_phases(replay=True)[0])
    await_changes(azure, alert_phases()[:1])
    await_that(lambda: bool(manager.bodies), "Alertmanager")
    (alert,) = manager.bodies[0]
    assert alert["labels"]["mark"] == "replay"
    assert alert["annotations"]["subject"].startswith("[REPLAY] ")


def test_heartbeats_are_sent_without_alerts(real_stream: Deployment, azure: HttpServer) -> None:
    start(real_stream, environ(azure, None, BADBUZZ_NOTIFY_REPEAT_S="1"))
    await_that(
        lambda: [trace["message"] for trace in azure.envelopes()].count(HEARTBEAT_TRACE) > 1,
        "heartbeats",
    )


def test_two_notifiers_share_the_partitions_and_send_every_change(
    real_stream: Deployment, outlet: OutputProducer, azure: HttpServer
) -> None:
    notifiers = [start(real_stream, environ(azure, None)) for _ in range(2)]
    await_that(
        lambda: all(len(sink(one, "azure")["partitions"]) == 2 for one in notifiers),
        "two partitions each",
    )
    alerts = [alert for n, brand in enumerate(BRANDS) for alert in alert_phases(n, brand)]
    outlet.alerts(*alerts)
    await_changes(azure, alerts)
    assert len(traced(azure)) == len(alerts)


# The commands


def test_without_a_sink_the_error_names_the_settings(real_stream: Deployment) -> None:
    process = real_stream.command("notify")
    assert process.finish() == 2
    assert "BADBUZZ_ALERTMANAGER_URL" in process.log_text()


def test_shutdown_with_unsent_notifications_exits_with_6(
    real_stream: Deployment, outlet: OutputProducer, azure: HttpServer
) -> None:
    notifier = start(real_stream, environ(azure, None))
    azure.usual = Answer(503, b"no")
    outlet.alerts(alert_phases()[0])
    await_that(lambda: sink_waits(notifier) == 1, "a change that waits")
    notifier.signal(signal.SIGTERM)
    assert notifier.finish() == 6
    assert "azure has not accepted 1 notification" in notifier.log_text()
