"""The notifier with real brokers, and sinks that answer, hang, refuse or are unreachable."""

from __future__ import annotations

import re
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from badbuzz import wire
from badbuzz.errors import SinkDownError
from stream_processor.notifier.sinks.dimensions import HEARTBEAT_TRACE
from tests.stream_processor.notifier.notifiers import (
    BRANDS,
    alert_phases,
    await_changes,
    change,
    environ,
    poisoned,
    posted,
    sink,
    sink_waits,
    start,
    stop,
    traced,
)
from tests.support.alertmanager_server import AlertmanagerServer, Mailbox
from tests.support.http_server import ACCEPTS, Answer, HttpServer
from tests.support.outlet import OutputProducer
from tests.support.source import metric
from tests.support.stream import Deployment, await_that

pytestmark = [pytest.mark.kafka, pytest.mark.services]

OUTAGE_S = 20.0


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
    alerts = [phase for n in range(3) for phase in alert_phases(n)]
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
        await_that(lambda: {alert["labels"]["brand"] for alert in manager.alerts()} == both, "both")
        team = "crisis-team@example.org"
        await_that(lambda: BRANDS[2] in "".join(mailbox.subjects(team)), "the second's mail")
        outlet.alerts(alert_phases()[2], alert_phases(1, BRANDS[2])[2])
        ends = {"TERMINÉE : Air Paradis", "TERMINÉE : Costa Air"}
        await_that(lambda: ends <= set(mailbox.subjects(team)), "the mails of the end")


def test_retry_after_is_honoured(
    real_stream: Deployment, outlet: OutputProducer, azure: HttpServer
) -> None:
    start(real_stream, environ(azure, None, BADBUZZ_NOTIFY_REPEAT_S="3600"))
    await_that(lambda: bool(azure.envelopes()), "the heartbeat, which would take the answer")
    azure.answers.append(Answer(429, b"later", {"Retry-After": "4"}))
    outlet.alerts(alert_phases()[0])
    await_that(lambda: not azure.answers, "the first attempt")
    asked_s = time.monotonic()
    await_changes(azure, alert_phases()[:1])
    assert time.monotonic() - asked_s > 3
    (trace,) = [trace for trace in azure.envelopes() if "change" in trace["properties"]]
    assert trace["properties"]["attempt"] == "2"


def test_a_day_of_retry_after_is_cut_to_minutes_and_its_end_is_shown(
    real_stream: Deployment, outlet: OutputProducer, azure: HttpServer
) -> None:
    azure.usual = Answer(429, b"later", {"Retry-After": "86400"})
    notifier = start(real_stream, environ(azure, None))
    outlet.alerts(alert_phases()[0])
    await_that(lambda: "next attempt at" in sink(notifier, "azure")["reason"], "the reason")
    shown = re.search(
        r"next attempt at (\d\d):(\d\d):(\d\d) UTC", sink(notifier, "azure")["reason"]
    )
    assert shown is not None
    hours, minutes, seconds = map(int, shown.groups())
    ahead_s = (hours * 3600 + minutes * 60 + seconds - time.time()) % 86_400
    assert ahead_s <= 300


def test_a_notifier_ends_in_order_while_a_sink_hangs(
    real_stream: Deployment, outlet: OutputProducer, azure: HttpServer
) -> None:
    azure.usual = Answer(hangs=True)
    notifier = start(real_stream, environ(azure, None, BADBUZZ_NOTIFY_TIMEOUT_S="60"))
    outlet.alerts(alert_phases()[0])
    await_that(lambda: sink_waits(notifier) == 1, "a change that waits")
    notifier.signal(signal.SIGTERM)
    assert notifier.finish() == SinkDownError.exit_code, notifier.log_text()


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


@pytest.mark.parametrize("step", ["render", "deliver"])
def test_an_alert_that_cannot_be_sent_becomes_a_dead_letter_and_stops_nothing(
    step: str, real_stream: Deployment, outlet: OutputProducer, azure: HttpServer, tmp_path: Path
) -> None:
    settings = environ(azure, None, BADBUZZ_NOTIFY_REPEAT_S="1")
    unsendable = replace(alert_phases()[0], severity=f"poison_{step}")
    with poisoned(real_stream, settings, tmp_path / "first.log") as notifier:
        outlet.alerts(unsendable)
        outlet.alerts(alert_phases(1)[0])
        await_changes(azure, alert_phases(1)[:1])
        stop(notifier)
    with poisoned(real_stream, settings, tmp_path / "second.log"):
        outlet.alerts(alert_phases(2)[0])
        await_changes(azure, alert_phases(2)[:1])
    ((_, value),) = real_stream.committed(wire.DEAD_LETTERS)
    (headers,) = real_stream.headers(wire.DEAD_LETTERS)
    assert value == wire.encode_alert(unsendable)
    assert (headers["step"], headers["sink"]) == (step.encode(), b"azure")


def test_an_alert_that_cannot_be_repeated_does_not_stop_the_others_reminders(
    real_stream: Deployment, outlet: OutputProducer, manager: HttpServer, tmp_path: Path
) -> None:
    unrepeatable = replace(alert_phases()[0], severity="poison_repeat")
    other = alert_phases(1)[0]
    settings = environ(None, manager, BADBUZZ_NOTIFY_REPEAT_S="1")
    with poisoned(real_stream, settings, tmp_path / "notifier.log") as notifier:
        outlet.alerts(unrepeatable, other)
        await_that(lambda: posted(manager).count(change(other)) > 2, "repetitions")
        assert posted(manager).count(change(unrepeatable)) == 1
        assert notifier.log_text().count(f"{unrepeatable.id} is not repeated") == 1


# Heartbeats and workers


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
        lambda: all(len(sink(notifier, "azure")["partitions"]) == 2 for notifier in notifiers),
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
