"""The sinks, each against a server on loopback that answers as it should, and as it should not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest

from badbuzz.config.settings import Settings
from badbuzz.errors import SettingsError
from badbuzz.messages.mail import write
from badbuzz.messages.text import example
from badbuzz.model import Alert
from stream_processor.notifier.notification import Notification
from stream_processor.notifier.sinks.alertmanager import (
    ALERTNAME,
    LABELS,
    REMINDER_LABELS,
    Alertmanager,
    to_alerts,
    to_silence,
)
from stream_processor.notifier.sinks.azure_opencensus import AzureOpenCensus
from stream_processor.notifier.sinks.azure_opentelemetry import AzureOpenTelemetry
from stream_processor.notifier.sinks.dimensions import (
    ALERT_FIELDS,
    ALERT_TRACE,
    HEARTBEAT_FIELDS,
    HEARTBEAT_TRACE,
    METRICS,
    MISPREDICTION_FIELDS,
    MISPREDICTION_TRACE,
    alert_dimensions,
    alert_metrics,
    misprediction_dimensions,
)
from stream_processor.notifier.sinks.sink import RefusedError, Sink, TelemetrySink, UnansweredError
from tests.support.feedback import feedback
from tests.support.http_server import ACCEPTS, EMPTY, Answer, HttpServer
from tests.support.recorded import BRAND, window

AZURE: list[Callable[[Settings], Sink]] = [AzureOpenTelemetry, AzureOpenCensus]
SINKS: list[Callable[[Settings], Sink]] = [*AZURE, Alertmanager]
ERROR, WARNING, INFORMATION = 3, 2, 1
SAID = feedback("missed")


def notification(alert: Alert | None = None, **changes: Any) -> Notification:
    alert = alert or example()
    message = write(alert, ZoneInfo("Europe/Paris"), "fr", "https://dashboard.example/")
    return Notification(alert, message, published_ms=alert.opened_ms, **changes)


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer() as server:
        yield server


def use(
    new_sink: Callable[[Settings], Sink],
    server: HttpServer,
    job: Callable[[Sink], Awaitable[object]],
) -> object:
    """Return the result of a call of a new sink."""
    settings = Settings(
        alertmanager_url=server.url,
        azure_connection_string=server.connection_string,
        notify_timeout_s=1,
    )

    async def run() -> object:
        sink = new_sink(settings)
        try:
            return await job(sink)
        finally:
            await sink.close()

    server.usual = EMPTY if new_sink is Alertmanager else ACCEPTS
    return asyncio.run(run())


def send(new_sink: Callable[[Settings], Sink], server: HttpServer, sent: Notification) -> object:
    return use(new_sink, server, lambda sink: sink.send(sent))


# Both exporters to Azure Monitor


@pytest.mark.parametrize("new_sink", AZURE)
def test_every_dimension_of_a_change_is_sent(
    new_sink: Callable[[Settings], Sink], server: HttpServer
) -> None:
    sent = notification()
    send(new_sink, server, sent)
    (trace,) = server.envelopes()
    assert trace["message"] == ALERT_TRACE
    expected = {name: value for name, value in alert_dimensions(sent).items() if value}
    assert {name: trace["properties"].get(name) for name in expected} == expected
    assert len(expected) == len(ALERT_FIELDS) - 1  # it bears no mark


@pytest.mark.parametrize("new_sink", AZURE)
@pytest.mark.parametrize(
    ("phase", "level"), [("firing", ERROR), ("escalated", ERROR), ("resolved", INFORMATION)]
)
def test_a_firing_alert_is_an_error_trace(
    new_sink: Callable[[Settings], Sink], phase: Any, level: int, server: HttpServer
) -> None:
    send(new_sink, server, notification(replace(example(), phase=phase)))
    assert int(server.envelopes()[0]["severityLevel"]) == level


@pytest.mark.parametrize("new_sink", AZURE)
def test_the_metrics_of_a_brand_are_sent(
    new_sink: Callable[[Settings], Sink], server: HttpServer
) -> None:
    sent = notification()
    send(new_sink, server, sent)
    envelopes = server.envelopes("MetricData")
    values = {data["metrics"][0]["name"]: data["metrics"][0]["value"] for data in envelopes}
    assert values == alert_metrics(sent).values
    assert [data["properties"] for data in envelopes] == [
        {"brand": "Air Paradis", "minutes": "15"}
    ] * 3


@pytest.mark.parametrize("new_sink", AZURE)
def test_every_dimension_of_a_misprediction_is_sent(
    new_sink: Callable[[Settings], Sink], server: HttpServer
) -> None:
    async def send_misprediction(sink: Sink) -> None:
        assert isinstance(sink, TelemetrySink)
        await sink.send_misprediction(SAID, attempt=2)

    use(new_sink, server, send_misprediction)
    (trace,) = server.envelopes()
    assert (trace["message"], int(trace["severityLevel"])) == (MISPREDICTION_TRACE, WARNING)
    expected = misprediction_dimensions(SAID, attempt=2)
    assert {name: trace["properties"].get(name) for name in MISPREDICTION_FIELDS} == expected
    assert all(expected.values())


@pytest.mark.parametrize("new_sink", AZURE)
def test_a_window_without_tweets_has_counts_and_no_rate(
    new_sink: Callable[[Settings], Sink], server: HttpServer
) -> None:
    async def send_metrics(sink: Sink) -> None:
        assert isinstance(sink, TelemetrySink)
        await sink.send_metrics([replace(window(), n=0, n_negative=0, rate=None)])

    use(new_sink, server, send_metrics)
    envelopes = server.envelopes("MetricData")
    assert [data["metrics"][0]["name"] for data in envelopes] == list(METRICS[:2])
    assert envelopes[0]["properties"] == {"brand": BRAND, "minutes": "5"}


@pytest.mark.parametrize("new_sink", AZURE)
def test_the_heartbeat_is_a_separate_trace(
    new_sink: Callable[[Settings], Sink], server: HttpServer
) -> None:
    use(new_sink, server, lambda sink: sink.send_heartbeat())
    (trace,) = server.envelopes()
    assert trace["message"] == HEARTBEAT_TRACE
    assert set(HEARTBEAT_FIELDS) <= set(trace["properties"])


@pytest.mark.parametrize("new_sink", AZURE)
def test_the_exporter_sends_no_statistics_of_its_own(
    new_sink: Callable[[Settings], Sink], server: HttpServer
) -> None:
    use(new_sink, server, lambda sink: sink.send_heartbeat())
    assert [one["data"]["baseType"] for items in server.bodies for one in items] == ["MessageData"]


@pytest.mark.parametrize("new_sink", AZURE)
def test_an_invalid_connection_string_is_a_settings_error(
    new_sink: Callable[[Settings], Sink],
) -> None:
    with pytest.raises(SettingsError, match="AZURE_CONNECTION_STRING"):
        new_sink(Settings(azure_connection_string="InstrumentationKey=mine"))


PARTIAL = (
    b'{"itemsReceived":1,"itemsAccepted":0,"errors":[{"index":0,"statusCode":500,"message":"?"}]}'
)


@pytest.mark.parametrize("new_sink", AZURE)
def test_a_partial_acceptance_is_a_failure(
    new_sink: Callable[[Settings], Sink], server: HttpServer
) -> None:
    server.answers.append(Answer(206, PARTIAL))
    with pytest.raises(UnansweredError, match="206"):
        send(new_sink, server, notification())


# Every sink


@pytest.mark.parametrize("new_sink", SINKS)
def test_retry_after_is_part_of_the_error(
    new_sink: Callable[[Settings], Sink], server: HttpServer
) -> None:
    server.answers.append(Answer(429, b"slow down", {"Retry-After": "7"}))
    with pytest.raises(UnansweredError, match="answered 429: slow down") as raised:
        send(new_sink, server, notification())
    assert raised.value.retry_after_s == 7


@pytest.mark.parametrize("new_sink", SINKS)
@pytest.mark.parametrize("status", [500, 503, 401, 404])
def test_transient_errors_may_be_retried(
    new_sink: Callable[[Settings], Sink], status: int, server: HttpServer
) -> None:
    server.answers.append(Answer(status, b"no"))
    with pytest.raises(UnansweredError, match=str(status)):
        send(new_sink, server, notification())


@pytest.mark.parametrize("new_sink", SINKS)
def test_a_bad_request_is_refused_permanently(
    new_sink: Callable[[Settings], Sink], server: HttpServer
) -> None:
    server.answers.append(Answer(400, b"bad"))
    with pytest.raises(RefusedError):
        send(new_sink, server, notification())


@pytest.mark.parametrize("new_sink", SINKS)
def test_a_malformed_answer_is_not_an_acceptance(
    new_sink: Callable[[Settings], Sink], server: HttpServer
) -> None:
    server.answers.append(Answer(200, b"<html>Welcome to the guests' network</html>"))
    with pytest.raises(UnansweredError, match="answered 200 with"):
        send(new_sink, server, notification())


@pytest.mark.parametrize("new_sink", SINKS)
def test_a_hanging_sink_times_out(new_sink: Callable[[Settings], Sink], server: HttpServer) -> None:
    server.answers.append(Answer(hangs=True))
    with pytest.raises(UnansweredError, match=r"answer"):
        send(new_sink, server, notification())


@pytest.mark.parametrize("new_sink", SINKS)
def test_an_unreachable_sink_is_unanswered(new_sink: Callable[[Settings], Sink]) -> None:
    with HttpServer() as gone:
        pass
    with pytest.raises(UnansweredError):
        send(new_sink, gone, notification())


@pytest.mark.parametrize("new_sink", SINKS)
def test_a_heartbeat_checks_that_the_sink_answers(
    new_sink: Callable[[Settings], Sink], server: HttpServer
) -> None:
    use(new_sink, server, lambda sink: sink.send_heartbeat())
    with HttpServer() as gone:
        pass
    with pytest.raises(UnansweredError):
        use(new_sink, gone, lambda sink: sink.send_heartbeat())


# Alertmanager


def all_posted(sent: Notification, *, changed: bool = True) -> list[dict[str, Any]]:
    return list(to_alerts(sent, sent.published_ms / 1000 + 60, changed=changed))


def posted(sent: Notification, *, changed: bool = True) -> list[dict[str, Any]]:
    """Return the posted alerts without their reminders."""
    alerts = all_posted(sent, changed=changed)
    return [alert for alert in alerts if alert["labels"]["alertname"] == ALERTNAME]


def test_an_alert_has_the_labels_used_for_routing() -> None:
    (alert,) = posted(notification(mark="test"))
    assert tuple(alert["labels"]) == LABELS


def test_a_live_alert_has_a_reminder_and_a_test_has_none() -> None:
    alert, reminder = all_posted(notification())
    assert tuple(reminder["labels"]) == REMINDER_LABELS
    assert {**reminder, "labels": 0} == {**alert, "labels": 0}
    assert len(all_posted(notification(mark="test"))) == 1


def test_an_escalation_ends_the_lower_severities() -> None:
    alerts = posted(notification(replace(example(), phase="escalated")))
    now = alerts[1]["endsAt"]
    assert [(alert["labels"]["severity"], alert["endsAt"] == now) for alert in alerts] == [
        ("critical", False),
        ("info", True),
        ("warning", True),
    ]


def test_a_severity_of_a_newer_version_replaces_all_that_are_known() -> None:
    alerts = posted(notification(replace(example(), phase="escalated", severity="major")))
    found = [(one["labels"]["severity"], one["annotations"]["phase"]) for one in alerts]
    assert found == [
        ("major", "escalated"),
        ("info", "replaced"),
        ("warning", "replaced"),
        ("critical", "replaced"),
    ]


def test_a_repetition_ends_no_alert() -> None:
    assert len(posted(notification(replace(example(), phase="escalated")), changed=False)) == 1


def test_a_resolved_alert_ends_now() -> None:
    (alert,) = posted(notification(replace(example(), phase="resolved")))
    assert alert["startsAt"] < alert["endsAt"] == "2025-12-31T14:06:00Z"


def test_an_alert_has_its_id_and_texts_as_annotations() -> None:
    (alert,) = posted(notification())
    assert alert["annotations"]["id"] == "Air Paradis/1767189600000"
    assert alert["annotations"]["summary"].startswith("Air Paradis\N{NO-BREAK SPACE}: 38 tweets")
    assert alert["generatorURL"] == notification().message.dashboard


def test_a_silence_is_found_in_a_long_answer(server: HttpServer) -> None:
    sent = notification()
    silences = [to_silence(replace(sent, alert=replace(sent.alert, id=f"{n}")), "camille", 0)
                for n in range(5_000)]  # fmt: skip
    settings = Settings(alertmanager_url=server.url, notify_timeout_s=20)
    server.usual = Answer(body=orjson.dumps([*silences, to_silence(sent, "camille", 0)]))

    async def run() -> None:
        sink = Alertmanager(settings)
        await sink.silence(sent, "camille")
        await sink.close()

    asyncio.run(run())
    assert server.bodies == []
