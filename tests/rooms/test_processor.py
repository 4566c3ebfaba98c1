"""The worker on real brokers: what becomes of bad input, lost state and lost records."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)
from prometheus_client.parser import text_string_to_metric_families

from badbuzz import wire
from badbuzz.evidence import key
from badbuzz.fold import Fold
from badbuzz.model import Tweet
from badbuzz.state import BrandState, Rules
from demo.processes import free_port
from producers.publisher import partition_of
from stream_processor.processor import PARTITION_KEY
from tests.core.events import BUCKET_MS, START_MS
from tests.e2e.stream import Stream, Worker, await_that
from tests.servers import KafkaServer

pytestmark = pytest.mark.kafka

PLACE = partition_of("Air Paradis", 4)


@pytest.fixture
def stream(kafka: str, topic_prefix: str, tmp_path: Path) -> Iterator[Stream]:
    stream = Stream(kafka, topic_prefix, tmp_path)
    stream.create_topics()
    yield stream
    stream.close()


@pytest.fixture
def real_stream(
    real_kafka: str, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Stream]:
    stream = Stream(real_kafka, f"{request.node.name.replace('_', '-')}.", tmp_path)
    stream.create_topics()
    yield stream
    stream.close()


class Source:
    """Writes records of any kind."""

    def __init__(self, stream: Stream) -> None:
        self._topic = stream.settings.topic(wire.TWEETS)
        self._partitions = range(stream.settings.partitions)
        self._producer = Producer(
            {
                "bootstrap.servers": stream.settings.kafka_bootstrap_servers,
                "partitioner": "murmur2_random",
            }
        )
        self._n = 0

    def raw(self, value: bytes | None, key: str = "Air Paradis") -> None:
        self._producer.produce(self._topic, value, key=key)
        self._producer.flush()

    def tweet(self, at_ms: int, text: str = "Lost my bag, again", **fields: object) -> None:
        self._n += 1
        tweet = Tweet(
            id=str(self._n),
            brand="Air Paradis",
            text=text,
            created_ms=at_ms,
            produced_ms=at_ms,
            seq=self._n,
            source="test",
            lang="en",
        )
        tweet = replace(tweet, **fields)  # type: ignore[arg-type]
        self.raw(wire.encode_tweet(tweet), tweet.brand)

    def beat(self, at_ms: int) -> None:
        beat = Tweet("", "", "", at_ms, at_ms, source="test", kind="heartbeat")
        for partition in self._partitions:
            self._producer.produce(self._topic, wire.encode_tweet(beat), partition=partition)
        self._producer.flush()


def run_to_the_end(stream: Stream) -> Worker:
    worker = stream.worker()
    worker.await_ready()
    stream.await_done()
    return worker


def metric(worker: Worker, name: str, **labels: str) -> float:
    page = worker.get("/metrics")
    assert page is not None
    for family in text_string_to_metric_families(page.decode()):
        for sample in family.samples:
            if sample.name == name and sample.labels == labels:
                return sample.value
    raise AssertionError(f"no {name} {labels}")


def test_bad_bytes_go_to_the_dead_letters_and_the_stream_goes_on(stream: Stream) -> None:
    source = Source(stream)
    source.raw(b"\xff\x00 no json")
    source.raw(b'{"v":1,"id":7}')
    source.raw(None)
    source.tweet(START_MS)
    worker = run_to_the_end(stream)
    buried = [value for _, value in stream.committed(wire.DEAD_LETTERS)]
    assert buried == [b"\xff\x00 no json", b'{"v":1,"id":7}', b""]
    assert len(stream.committed(wire.SCORED_TWEETS)) == 1
    assert metric(worker, "badbuzz_dead_letters_total", reason="missing") == 1


def test_a_dead_letter_says_why_and_whence(stream: Stream) -> None:
    Source(stream).raw(b'{"v":1,"id":7}')
    run_to_the_end(stream)
    partition = next(iter(stream.ends()))
    consumer = Consumer(
        {"bootstrap.servers": stream.settings.kafka_bootstrap_servers, "group.id": "dead"}
    )
    topic = stream.settings.topic(wire.DEAD_LETTERS)
    consumer.assign([TopicPartition(topic, partition, 0)])
    message = consumer.poll(10)
    consumer.close()
    headers = dict(message.headers())
    assert headers["field"] == b"brand"
    assert headers["reason"] == b"missing"
    assert headers["topic"] == stream.settings.topic(wire.TWEETS).encode()
    assert (headers["partition"], headers["offset"]) == (str(partition).encode(), b"0")


@pytest.mark.parametrize(
    "text",
    ["", "😡😡😡", "איפה המזוודה שלי", "航班又延误了四个小时", "a" * 60_000, "\u0000\t\n"],
    ids=["empty", "emoji", "right to left", "CJK", "one character", "control"],
)
def test_odd_text_gets_a_verdict(stream: Stream, text: str) -> None:
    Source(stream).tweet(START_MS, text)
    run_to_the_end(stream)
    ((_, value),) = stream.committed(wire.SCORED_TWEETS)
    assert 0.0 <= orjson.loads(value)["score"] <= 1.0


def test_a_language_without_a_bundle_is_shown_without_a_verdict(stream: Stream) -> None:
    Source(stream).tweet(START_MS, "Koffer weg", lang="de")
    worker = run_to_the_end(stream)
    ((_, value),) = stream.committed(wire.SCORED_TWEETS)
    assert "score" not in orjson.loads(value)
    assert metric(worker, "badbuzz_tweets_total", outcome="unvalidated") == 1


def test_what_comes_late_is_counted_late(stream: Stream) -> None:
    source = Source(stream)
    source.tweet(START_MS)
    source.beat(START_MS + 3 * BUCKET_MS)
    source.tweet(START_MS + 1)
    worker = run_to_the_end(stream)
    assert metric(worker, "badbuzz_tweets_total", outcome="late") == 1


def test_a_live_source_from_the_future_closes_no_window(stream: Stream) -> None:
    source = Source(stream)
    source.tweet(START_MS)
    source.tweet(4_000_000_000_000)
    worker = run_to_the_end(stream)
    assert stream.committed(wire.WINDOWS) == []
    assert metric(worker, "badbuzz_dead_letters_total", reason="future") == 1


def test_a_brand_can_be_looked_at(stream: Stream) -> None:
    Source(stream).tweet(START_MS)
    worker = run_to_the_end(stream)
    state = worker.get("/state/Air%20Paradis")
    assert state is not None
    assert orjson.loads(state)["newest_ms"] == {"test": START_MS}
    assert worker.get("/state/Nobody") is None


@pytest.mark.services
def test_a_polite_end_commits_everything(real_stream: Stream) -> None:
    stream = real_stream
    worker = stream.worker()
    worker.await_ready()
    source = Source(stream)
    for i in range(200):
        source.tweet(START_MS + i)
    await_that(lambda: bool(stream.positions()), "the first checkpoint")
    worker.signal(signal.SIGTERM)
    assert worker.finish() == 0
    stream.worker().await_ready()
    stream.await_done()
    assert len(stream.committed(wire.SCORED_TWEETS)) == 200


@pytest.mark.services
def test_a_worker_that_joins_gets_its_share_and_the_state(real_stream: Stream) -> None:
    stream = real_stream
    Source(stream).tweet(START_MS)
    first = run_to_the_end(stream)
    second = stream.worker()
    second.await_ready()

    def shares() -> list[int]:
        pages = [worker.get("/readyz") for worker in (first, second)]
        return [len(orjson.loads(page)["partitions"]) if page else 0 for page in pages]

    await_that(lambda: shares() == [2, 2], "two partitions each")
    states = [worker.get("/state/Air%20Paradis") for worker in (first, second)]
    assert sum(state is not None for state in states) == 1


@pytest.mark.services
def test_state_that_was_lost_stops_the_worker(real_stream: Stream) -> None:
    Source(real_stream).tweet(START_MS)
    run_to_the_end(real_stream).signal(signal.SIGTERM)
    name = real_stream.settings.topic(wire.PROCESSOR_STATE)
    admin = AdminClient({"bootstrap.servers": real_stream.settings.kafka_bootstrap_servers})
    admin.delete_topics([name])[name].result()
    await_that(lambda: name not in admin.list_topics(timeout=5).topics, "the topic's end")
    real_stream.create_topics()
    worker = real_stream.worker()
    assert worker.finish() == 3
    assert "state was lost" in worker.said().splitlines()[-1]


@pytest.mark.services
def test_records_that_retention_deleted_unread_stop_the_worker(real_stream: Stream) -> None:
    source = Source(real_stream)
    source.tweet(START_MS)
    worker = run_to_the_end(real_stream)
    worker.signal(signal.SIGTERM)
    assert worker.finish() == 0
    for i in range(5):
        source.tweet(START_MS + i)
    (partition,) = real_stream.ends()
    at = TopicPartition(real_stream.settings.topic(wire.TWEETS), partition, 4)
    admin = AdminClient({"bootstrap.servers": real_stream.settings.kafka_bootstrap_servers})
    admin.delete_records([at])[at].result()
    worker = real_stream.worker()
    assert worker.finish() == 4
    assert "records 1 to 3 were deleted" in worker.said().splitlines()[-1]


@pytest.mark.services
def test_state_in_the_wrong_partition_stops_the_worker(real_stream: Stream) -> None:
    producer = Producer({"bootstrap.servers": real_stream.settings.kafka_bootstrap_servers})
    topic = real_stream.settings.topic(wire.PROCESSOR_STATE)
    for partition in range(real_stream.settings.partitions):
        state = BrandState("Air Paradis").pack()
        producer.produce(topic, state, key=b"Air Paradis", partition=partition)
        own = Fold(lambda _: Rules()).pack(partition, 0)
        producer.produce(topic, own, key=PARTITION_KEY, partition=partition)
    producer.flush()
    worker = real_stream.worker()
    assert worker.finish() == 3
    assert "the number of partitions was changed" in worker.said().splitlines()[-1]


@pytest.mark.services
def test_evidence_in_the_wrong_partition_stops_the_worker(real_stream: Stream) -> None:
    producer = Producer({"bootstrap.servers": real_stream.settings.kafka_bootstrap_servers})
    topic = real_stream.settings.topic(wire.PROCESSOR_STATE)
    for partition in range(real_stream.settings.partitions):
        packed = b'{"v":1,"sample":[]}'
        producer.produce(topic, packed, key=key("Air Paradis", START_MS), partition=partition)
    producer.flush()
    worker = real_stream.worker()
    assert worker.finish() == 3
    assert "the number of partitions was changed" in worker.said().splitlines()[-1]


@pytest.mark.services
def test_evidence_that_is_none_stops_the_worker(real_stream: Stream) -> None:
    Source(real_stream).tweet(START_MS)
    run_to_the_end(real_stream).signal(signal.SIGTERM)
    (partition,) = real_stream.ends()
    producer = Producer({"bootstrap.servers": real_stream.settings.kafka_bootstrap_servers})
    topic = real_stream.settings.topic(wire.PROCESSOR_STATE)
    producer.produce(topic, b'{"v":1}', key=key("Air Paradis", START_MS), partition=partition)
    producer.flush()
    worker = real_stream.worker()
    assert worker.finish() == 3
    assert "the evidence of brand 'Air Paradis' cannot be read" in worker.said().splitlines()[-1]


def test_evidence_is_a_record_of_its_own_and_is_deleted_when_it_is_learnt(stream: Stream) -> None:
    source = Source(stream)
    source.tweet(START_MS)
    run_to_the_end(stream)
    own = key("Air Paradis", START_MS)
    sample = orjson.loads(dict(stream.committed(wire.PROCESSOR_STATE))[own])["sample"]
    assert sample[0][-1] == "Lost my bag, again"
    source.tweet(START_MS + 3 * 3_600_000)
    source.beat(START_MS + 4 * 3_600_000)
    stream.await_done()
    last = dict(stream.committed(wire.PROCESSOR_STATE))
    assert last[own] == b""
    assert orjson.loads(last[key("Air Paradis")])["counts"].keys() == {"lost", "bag"}


def test_a_broker_that_is_not_there_is_said_in_one_line(tmp_path: Path) -> None:
    stream = Stream(f"127.0.0.1:{free_port()}", "nowhere.", tmp_path)
    try:
        worker = stream.worker()
        await_that(lambda: worker.said() != "", "a word from the worker")
        worker.signal(signal.SIGTERM)
        worker.finish()
        assert len(worker.said().splitlines()) == 1
        assert "127.0.0.1" in worker.said()
    finally:
        stream.close()


@pytest.mark.services
def test_a_worker_whose_broker_is_gone_is_not_ready(tmp_path: Path) -> None:
    with KafkaServer(tmp_path / "kafka") as server:
        stream = Stream(server.bootstrap_servers, "gone.", tmp_path)
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
def test_a_brands_gauges_move_with_it(real_stream: Stream) -> None:
    brands = {partition_of(name, 4): name for name in "ABCDEFGHIJ"}
    assert len(brands) == 4
    for name in brands.values():
        Source(real_stream).tweet(START_MS, brand=name)
    workers = [run_to_the_end(real_stream), real_stream.worker()]
    workers[1].await_ready()

    def shown(worker: Worker) -> set[str]:
        page = (worker.get("/metrics") or b"").decode()
        return set(re.findall(r'^badbuzz_brand_alert_state{brand="(.)"}', page, re.MULTILINE))

    def shared() -> bool:
        first, second = map(shown, workers)
        return bool(first and second) and not first & second and len(first | second) == 4

    await_that(shared, "each brand on one of two workers")


@pytest.mark.services
def test_deployments_with_prefixes_of_their_own_do_not_disturb_each_other(
    real_kafka: str, tmp_path: Path
) -> None:
    streams = [
        Stream(real_kafka, f"apart-{side}.", tmp_path / side, {"BADBUZZ_APP_ID": "badbuzz"})
        for side in ("left", "right")
    ]
    try:
        workers = []
        for stream in streams:
            stream.create_topics()
            workers.append(stream.worker())
            workers[-1].await_ready()
        for stream in streams:
            Source(stream).tweet(START_MS)
            stream.await_done()
        assert all(worker.running for worker in workers)
    finally:
        for stream in streams:
            stream.close()


def test_a_record_that_is_not_keyed_by_its_brand_is_buried(stream: Stream) -> None:
    tweet = Tweet("1", "Air Paradis", "Lost", START_MS, START_MS, seq=1, source="t", lang="en")
    astray = next(name for name in "ABCDEFGHIJ" if partition_of(name, 4) != PLACE)
    Source(stream).raw(wire.encode_tweet(tweet), key=astray)
    worker = run_to_the_end(stream)
    assert metric(worker, "badbuzz_dead_letters_total", reason="misplaced") == 1


@pytest.mark.services
def test_state_that_is_no_state_stops_the_worker(real_stream: Stream) -> None:
    Source(real_stream).tweet(START_MS)
    run_to_the_end(real_stream).signal(signal.SIGTERM)
    (partition,) = real_stream.ends()
    producer = Producer({"bootstrap.servers": real_stream.settings.kafka_bootstrap_servers})
    topic = real_stream.settings.topic(wire.PROCESSOR_STATE)
    producer.produce(topic, b"{", key=b"Air Paradis", partition=partition)
    producer.flush()
    worker = real_stream.worker()
    assert worker.finish() == 3
    assert "state of brand 'Air Paradis' cannot be read" in worker.said().splitlines()[-1]


@pytest.mark.services
def test_a_missing_offset_in_mid_batch_is_looked_for_and_counted(real_stream: Stream) -> None:
    producer = Producer(
        {
            "bootstrap.servers": real_stream.settings.kafka_bootstrap_servers,
            "transactional.id": real_stream.settings.topic_prefix,
            "partitioner": "murmur2_random",
        }
    )
    producer.init_transactions()
    for n in range(3):  # the marker of a transaction takes an offset
        producer.begin_transaction()
        tweet = Tweet(str(n), "Air Paradis", "Lost", START_MS, START_MS, n, "marked", "en")
        topic = real_stream.settings.topic(wire.TWEETS)
        producer.produce(topic, wire.encode_tweet(tweet), key="Air Paradis")
        producer.commit_transaction()
    worker = real_stream.worker()
    await_that(lambda: len(real_stream.committed(wire.SCORED_TWEETS)) == 3, "three verdicts")
    assert metric(worker, "badbuzz_gaps_total") == 2


@pytest.mark.services
def test_a_topic_made_anew_stops_the_worker(real_stream: Stream) -> None:
    source = Source(real_stream)
    for i in range(3):
        source.tweet(START_MS + i)
    worker = run_to_the_end(real_stream)
    worker.signal(signal.SIGTERM)
    assert worker.finish() == 0
    name = real_stream.settings.topic(wire.TWEETS)
    admin = AdminClient({"bootstrap.servers": real_stream.settings.kafka_bootstrap_servers})
    admin.delete_topics([name])[name].result()
    await_that(lambda: name not in admin.list_topics(timeout=5).topics, "the topic's end")
    real_stream.create_topics()
    worker = real_stream.worker()
    assert worker.finish() != 0
    assert "made anew" in worker.said() or "state was lost" in worker.said()


@pytest.mark.services
def test_an_output_that_the_broker_refuses_stops_the_worker(real_stream: Stream) -> None:
    scored = real_stream.settings.topic(wire.SCORED_TWEETS)
    admin = AdminClient({"bootstrap.servers": real_stream.settings.kafka_bootstrap_servers})
    small = ConfigResource(
        ResourceType.TOPIC,
        scored,
        incremental_configs=[
            ConfigEntry("max.message.bytes", "100", incremental_operation=AlterConfigOpType.SET)
        ],
    )
    admin.incremental_alter_configs([small])[small].result()
    worker = real_stream.worker()
    worker.await_ready()
    Source(real_stream).tweet(START_MS, "Lost my bag, " * 50)
    assert worker.finish() != 0
    assert real_stream.positions() == {}


def test_an_oversized_record_is_buried_in_part(stream: Stream) -> None:
    Source(stream).raw(b"x" * 900_000)
    run_to_the_end(stream)
    ((_, value),) = stream.committed(wire.DEAD_LETTERS)
    assert value == b"x" * 256 * 1024


@pytest.mark.parametrize(("n_bytes", "buried"), [(65_536, 0), (65_537, 1)])
def test_a_record_of_one_character_is_read_up_to_64_kib(
    stream: Stream, n_bytes: int, buried: int
) -> None:
    tweet = Tweet("1", "Air Paradis", "", START_MS, START_MS, seq=1, source="t", lang="en")
    empty = len(wire.encode_tweet(tweet))
    Source(stream).raw(wire.encode_tweet(replace(tweet, text="a" * (n_bytes - empty))))
    run_to_the_end(stream)
    assert len(stream.committed(wire.DEAD_LETTERS)) == buried


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
def test_cpu_time_is_told_by_stage(measured: set[str], stage: str) -> None:
    assert f"badbuzz_cpu_seconds_total {stage}" in measured


@pytest.fixture(scope="module")
def measured(embedded_kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[set[str]]:
    """Names of the metrics after a tweet and a closed window; CPU time with its stage."""
    stream = Stream(embedded_kafka, "measured.", tmp_path_factory.mktemp("measured"))
    stream.create_topics()
    source = Source(stream)
    source.tweet(START_MS)
    source.beat(START_MS + BUCKET_MS + 120_000)
    page = run_to_the_end(stream).get("/metrics")
    assert page is not None
    families = text_string_to_metric_families(page.decode())
    samples = [sample for family in families for sample in family.samples]
    yield {sample.name for sample in samples} | {
        f"{sample.name} {sample.labels['stage']}" for sample in samples if "stage" in sample.labels
    }
    stream.close()


def test_a_port_that_is_taken_is_said_in_one_line(stream: Stream) -> None:
    first = stream.worker()
    first.await_ready()
    second = stream.command("process", BADBUZZ_WEB_PORT=str(first.port))
    assert second.finish() == 2
    assert "set BADBUZZ_WEB_PORT" in second.said().splitlines()[-1]
