"""The notifier forwards acknowledgements, mispredictions and metrics from the store."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from badbuzz.messages.text import example
from badbuzz.store.database import Store
from badbuzz.store.model import SourcePartition
from stream_processor.notifier.sinks.dimensions import METRICS, MISPREDICTION_TRACE
from tests.support.alertmanager_server import AlertmanagerServer, Mailbox
from tests.support.feedback import feedback
from tests.support.http_server import ACCEPTS, Answer, HttpServer
from tests.support.outlet import OutputProducer
from tests.support.recorded import BRAND, window
from tests.support.source import metric
from tests.support.stream import Deployment, WorkerProcess, await_that

pytestmark = [pytest.mark.kafka, pytest.mark.services]

TEAM, DEPUTY = "crisis-team@example.org", "deputy@example.org"
ALERTS, WINDOWS = SourcePartition("alerts", 0), SourcePartition("windows", 0)


@pytest.fixture
def azure() -> Iterator[HttpServer]:
    with HttpServer(ACCEPTS) as server:
        yield server


def start(stream: Deployment, address: str, **settings: str) -> WorkerProcess:
    environ = {f"BADBUZZ_{name}": value for name, value in settings.items()}
    environ |= {"BADBUZZ_STORE": address, "BADBUZZ_NOTIFY_TIMEOUT_S": "1"}
    return stream.notifier(environ)


def corrected(azure: HttpServer) -> list[str]:
    """Return the mispredictions that Azure Monitor received, in order."""
    traces = [trace for trace in azure.envelopes() if trace["message"] == MISPREDICTION_TRACE]
    return [trace["properties"]["feedback"] for trace in traces]


def n_retries(notifier: WorkerProcess) -> float:
    """Return the number of requests that Azure Monitor did not accept."""
    metrics = notifier.get("/metrics") or b""
    match = re.search(rb'badbuzz_sink_retries_total{sink="azure"} (\S+)', metrics)
    return float(match[1]) if match else 0.0


def all_sent(store: Store) -> bool:
    return not store.unsent("azure")


def test_a_misprediction_is_sent_once_across_a_kill(
    real_stream: Deployment, azure: HttpServer, store_url: str
) -> None:
    """Kill the notifier while Azure Monitor hangs; the restarted one sends all mispredictions."""
    before, meanwhile = feedback("missed"), feedback("false")
    with Store.open(store_url) as store:
        settings = {"AZURE_CONNECTION_STRING": azure.connection_string}
        notifier = start(real_stream, store_url, **settings)
        notifier.await_ready()
        azure.usual = Answer(hangs=True)
        store.add_feedback(before)
        store.add_feedback(feedback("ok"))
        await_that(lambda: n_retries(notifier) > 0, "an attempt")
        notifier.kill()
        store.add_feedback(meanwhile)
        azure.usual = ACCEPTS
        notifier = start(real_stream, store_url, **settings)
        await_that(lambda: all_sent(store), "records of all deliveries")
        notifier.signal(signal.SIGTERM)
        assert notifier.finish() == 0, notifier.log_text()
    assert corrected(azure) == [before.id, meanwhile.id]


def test_a_refused_misprediction_does_not_block_the_next(
    real_stream: Deployment, azure: HttpServer, tmp_path: Path
) -> None:
    address = f"sqlite:///{tmp_path}/badbuzz.db"
    refused, taken = feedback("missed"), feedback("missed")
    with Store.open(address) as store:
        store.add_feedback(refused)
        store.add_feedback(taken)
        azure.usual = Answer(503, b"not yet")
        settings = {"AZURE_CONNECTION_STRING": azure.connection_string}
        notifier = start(real_stream, address, NOTIFY_REPEAT_S="3600", **settings)
        await_that(lambda: n_retries(notifier) > 1, "attempts, the heartbeat's among them")
        azure.answers += [Answer(400, b"bad")]
        azure.usual = ACCEPTS
        await_that(lambda: all_sent(store), "records of all deliveries")
        counted = {"sink": "azure", "outcome": "refused"}
        assert metric(notifier, "badbuzz_corrections_told_total", **counted) == 1
    assert corrected(azure) == [taken.id]


def test_live_windows_become_metrics_and_replayed_ones_do_not(
    real_stream: Deployment, azure: HttpServer, tmp_path: Path
) -> None:
    address = f"sqlite:///{tmp_path}/badbuzz.db"
    start_ms = int(time.time() // 300 - 1) * 300_000
    live = window(brand=BRAND, start_ms=start_ms, end_ms=start_ms + 300_000)
    with Store.open(address) as store:
        store.record_windows(WINDOWS, [(0, live), (1, window(brand="Nordwind"))], 2)
        start(real_stream, address, AZURE_CONNECTION_STRING=azure.connection_string)
        await_that(lambda: len(azure.envelopes("MetricData")) >= len(METRICS), "metrics")
    envelopes = azure.envelopes("MetricData")
    assert {envelope["properties"]["brand"] for envelope in envelopes} == {BRAND}
    assert envelopes[0]["metrics"][0]["value"] == live.n_negative


def test_without_a_store_alerts_are_sent_and_the_reason_is_reported(
    real_stream: Deployment, azure: HttpServer, tmp_path: Path
) -> None:
    address = f"sqlite:///{tmp_path}/none.db"
    notifier = start(real_stream, address, AZURE_CONNECTION_STRING=azure.connection_string)
    notifier.await_ready()
    await_that(lambda: bool(notifier.readiness()["store"]["reason"]), "the reason")
    assert "start badbuzz record" in notifier.readiness()["store"]["reason"]
    OutputProducer(real_stream).alerts(example())
    await_that(
        lambda: any("change" in trace["properties"] for trace in azure.envelopes()), "a trace"
    )
    assert not (tmp_path / "none.db").exists()


def test_an_acknowledgement_ends_the_reminders(real_stream: Deployment, tmp_path: Path) -> None:
    """Acknowledge while Alertmanager is down: it gets the silence, the escalation and the end."""
    address = f"sqlite:///{tmp_path}/badbuzz.db"
    ours = replace(example(), severity="warning")
    risen = replace(example(), phase="escalated", score=9.0)
    other = replace(example(), id="Costa Air/1", brand="Costa Air")
    with (
        Mailbox() as mailbox,
        AlertmanagerServer(tmp_path / "alertmanager", mailbox) as manager,
        Store.open(address) as store,
    ):
        manager.stop()
        start(real_stream, address, ALERTMANAGER_URL=manager.url, NOTIFY_REPEAT_S="1")
        store.record_alerts(ALERTS, [(0, ours)], 1)
        store.acknowledge(ours.id, "camille", 1)
        outlet = OutputProducer(real_stream)
        outlet.alerts(ours)
        manager.start()
        await_that(lambda: bool(manager.silences()), "the silence")
        outlet.alerts(risen, other)
        await_that(lambda: bool(mailbox.to(DEPUTY)), "the reminder of the other")
        outlet.alerts(replace(risen, phase="resolved"))
        await_that(lambda: "TERMINÉE : Air Paradis" in mailbox.subjects(TEAM), "the end")
        (silence,) = manager.silences()
    assert silence["createdBy"] == "camille"
    assert "CRISE AGGRAVÉE (critique) : Air Paradis" in mailbox.subjects(TEAM)
    assert mailbox.subjects(DEPUTY) == ["CRISE (critique) : Costa Air"]
