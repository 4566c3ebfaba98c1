"""The notifier on real brokers, with sinks that answer, are slow, hang, refuse or are gone."""

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
    """Start a notifier and wait until each sink has its partitions, whether it answers or not."""
    notifier = stream.notifier(settings, *options)
    await_that(lambda: _owns(notifier) or not notifier.running, "partitions")
    assert notifier.running, notifier.log_text()
    return notifier


def _owns(notifier: WorkerProcess) -> bool:
    sinks = notifier.readiness().get("sinks", {})
    return bool(sinks) and all(one["partitions"] for one in sinks.values())


def life(n: int = 0, brand: str = BRANDS[0], *, replay: bool = False) -> list[Alert]:
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
    told = [alert for alert in alerts if alert["labels"]["alertname"] == ALERTNAME]
    return [alert["annotations"]["change"] for alert in told]


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
def test_every_change_is_told_once_and_in_order(
    exporter: str, stream: Deployment, azure: HttpServer
) -> None:
    notifier = start(stream, environ(azure, None, BADBUZZ_AZURE_EXPORTER=exporter))
    OutputProducer(stream).alerts(*life())
    await_changes(azure, life())
    assert traced(azure) == [change(alert) for alert in life()]
    stop(notifier)


@pytest.mark.parametrize(
    "trouble",
    [Answer(hangs=True), Answer(503, b"no"), Answer(200, b"<html>"), Answer(429, b"slow down")],
    ids=["hangs", "fails", "garbage", "slow down"],
)
def test_a_sink_in_trouble_delays_no_other(
    trouble: Answer,
    real_stream: Deployment,
    outlet: OutputProducer,
    azure: HttpServer,
    manager: HttpServer,
) -> None:
    azure.usual = trouble
    notifier = start(real_stream, environ(azure, manager))
    outlet.alerts(*life())
    await_that(lambda: change(life()[-1]) in posted(manager), "the last change at Alertmanager")
    await_that(lambda: sink(notifier, "azure")["waiting"] == 3, "changes that wait")
    await_that(lambda: bool(sink(notifier, "azure")["reason"]), "the reason")
    assert notifier.readiness()["ready"] is False
    other = sink(notifier, "alertmanager")
    assert (other["waiting"], other["reason"]) == (0, "")
    azure.usual = ACCEPTS
    azure.released.set()
    await_changes(azure, life())
    await_that(lambda: notifier.readiness()["ready"], "readiness again")


@pytest.mark.parametrize("exporter", ["opentelemetry", "opencensus"])
def test_after_an_outage_every_change_arrives_in_order(
    exporter: str, real_stream: Deployment, outlet: OutputProducer
) -> None:
    told = [one for n in range(3) for one in life(n)]
    with HttpServer(ACCEPTS) as before:
        environment = environ(before, None, BADBUZZ_AZURE_EXPORTER=exporter)
        notifier = start(real_stream, environment)
    down_s = time.monotonic()
    outlet.alerts(*told)
    await_that(lambda: sink_waits(notifier) == len(told), "changes that wait")
    await_that(lambda: bool(sink(notifier, "azure")["reason"]), "the reason")
    await_that(lambda: time.monotonic() > down_s + OUTAGE_S, "the end of the outage")
    with HttpServer(ACCEPTS, port=before.port) as after:
        await_changes(after, told)
        assert traced(after) == [change(alert) for alert in told]


def test_a_real_alertmanager_that_was_killed_is_told_what_it_missed(
    real_stream: Deployment, outlet: OutputProducer, tmp_path: Path
) -> None:
    """Restart Alertmanager: it has lost its alerts, and repetition restores them."""
    with (
        Mailbox() as mailbox,
        AlertmanagerServer(tmp_path / "alertmanager", mailbox) as manager,
    ):
        settings = {"BADBUZZ_ALERTMANAGER_URL": manager.url, "BADBUZZ_NOTIFY_REPEAT_S": "1"}
        start(real_stream, settings)
        outlet.alerts(life()[0])
        await_that(lambda: len(mailbox.mails) >= 1, "the first mail")
        manager.stop()
        outlet.alerts(life(1, BRANDS[2])[0])
        manager.start()
        both = {BRANDS[0], BRANDS[2]}
        await_that(lambda: {one["labels"]["brand"] for one in manager.alerts()} == both, "both")
        team = "crisis-team@example.org"
        await_that(lambda: BRANDS[2] in "".join(mailbox.subjects(team)), "the second's mail")
        outlet.alerts(life()[2], life(1, BRANDS[2])[2])
        await_that(
            lambda: {"TERMINÉ : Air Paradis", "TERMINÉ : Costa Air"} <= set(mailbox.subjects(team)),
            "the mails of the end",
        )


def test_how_long_to_wait_is_honoured(
    real_stream: Deployment, outlet: OutputProducer, azure: HttpServer
) -> None:
    start(real_stream, environ(azure, None, BADBUZZ_NOTIFY_REPEAT_S="3600"))
    azure.answers.append(Answer(429, b"later", {"Retry-After": "4"}))
    outlet.alerts(life()[0])
    await_that(lambda: not azure.answers, "the first attempt")
    asked_s = time.monotonic()
    await_changes(azure, life()[:1])
    assert time.monotonic() - asked_s > 3
    (trace,) = [told for told in azure.envelopes() if "change" in told["properties"]]
    assert trace["properties"]["attempt"] == "2"


def test_a_kill_before_the_acknowledgement_loses_nothing(
    real_stream: Deployment, outlet: OutputProducer, azure: HttpServer
) -> None:
    notifier = start(real_stream, environ(azure, None))
    azure.usual = Answer(hangs=True)
    outlet.alerts(*life())
    await_that(lambda: sink_waits(notifier) == 3, "changes that were fetched")
    notifier.kill()
    azure.usual = ACCEPTS
    start(real_stream, environ(azure, None))
    await_changes(azure, life())


def test_what_is_told_again_bears_the_same_name(
    real_stream: Deployment, outlet: OutputProducer, manager: HttpServer
) -> None:
    """Killed once the sink took it, before that was committed."""
    notifier = start(real_stream, environ(None, manager))
    outlet.alerts(*life())
    await_that(lambda: change(life()[-1]) in posted(manager), "the last change")
    notifier.kill()
    start(real_stream, environ(None, manager))
    assert set(posted(manager)) == {change(alert) for alert in life()}


def test_what_is_never_taken_is_kept_with_the_reason(
    real_stream: Deployment, outlet: OutputProducer, azure: HttpServer
) -> None:
    notifier = start(real_stream, environ(azure, None, BADBUZZ_NOTIFY_REPEAT_S="3600"))
    azure.usual = Answer(400, b"no such key")
    outlet.alerts(life()[0])
    await_that(lambda: len(real_stream.committed(wire.DEAD_LETTERS)) == 1, "a dead letter")
    ((key, value),) = real_stream.committed(wire.DEAD_LETTERS)
    assert (key, value) == (life()[0].id.encode(), wire.encode_alert(life()[0]))
    assert metric(notifier, "badbuzz_notified_total", sink="azure", outcome="refused") == 1
    assert "refused: answered 400: no such key" in sink(notifier, "azure")["reason"]


def test_what_is_not_taken_in_time_is_given_up(
    real_stream: Deployment, outlet: OutputProducer, azure: HttpServer
) -> None:
    notifier = start(real_stream, environ(azure, None, BADBUZZ_NOTIFY_RETRY_S="1"))
    azure.usual = Answer(500, b"broken")
    outlet.alerts(*life())
    await_that(lambda: len(real_stream.committed(wire.DEAD_LETTERS)) == 3, "dead letters")
    assert metric(notifier, "badbuzz_notified_total", sink="azure", outcome="given_up") == 3


def test_what_cannot_be_read_is_kept_and_stops_nothing(
    real_stream: Deployment, outlet: OutputProducer, azure: HttpServer
) -> None:
    start(real_stream, environ(azure, None))
    outlet.raw(wire.ALERTS, [(BRANDS[0], "?", b"\xff")])
    outlet.alerts(life()[0])
    await_changes(azure, life()[:1])
    assert [value for _, value in real_stream.committed(wire.DEAD_LETTERS)] == [b"\xff"]


# What is open


def test_whoever_starts_first_is_told_what_is_open_and_no_more(
    real_stream: Deployment, outlet: OutputProducer, azure: HttpServer
) -> None:
    still_open = life(1)[:2]
    outlet.alerts(*life(), *still_open, *life(2))
    start(real_stream, environ(azure, None))
    await_changes(azure, still_open[1:])
    outlet.alerts(life(3)[0])
    await_changes(azure, life(3)[:1])
    assert traced(azure) == [change(still_open[1]), change(life(3)[0])]


def test_what_opened_and_ended_while_it_was_down_is_told(
    real_stream: Deployment, outlet: OutputProducer, azure: HttpServer
) -> None:
    """Even where there never was an alert before it went down: where it began is committed."""
    notifier = start(real_stream, environ(azure, None))
    stop(notifier)
    outlet.alerts(*life())
    start(real_stream, environ(azure, None))
    await_changes(azure, life())


def test_open_alerts_are_repeated_and_known_after_a_restart(
    real_stream: Deployment, outlet: OutputProducer, manager: HttpServer
) -> None:
    settings = environ(None, manager, BADBUZZ_NOTIFY_REPEAT_S="1")
    notifier = start(real_stream, settings)
    outlet.alerts(*life()[:2], *life(1, BRANDS[1]))
    await_that(lambda: posted(manager).count(change(life()[1])) > 4, "repetitions")
    stop(notifier)
    n_before = len(manager.bodies)
    start(real_stream, settings)
    await_that(lambda: len(manager.bodies) > n_before + 1, "repetitions after the restart")
    assert {
        alert["annotations"]["change"] for items in manager.bodies[n_before:] for alert in items
    } == {change(life()[1])}


def test_what_is_over_is_not_repeated(
    real_stream: Deployment, outlet: OutputProducer, manager: HttpServer
) -> None:
    start(real_stream, environ(None, manager, BADBUZZ_NOTIFY_REPEAT_S="1"))
    still_open = life(1, BRANDS[1])[0]
    outlet.alerts(*life())
    outlet.alerts(still_open)
    await_that(lambda: posted(manager).count(change(still_open)) > 3, "repetitions")
    assert posted(manager).count(change(life()[2])) == 1


# Replays, heartbeats, workers


def test_a_replay_notifies_nobody(
    real_stream: Deployment, outlet: OutputProducer, azure: HttpServer
) -> None:
    start(real_stream, environ(azure, None))
    outlet.alerts(*life(replay=True))
    outlet.alerts(life(1)[0])
    await_changes(azure, life(1)[:1])
    assert traced(azure) == [change(life(1)[0])]


def test_a_replay_that_is_told_is_marked(
    real_stream: Deployment, outlet: OutputProducer, azure: HttpServer, manager: HttpServer
) -> None:
    start(real_stream, environ(azure, manager), "--notify")
    outlet.alerts(life(replay=True)[0])
    await_changes(azure, life()[:1])
    await_that(lambda: bool(manager.bodies), "Alertmanager")
    (alert,) = manager.bodies[0]
    assert alert["labels"]["mark"] == "replay"
    assert alert["annotations"]["subject"].startswith("[REPLAY] ")


def test_it_beats_while_nothing_happens(real_stream: Deployment, azure: HttpServer) -> None:
    start(real_stream, environ(azure, None, BADBUZZ_NOTIFY_REPEAT_S="1"))
    await_that(
        lambda: [trace["message"] for trace in azure.envelopes()].count(HEARTBEAT_TRACE) > 1,
        "heartbeats",
    )


def test_two_share_the_partitions_and_tell_everything(
    real_stream: Deployment, outlet: OutputProducer, azure: HttpServer
) -> None:
    notifiers = [start(real_stream, environ(azure, None)) for _ in range(2)]
    await_that(
        lambda: all(len(sink(one, "azure")["partitions"]) == 2 for one in notifiers),
        "two partitions each",
    )
    told = [alert for n, brand in enumerate(BRANDS) for alert in life(n, brand)]
    outlet.alerts(*told)
    await_changes(azure, told)
    assert len(traced(azure)) == len(told)


# The commands


def test_without_a_sink_it_says_what_to_set(real_stream: Deployment) -> None:
    process = real_stream.command("notify")
    assert process.finish() == 2
    assert "BADBUZZ_ALERTMANAGER_URL" in process.log_text()


def test_it_ends_with_its_own_code_where_a_sink_took_nothing(
    real_stream: Deployment, outlet: OutputProducer, azure: HttpServer
) -> None:
    notifier = start(real_stream, environ(azure, None))
    azure.usual = Answer(503, b"no")
    outlet.alerts(life()[0])
    await_that(lambda: sink_waits(notifier) == 1, "a change that waits")
    notifier.signal(signal.SIGTERM)
    assert notifier.finish() == 6
    assert "azure has not accepted 1 notification" in notifier.log_text()
