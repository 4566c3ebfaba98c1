"""Clients that follow a worker: its outputs in Kafka, its readiness and metrics over HTTP."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka import KafkaError as BrokerError
from prometheus_client.parser import text_string_to_metric_families

from badbuzz import wire
from badbuzz.config.settings import Settings
from badbuzz.errors import KafkaError
from badbuzz.model import Alert, Window
from demo.board import WorkerStats
from demo.processes import answers

_TRANSIENT = frozenset({BrokerError.UNKNOWN_TOPIC_OR_PART, BrokerError._PARTITION_EOF})
_BROKER_S = 10.0


def connection(settings: Settings) -> dict[str, str]:
    """Return the connection options under librdkafka's names.

    Examples
    --------
    >>> connection(Settings(kafka_bootstrap_servers="a:1"))
    {'bootstrap.servers': 'a:1', 'security.protocol': 'PLAINTEXT'}
    """
    options = {
        "bootstrap.servers": settings.kafka_bootstrap_servers,
        "security.protocol": settings.kafka_security_protocol,
        "sasl.mechanism": settings.kafka_sasl_mechanism,
        "sasl.username": settings.kafka_sasl_username,
        "sasl.password": settings.kafka_sasl_password,
        "ssl.ca.location": settings.kafka_ssl_cafile,
        "ssl.certificate.location": settings.kafka_ssl_certfile,
        "ssl.key.location": settings.kafka_ssl_keyfile,
    }
    unused = () if settings.kafka_security_protocol.startswith("SASL") else ("sasl.",)
    return {name: value for name, value in options.items() if value and not name.startswith(unused)}


class OutputReader:
    """Reads the committed records of the topics ``windows`` and ``alerts`` from the beginning.

    Parameters
    ----------
    settings
        Broker and topics.

    Raises
    ------
    KafkaError
        When no broker answers within ten seconds.
    """

    def __init__(self, settings: Settings) -> None:
        self._topics: dict[str, Callable[[bytes], Window | Alert]] = {
            settings.topic(wire.WINDOWS): wire.decode_window,
            settings.topic(wire.ALERTS): wire.decode_alert,
        }
        self._consumer = Consumer(
            {
                **connection(settings),
                "group.id": f"{settings.group}-demo",
                "isolation.level": "read_committed",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "log_level": 2,
            }
        )
        try:
            self._consumer.list_topics(timeout=_BROKER_S)
        except KafkaException as error:
            raise KafkaError(
                f"no broker answers at {settings.kafka_bootstrap_servers}: "
                "check BADBUZZ_KAFKA_BOOTSTRAP_SERVERS"
            ) from error
        partitions = range(settings.partitions)
        assigned = [TopicPartition(topic, n, 0) for topic in self._topics for n in partitions]
        self._consumer.assign(assigned)

    def read(self, timeout_s: float) -> Iterator[Window | Alert]:
        """Yield the records that have arrived, or wait for the first one until the time-out."""
        for message in self._consumer.consume(2000, timeout_s):
            if message.error():
                if message.error().code() in _TRANSIENT:
                    continue
                raise KafkaError(f"cannot read {message.topic()}: {message.error().str()}")
            yield self._topics[message.topic()](message.value())

    def close(self) -> None:
        """Close the consumer."""
        self._consumer.close()


class WorkerClient:
    """A client of a worker's web server.

    Parameters
    ----------
    port
        Port on the loopback interface.
    """

    def __init__(self, port: int) -> None:
        self._base = f"http://127.0.0.1:{port}"
        self._last: tuple[float, float, dict[float, float]] | None = None

    def ready(self) -> bool:
        """Return True if the worker owns partitions and has loaded their state."""
        return answers(f"{self._base}/readyz")

    def _scrape(self) -> dict[str, list[tuple[dict[str, str], float]]]:
        """Return the samples by name; none if the worker does not answer."""
        try:
            with urllib.request.urlopen(f"{self._base}/metrics", timeout=5) as answer:
                text = answer.read().decode()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return {}
        samples: dict[str, list[tuple[dict[str, str], float]]] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                samples.setdefault(sample.name, []).append((sample.labels, sample.value))
        return samples

    def n_committed(self) -> int:
        """Return the number of all processed records; -1 while some are not committed."""
        samples = self._scrape()
        if not samples or any(value for _, value in samples.get("badbuzz_lag_records", [])):
            return -1
        return int(sum(value for _, value in samples.get("badbuzz_tweets_total", [])))

    def stats(self) -> WorkerStats:
        """Return throughput and latency since the last call."""
        samples = self._scrape()
        n_tweets = sum(
            value
            for labels, value in samples.get("badbuzz_tweets_total", [])
            if labels["outcome"] != "heartbeat"
        )
        buckets = {
            float(labels["le"]): count
            for labels, count in samples.get("badbuzz_verdict_latency_seconds_bucket", [])
        }
        now_s = time.monotonic()
        before_s, n_before, buckets_before = self._last or (now_s, n_tweets, buckets)
        self._last = now_s, n_tweets, buckets
        recent = {le: count - buckets_before.get(le, 0.0) for le, count in buckets.items()}
        speed = (n_tweets - n_before) / (now_s - before_s) if now_s > before_s else None
        return WorkerStats(speed, _p99(recent), int(n_tweets))


def _p99(buckets: dict[float, float]) -> float | None:
    """Return the smallest finite bound that 99 % of the values are below."""
    total = max(buckets.values(), default=0.0)
    within = [bound for bound, count in buckets.items() if count >= 0.99 * total > 0]
    bound = min(within, default=float("inf"))
    return bound if bound != float("inf") else None
