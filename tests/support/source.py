"""A producer of records for ``tweets``, and helpers that read a worker's metrics."""

from __future__ import annotations

from dataclasses import replace

from confluent_kafka import Producer
from prometheus_client.parser import text_string_to_metric_families

from badbuzz import wire
from badbuzz.config.settings import Settings
from badbuzz.model import Tweet
from tests.support.stream import Deployment, WorkerProcess


class RecordProducer:
    """Sends tweets, heartbeats and raw records to a deployment's ``tweets``."""

    def __init__(self, stream: Deployment) -> None:
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
        self.send(Tweet("", "", "", at_ms, at_ms, source="test", kind="heartbeat"))
        self.flush()

    def send(self, tweet: Tweet) -> None:
        """Queue a tweet for its partition, or a heartbeat for every partition."""
        value = wire.encode_tweet(tweet)
        if tweet.kind == "heartbeat":
            for partition in self._partitions:
                self._producer.produce(self._topic, value, partition=partition)
        else:
            self._producer.produce(self._topic, value, key=tweet.brand)

    def flush(self) -> None:
        """Wait until the broker has all queued records."""
        self._producer.flush()


def open_transaction(settings: Settings, name: str, partition: int) -> Producer:
    """Write a record in a transaction that stays open; return its producer, which can abort it."""
    producer = Producer(
        {
            "bootstrap.servers": settings.kafka_bootstrap_servers,
            "transactional.id": f"{settings.topic_prefix}planted",
            "transaction.timeout.ms": 900_000,
        }
    )
    producer.init_transactions()
    producer.begin_transaction()
    producer.produce(settings.topic(name), b"{}", key=b"planted", partition=partition)
    producer.flush()
    return producer


def run_to_end(stream: Deployment) -> WorkerProcess:
    worker = stream.worker()
    worker.await_ready()
    stream.await_done()
    return worker


def metric(worker: WorkerProcess, name: str, **labels: str) -> float:
    page = worker.get("/metrics")
    assert page is not None
    for family in text_string_to_metric_families(page.decode()):
        for sample in family.samples:
            if sample.name == name and sample.labels == labels:
                return sample.value
    raise AssertionError(f"no {name} {labels}")
