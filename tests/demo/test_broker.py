"""The embedded broker, and Apache Kafka as the tests start it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka import TopicPartition as AIOTopicPartition
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

from badbuzz.config.settings import Settings
from demo.broker import EmbeddedBroker
from stream_processor.engine.topics import prepare_topics
from tests.support.servers import KafkaServer

PROTOCOL = (2, 1)


def n_partitions(address: str, topic: str) -> int:
    consumer = KafkaConsumer(bootstrap_servers=address, api_version=PROTOCOL, metrics_enabled=False)
    try:
        return len(consumer.partitions_for_topic(topic))
    finally:
        consumer.close()


def produce(address: str, topic: str, values: list[bytes]) -> None:
    producer = KafkaProducer(
        bootstrap_servers=address,
        api_version=PROTOCOL,
        acks="all",
        enable_idempotence=True,
        metrics_enabled=False,
    )
    try:
        sent = [producer.send(topic, value, partition=0) for value in values]
        for record in sent:
            record.get(timeout=30)
    finally:
        producer.close()


def consume(address: str, topic: str, n: int) -> list[bytes]:
    at = TopicPartition(topic, 0)
    consumer = KafkaConsumer(
        bootstrap_servers=address,
        api_version=PROTOCOL,
        auto_offset_reset="earliest",
        consumer_timeout_ms=20_000,
        metrics_enabled=False,
    )
    try:
        consumer.assign([at])
        values = []
        for record in consumer:
            values.append(record.value)
            if len(values) == n:
                break
        return values
    finally:
        consumer.close()


@pytest.mark.kafka
def test_embedded_broker_creates_topics_with_the_given_partitions() -> None:
    with EmbeddedBroker(["mine"], partitions=7) as broker:
        assert n_partitions(broker.bootstrap_servers, "mine") == 7


@pytest.mark.kafka
def test_embedded_broker_returns_the_records_written_to_it(embedded_kafka: str) -> None:
    produce(embedded_kafka, "given-back", [b"one", b"two"])
    assert consume(embedded_kafka, "given-back", 2) == [b"one", b"two"]


@pytest.mark.kafka
def test_embedded_broker_ends_with_its_context() -> None:
    with EmbeddedBroker() as broker:
        pid = broker.process.pid
    assert not psutil.pid_exists(pid)


@pytest.mark.kafka
def test_embedded_broker_ends_when_its_parent_is_killed() -> None:
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import time\nfrom demo.broker import EmbeddedBroker\n"
            "with EmbeddedBroker() as broker:\n"
            " print(broker.process.pid, flush=True)\n time.sleep(60)",
        ],
        stdout=subprocess.PIPE,
    )
    assert parent.stdout is not None
    with parent.stdout:
        broker = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    _, alive = psutil.wait_procs([broker], timeout=20)
    assert not alive


@pytest.mark.kafka
@pytest.mark.e2e
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_broker_command_prints_its_address_first_and_exits_with_zero(
    how: signal.Signals,
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "badbuzz", "broker", "--partitions", "3"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "BADBUZZ_TOPIC_PREFIX": "mine."},
    )
    assert process.stdout is not None
    with process.stdout:
        address = process.stdout.readline().strip()
        assert n_partitions(address, "mine.tweets") == 3
        process.send_signal(how)
        assert process.wait(20) == 0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[KafkaServer]:
    with KafkaServer(tmp_path) as server:
        yield server


@pytest.mark.kafka
@pytest.mark.services
@pytest.mark.slow
def test_kafka_keeps_acknowledged_records_over_a_kill_and_a_stop(server: KafkaServer) -> None:
    admin = KafkaAdminClient(bootstrap_servers=server.bootstrap_servers, api_version=PROTOCOL)
    admin.create_topics([NewTopic("kept", num_partitions=1, replication_factor=1)])
    admin.close()
    first = [b"%d" % i for i in range(5_000)]
    produce(server.bootstrap_servers, "kept", first)
    server.kill()
    server.start()
    produce(server.bootstrap_servers, "kept", [b"after"])
    server.stop()
    server.start()
    assert consume(server.bootstrap_servers, "kept", len(first) + 1) == [*first, b"after"]


def test_committed_transactions_are_read(kafka_settings: Settings) -> None:
    """Checksums verified: an embedded broker may write transaction markers with wrong ones."""
    topic = kafka_settings.topic("tweets")

    async def write_and_read() -> list[bytes]:
        producer = AIOKafkaProducer(
            **kafka_settings.kafka_client(), transactional_id=kafka_settings.app_id
        )
        await producer.start()
        try:
            for value in (b"first", b"second"):
                async with producer.transaction():
                    await producer.send(topic, value, partition=0)
        finally:
            await producer.stop()
        consumer = AIOKafkaConsumer(
            **kafka_settings.kafka_client(),
            isolation_level="read_committed",
            auto_offset_reset="earliest",
        )
        await consumer.start()
        try:
            consumer.assign([AIOTopicPartition(topic, 0)])
            return [(await consumer.getone()).value for _ in range(2)]
        finally:
            await consumer.stop()

    asyncio.run(prepare_topics(kafka_settings, create=True))
    assert asyncio.run(write_and_read()) == [b"first", b"second"]
