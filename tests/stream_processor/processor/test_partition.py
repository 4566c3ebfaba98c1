"""Tests of the processor's partitions: poisoned records on real brokers, and long heartbeats."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition

from badbuzz import wire
from badbuzz.model import Tweet
from tests.support.events import BUCKET_MS, MINUTE_MS, START_MS
from tests.support.poisoned import POISON_MS, POISONED_BRAND
from tests.support.source import RecordProducer, metric, run_to_end
from tests.support.stream import Deployment, WorkerProcess, await_that, difference

pytestmark = pytest.mark.kafka

OUTPUTS = (wire.SCORED_TWEETS, wire.WINDOWS, wire.ALERTS)
STEPS = ("score", "fold", "encode", "pack")
BRANDS = ("Air Paradis", POISONED_BRAND)
CATCH_UP_S = 600.0


def tweets(n_buckets: int) -> Iterator[Tweet]:
    """Yield tweets of two brands and a heartbeat in every minute."""
    for minute in range(n_buckets * BUCKET_MS // MINUTE_MS):
        at_ms = START_MS + minute * MINUTE_MS
        yield Tweet("", "", "", at_ms, at_ms, source="test", kind="heartbeat")
        for brand in BRANDS:
            seq, text = 10 * minute, f"Lost my bag, {minute} times"
            yield Tweet(f"{minute}", brand, text, at_ms + 1, at_ms + 1, seq, "test", "en")


def poisoned(events: Iterator[Tweet]) -> Iterator[Tweet]:
    """Yield the same records and, in some minutes, some whose processing raises an exception."""
    for n, tweet in enumerate(events):
        if tweet.kind == "heartbeat" and n % 45 == 3:  # it closes the buckets of both brands
            at_ms = tweet.produced_ms + POISON_MS
            yield replace(tweet, created_ms=at_ms, produced_ms=at_ms)
        yield tweet
        place = n // 3 % 7
        if tweet.brand == POISONED_BRAND and place < len(STEPS):
            step = STEPS[place]
            yield replace(tweet, id=f"{step} {n}", seq=tweet.seq + 1, text=f"poison {step}")


def send(stream: Deployment, events: Iterator[Tweet]) -> None:
    producer = RecordProducer(stream)
    for tweet in events:
        producer.send(tweet)
    producer.flush()


def run_poisoned(stream: Deployment) -> WorkerProcess:
    worker = stream.worker(("-m", "tests.support.poisoned"))
    worker.await_ready()
    stream.await_done()
    return worker


def test_without_its_poisoned_records_the_stream_is_the_same(
    stream: Deployment, kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    clean = Deployment(kafka, f"clean-{topic_prefix}", tmp_path / "clean")
    try:
        clean.create_topics()
        send(clean, tweets(9))
        run_to_end(clean)
        send(stream, poisoned(tweets(9)))
        worker = run_poisoned(stream)
        assert not difference(stream.outputs(*OUTPUTS), clean.outputs(*OUTPUTS))
    finally:
        clean.close()
    letters = stream.headers(wire.DEAD_LETTERS)
    texts = [value for _, value in stream.committed(wire.DEAD_LETTERS)]
    assert all(b"poison" in text or b"heartbeat" in text for text in texts)
    assert sum(b"heartbeat" in text for text in texts) == 3
    assert {headers["step"] for headers in letters} == {b"score", b"fold", b"encode"}
    assert {headers["reason"] for headers in letters} == {b"failed"}
    n_poisoned = sum(b"poison" in wire.encode_tweet(one) for one in poisoned(tweets(9)))
    assert sum(b"poison" in text for text in texts) == n_poisoned
    assert metric(worker, "badbuzz_dead_letters_total", step="score", reason="failed") > 0


def test_more_dead_letters_than_the_limit_stop_the_worker(
    embedded_kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    limit = {"BADBUZZ_MAX_DEAD_LETTERS": "3"}
    stream = Deployment(embedded_kafka, topic_prefix, tmp_path, limit)
    try:
        stream.create_topics()
        producer = RecordProducer(stream)
        for _ in range(12):
            producer.raw(b"{}")
        worker = stream.worker()
        assert worker.finish() == 8
        assert "BADBUZZ_MAX_DEAD_LETTERS" in worker.log_text().splitlines()[-1]
        assert "Traceback" not in worker.log_text()
        assert len(stream.committed(wire.DEAD_LETTERS)) < 12
    finally:
        stream.close()


def quiet_backlog(n_brands: int, n_hours: int) -> Iterator[Tweet]:
    """Yield a tweet of each brand, then heartbeats only."""
    for number in range(n_brands):
        yield Tweet(f"{number}", f"brand {number}", "Lost my bag", START_MS, START_MS, number, "t")
    for minute in range(n_hours * 60):
        at_ms = START_MS + minute * MINUTE_MS
        yield Tweet("", "", "", at_ms, at_ms, source="t", kind="heartbeat")


def n_owned(worker: WorkerProcess) -> int:
    return len(worker.readiness().get("partitions", ()))


def committed(stream: Deployment) -> dict[int, int]:
    """Return the offsets of the workers' group."""
    topic, n = stream.settings.topic(wire.TWEETS), stream.settings.partitions
    group = {"group.id": stream.settings.group}
    consumer = Consumer({"bootstrap.servers": stream.settings.kafka_bootstrap_servers, **group})
    try:
        found = consumer.committed([TopicPartition(topic, partition) for partition in range(n)])
    finally:
        consumer.close()
    return {one.partition: one.offset for one in found}


@pytest.mark.services
def test_two_workers_catch_up_with_a_quiet_backlog_without_a_rebalance(
    real_kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    """Ten hours of heartbeats over 2,000 brands; a worker once needed one turn for all of them."""
    stream = Deployment(real_kafka, topic_prefix, tmp_path, {"BADBUZZ_CHECKPOINT_MS": "1000"})
    try:
        stream.create_topics()
        workers = [stream.worker() for _ in range(2)]
        await_that(lambda: [n_owned(worker) for worker in workers] == [2, 2], "two partitions each")
        n_before = [metric(worker, "badbuzz_rebalances_total") for worker in workers]
        send(stream, quiet_backlog(n_brands=2000, n_hours=10))
        await_that(lambda: committed(stream) == stream.ends(), "the end of the stream", CATCH_UP_S)
        assert [metric(worker, "badbuzz_rebalances_total") for worker in workers] == n_before
    finally:
        stream.close()
