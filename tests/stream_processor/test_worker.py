"""Tests of the worker on real brokers: joining workers, lost brokers, gauges and ports."""

from __future__ import annotations

import logging
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka.errors import ProducerFenced
from prometheus_client.parser import text_string_to_metric_families

from badbuzz.errors import KafkaError
from demo.processes import free_port
from producers.publisher import partition_of
from stream_processor.worker import _LibraryFilter
from tests.support.events import BUCKET_MS, START_MS
from tests.support.servers import KafkaServer
from tests.support.source import RecordProducer, metric, run_to_end
from tests.support.stream import Deployment, WorkerProcess, await_that

pytestmark = pytest.mark.kafka


def test_an_unreachable_broker_is_logged_in_one_line(tmp_path: Path) -> None:
    stream = Deployment(f"127.0.0.1:{free_port()}", "nowhere.", tmp_path)
    try:
        worker = stream.worker()
        await_that(lambda: worker.log_text() != "", "a log line of the worker")
        worker.signal(signal.SIGTERM)
        worker.finish()
        assert len(worker.log_text().splitlines()) == 1
        assert "127.0.0.1" in worker.log_text()
    finally:
        stream.close()


def test_a_failed_start_exits_with_its_code_and_one_line(kafka: str, tmp_path: Path) -> None:
    stream = Deployment(kafka, "twice.", tmp_path, {"BADBUZZ_PARTITIONS": "3"})
    try:
        worker = stream.worker()
        assert worker.finish() == 4
        assert "Traceback" not in worker.log_text()
    finally:
        stream.close()


@pytest.mark.services
def test_a_worker_that_lost_its_broker_is_not_ready(tmp_path: Path) -> None:
    with KafkaServer(tmp_path / "kafka") as server:
        stream = Deployment(server.bootstrap_servers, "gone.", tmp_path)
        try:
            stream.create_topics()
            worker = stream.worker()
            worker.await_ready()
            server.kill()
            await_that(lambda: worker.get("/readyz") is None, "a worker that is not ready")
            server.start()
            worker.await_ready()
        finally:
            stream.close()


@pytest.mark.services
def test_a_worker_that_lost_its_broker_ends_on_sigterm(tmp_path: Path) -> None:
    with KafkaServer(tmp_path / "kafka") as server:
        stream = Deployment(
            server.bootstrap_servers, "gone.", tmp_path, {"BADBUZZ_CHECKPOINT_MS": "600000"}
        )
        try:
            stream.create_topics()
            worker = stream.worker()
            worker.await_ready()
            RecordProducer(stream).tweet(START_MS)
            await_that(lambda: b'outcome="counted"' in (worker.get("/metrics") or b""), "the tweet")
            server.kill()
            worker.signal(signal.SIGTERM)
            assert worker.finish() == 4
            assert "no broker accepted the last checkpoint" in worker.log_text().splitlines()[-1]
        finally:
            stream.close()


@pytest.mark.services
def test_the_gauges_of_a_brand_move_with_its_partition(real_stream: Deployment) -> None:
    brands = {partition_of(name, 4): name for name in "ABCDEFGHIJ"}
    assert len(brands) == 4
    for name in brands.values():
        RecordProducer(real_stream).tweet(START_MS, brand=name)
    workers = [run_to_end(real_stream), real_stream.worker()]
    workers[1].await_ready()

    def shown(worker: WorkerProcess) -> set[str]:
        page = (worker.get("/metrics") or b"").decode()
        return set(re.findall(r'^badbuzz_brand_alert_state{brand="(.)"}', page, re.MULTILINE))

    def shared() -> bool:
        first, second = map(shown, workers)
        return bool(first and second) and not first & second and len(first | second) == 4

    await_that(shared, "each brand on one of two workers")


@pytest.mark.services
def test_deployments_with_different_prefixes_do_not_disturb_each_other(
    real_kafka: str, tmp_path: Path
) -> None:
    streams = [
        Deployment(real_kafka, f"apart-{side}.", tmp_path / side, {"BADBUZZ_APP_ID": "badbuzz"})
        for side in ("left", "right")
    ]
    try:
        workers = []
        for stream in streams:
            stream.create_topics()
            workers.append(stream.worker())
            workers[-1].await_ready()
        for stream in streams:
            RecordProducer(stream).tweet(START_MS)
            stream.await_done()
        assert all(worker.running for worker in workers)
    finally:
        for stream in streams:
            stream.close()


@pytest.mark.parametrize(
    "name",
    [
        "badbuzz_tweets_total",
        "badbuzz_batch_records_count",
        "badbuzz_verdict_latency_seconds_bucket",
        "badbuzz_source_event_time_seconds",
        "badbuzz_source_heartbeat_time_seconds",
        "badbuzz_last_record_time_seconds",
        "badbuzz_bundle_info",
        "badbuzz_brand_negatives",
        "badbuzz_brand_expected_negatives",
        "badbuzz_brand_expected_negatives_low",
        "badbuzz_brand_expected_negatives_high",
        "badbuzz_brand_negative_rate",
        "badbuzz_brand_adjusted_negative_rate",
        "badbuzz_brand_alert_state",
        "badbuzz_lag_records",
        "badbuzz_checkpoint_seconds_count",
        "badbuzz_partitions_owned",
    ],
)
def test_a_metric_has_a_value(measured: set[str], name: str) -> None:
    assert name in measured


@pytest.mark.parametrize("stage", ["decode", "score", "fold", "publish"])
def test_cpu_time_is_measured_by_stage(measured: set[str], stage: str) -> None:
    assert f"badbuzz_cpu_seconds_total {stage}" in measured


@pytest.fixture(scope="module")
def measured(embedded_kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[set[str]]:
    """Return the names of the metrics after one window; CPU time with its stage."""
    stream = Deployment(embedded_kafka, "measured.", tmp_path_factory.mktemp("measured"))
    stream.create_topics()
    producer = RecordProducer(stream)
    producer.tweet(START_MS)
    producer.beat(START_MS + BUCKET_MS + 120_000)
    page = run_to_end(stream).get("/metrics")
    assert page is not None
    families = text_string_to_metric_families(page.decode())
    samples = [sample for family in families for sample in family.samples]
    yield {sample.name for sample in samples} | {
        f"{sample.name} {sample.labels['stage']}" for sample in samples if "stage" in sample.labels
    }
    stream.close()


@pytest.mark.parametrize("replay", [True, False])
def test_a_gauge_shows_whether_a_brands_alert_is_replayed(
    replay: bool, embedded_kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    stream = Deployment(embedded_kafka, topic_prefix, tmp_path)
    try:
        stream.create_topics()
        RecordProducer(stream).tweet(START_MS, replay=replay)
        first = run_to_end(stream)
        first.signal(signal.SIGTERM)
        assert first.finish() == 0
        second = run_to_end(stream)
        assert metric(second, "badbuzz_brand_alert_replayed", brand="Air Paradis") == replay
    finally:
        stream.close()


def test_a_port_in_use_is_reported_in_one_line(stream: Deployment) -> None:
    first = stream.worker()
    first.await_ready()
    second = stream.command("process", BADBUZZ_WEB_PORT=str(first.port))
    assert second.finish() == 2
    assert "set BADBUZZ_WEB_PORT" in second.log_text().splitlines()[-1]


def kept(record: logging.LogRecord) -> str | None:
    """Return a record as the worker logs it, or None if it is dropped."""
    return logging.Formatter().format(record) if _LibraryFilter()(record) else None


def failed(
    error: Exception, message: str = "Unexpected error in sender routine"
) -> logging.LogRecord:
    exc_info = (type(error), error, None)
    return logging.LogRecord(
        "aiokafka.producer", logging.ERROR, "sender.py", 7, message, (), exc_info
    )


def test_an_exception_in_a_library_is_one_line() -> None:
    assert kept(failed(ProducerFenced("gone"))) == (
        "Unexpected error in sender routine: ProducerFenced('gone')"
    )


def test_an_exception_that_the_command_prints_is_not_logged() -> None:
    assert kept(failed(KafkaError("another worker took over partition 2"))) is None


def test_the_reason_of_a_crash_is_not_logged_before_the_command_prints_it() -> None:
    message, reason = "[^---PartitionedConsumer]: Crashed reason=%r", KafkaError("deleted")
    record = logging.LogRecord(
        "mode.services", logging.ERROR, "services.py", 7, message, (reason,), (None, None, None)
    )
    assert kept(record) is None


def test_the_supervisor_does_not_announce_the_crash() -> None:
    record = logging.LogRecord(
        "mode.worker",
        logging.CRITICAL,
        "worker.py",
        7,
        "We experienced a crash! Reraising",
        (),
        None,
    )
    assert kept(record) is None
