"""Tests of the processor on real brokers: lost or unreadable state and records stop it."""

from __future__ import annotations

import signal
from pathlib import Path

import orjson
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import (
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from badbuzz import wire
from badbuzz.detection.baseline_file import encode_baselines, extract_baseline
from badbuzz.detection.fold import Fold
from badbuzz.detection.seen_ids import PREFIX as IDS_PREFIX
from badbuzz.detection.state import BrandState, Rules
from badbuzz.evidence.sample import key
from badbuzz.model import Tweet
from stream_processor.engine.partitioner import partition_of
from stream_processor.processor.state_topic import PARTITION_KEY
from tests.support.events import START_MS
from tests.support.source import RecordProducer, metric, run_to_end
from tests.support.stream import Deployment, await_that

pytestmark = pytest.mark.kafka


@pytest.mark.services
def test_a_shutdown_commits_everything(real_stream: Deployment) -> None:
    stream = real_stream
    worker = stream.worker()
    worker.await_ready()
    producer = RecordProducer(stream)
    for i in range(200):
        producer.tweet(START_MS + i)
    await_that(lambda: bool(stream.positions()), "the first checkpoint")
    worker.signal(signal.SIGTERM)
    assert worker.finish() == 0
    stream.worker().await_ready()
    stream.await_done()
    assert len(stream.committed(wire.SCORED_TWEETS)) == 200


def test_a_partition_that_never_had_a_record_has_lost_nothing(stream: Deployment) -> None:
    RecordProducer(stream).tweet(START_MS)
    worker = run_to_end(stream)
    worker.signal(signal.SIGTERM)
    assert worker.finish() == 0
    run_to_end(stream)


@pytest.mark.services
def test_a_joining_worker_gets_partitions_and_state(real_stream: Deployment) -> None:
    stream = real_stream
    RecordProducer(stream).tweet(START_MS)
    first = run_to_end(stream)
    second = stream.worker()
    second.await_ready()

    def shares() -> list[int]:
        pages = [worker.get("/readyz") for worker in (first, second)]
        return [len(orjson.loads(page)["partitions"]) if page else 0 for page in pages]

    await_that(lambda: shares() == [2, 2], "two partitions each")
    states = [worker.get("/state/Air%20Paradis") for worker in (first, second)]
    assert sum(state is not None for state in states) == 1


@pytest.mark.services
def test_lost_state_stops_the_worker(real_stream: Deployment) -> None:
    RecordProducer(real_stream).tweet(START_MS)
    run_to_end(real_stream).signal(signal.SIGTERM)
    real_stream.delete_topic(wire.PROCESSOR_STATE)
    real_stream.create_topics()
    worker = real_stream.worker()
    assert worker.finish() == 3
    assert "state was lost" in worker.log_text().splitlines()[-1]


@pytest.mark.services
def test_records_that_retention_deleted_unread_stop_the_worker(real_stream: Deployment) -> None:
    producer = RecordProducer(real_stream)
    producer.tweet(START_MS)
    worker = run_to_end(real_stream)
    worker.signal(signal.SIGTERM)
    assert worker.finish() == 0
    for i in range(5):
        producer.tweet(START_MS + i)
    (partition,) = real_stream.ends()
    real_stream.delete_records(wire.TWEETS, {partition: 4})
    worker = real_stream.worker()
    assert worker.finish() == 4
    assert "records 1 to 3 were deleted" in worker.log_text().splitlines()[-1]


@pytest.mark.services
def test_state_in_the_wrong_partition_stops_the_worker(real_stream: Deployment) -> None:
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
    assert "the number of partitions was changed" in worker.log_text().splitlines()[-1]


@pytest.mark.services
def test_evidence_in_the_wrong_partition_stops_the_worker(real_stream: Deployment) -> None:
    producer = Producer({"bootstrap.servers": real_stream.settings.kafka_bootstrap_servers})
    topic = real_stream.settings.topic(wire.PROCESSOR_STATE)
    for partition in range(real_stream.settings.partitions):
        packed = b'{"v":1,"sample":[]}'
        producer.produce(topic, packed, key=key("Air Paradis", START_MS), partition=partition)
    producer.flush()
    worker = real_stream.worker()
    assert worker.finish() == 3
    assert "the number of partitions was changed" in worker.log_text().splitlines()[-1]


def plant(stream: Deployment, record_key: bytes, value: bytes) -> None:
    """Write a record to the partition of Air Paradis in the state."""
    producer = Producer({"bootstrap.servers": stream.settings.kafka_bootstrap_servers})
    topic = stream.settings.topic(wire.PROCESSOR_STATE)
    partition = partition_of("Air Paradis", stream.settings.partitions)
    producer.produce(topic, value, key=record_key, partition=partition)
    producer.flush()


@pytest.mark.services
@pytest.mark.parametrize(
    ("record_key", "value", "what"),
    [
        (b"Air Paradis", b"{", "the state of brand 'Air Paradis'"),
        (key("Air Paradis", START_MS), b"{}", "the evidence of brand 'Air Paradis'"),
        (IDS_PREFIX + b"Air Paradis\x000", b"\x01", "the ids of brand 'Air Paradis'"),
        (PARTITION_KEY, b"{}", "the record of partition 2"),
    ],
    ids=["state", "evidence", "ids", "partition"],
)
def test_an_unreadable_record_of_the_state_stops_the_worker(
    real_stream: Deployment, record_key: bytes, value: bytes, what: str
) -> None:
    plant(real_stream, record_key, value)
    worker = real_stream.worker()
    assert worker.finish() == 3
    last = worker.log_text().splitlines()[-1]
    assert f"{real_stream.settings.topic(wire.PROCESSOR_STATE)}: {what} cannot be read: " in last
    assert last.endswith("; see docs/kafka.md, Recovery")


@pytest.mark.services
@pytest.mark.parametrize("command", ["export", "load", "reset-clock"])
def test_a_command_names_the_record_of_the_state_that_cannot_be_read(
    real_stream: Deployment, command: str, tmp_path: Path
) -> None:
    plant(real_stream, b"Air Paradis", b"{")
    path = tmp_path / "baseline.json"
    learnt = extract_baseline(BrandState("Air Paradis"), "Europe/Paris")
    path.write_bytes(encode_baselines([learnt], []))
    arguments = {
        "export": ("baseline", "export", "-o", str(tmp_path / "new.json")),
        "load": ("baseline", "load", str(path)),
        "reset-clock": ("topics", "reset-clock"),
    }[command]
    process = real_stream.command(*arguments)
    assert process.finish() == 3
    (line,) = process.log_text().splitlines()
    assert "the state of brand 'Air Paradis' cannot be read: " in line


@pytest.mark.services
def test_missing_offsets_are_fetched_again_and_counted(real_stream: Deployment) -> None:
    producer = Producer(
        {
            "bootstrap.servers": real_stream.settings.kafka_bootstrap_servers,
            "transactional.id": real_stream.settings.topic_prefix,
            "partitioner": "murmur2_random",
        }
    )
    producer.init_transactions()
    for n in range(3):  # each transaction's marker takes an offset
        producer.begin_transaction()
        tweet = Tweet(str(n), "Air Paradis", "Lost", START_MS, START_MS, n, "marked", "en")
        topic = real_stream.settings.topic(wire.TWEETS)
        producer.produce(topic, wire.encode_tweet(tweet), key="Air Paradis")
        producer.commit_transaction()
    worker = real_stream.worker()
    await_that(lambda: len(real_stream.committed(wire.SCORED_TWEETS)) == 3, "three predictions")
    assert metric(worker, "badbuzz_gaps_total") == 2


@pytest.mark.services
def test_a_rejected_output_stops_the_worker(real_stream: Deployment) -> None:
    scored = real_stream.settings.topic(wire.SCORED_TWEETS)
    admin = real_stream.admin()
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
    RecordProducer(real_stream).tweet(START_MS, "Lost my bag, " * 50)
    assert worker.finish() == 4
    assert "MessageSizeTooLarge" in worker.log_text().splitlines()[-1]
    assert "Traceback" not in worker.log_text()
    assert real_stream.positions() == {}
