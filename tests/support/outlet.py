"""A producer of the processor's outputs."""

from __future__ import annotations

from collections.abc import Iterable

from confluent_kafka import Producer

from badbuzz import wire
from badbuzz.model import Alert, Prediction, Tweet, Window
from stream_processor.engine.partitioner import partition_of
from tests.support.stream import Deployment


class OutputProducer:
    """Writes windows, alerts and scored tweets in transactions, as a processor does."""

    def __init__(self, stream: Deployment) -> None:
        self._stream = stream
        self._producer = Producer(
            {
                "bootstrap.servers": stream.settings.kafka_bootstrap_servers,
                "transactional.id": f"{stream.settings.topic_prefix}outlet",
            }
        )
        self._producer.init_transactions()

    def windows(self, *windows: Window) -> None:
        self.raw(
            wire.WINDOWS,
            [(window.brand, window.brand, wire.encode_window(window)) for window in windows],
        )

    def alerts(self, *alerts: Alert) -> None:
        self.raw(
            wire.ALERTS, [(alert.brand, alert.id, wire.encode_alert(alert)) for alert in alerts]
        )

    def tweets(self, *tweets: Tweet, score: float = 0.9) -> None:
        prediction = Prediction(score, score >= 0.5, 0, "airline-en@1")
        self.raw(
            wire.SCORED_TWEETS,
            [(tweet.brand, tweet.brand, wire.encode_scored(tweet, prediction)) for tweet in tweets],
        )

    def raw(self, topic: str, records: Iterable[tuple[str, str, bytes]]) -> None:
        """Write records, given as brand, key and value, in one transaction."""
        self._producer.begin_transaction()
        for brand, key, value in records:
            partition = partition_of(brand, self._stream.settings.partitions)
            name = self._stream.settings.topic(topic)
            self._producer.produce(name, value, key=key, partition=partition)
        self._producer.commit_transaction()
