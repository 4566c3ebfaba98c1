"""The command ``replay`` as a process, and the records that it sends."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic
from kafka.errors import TopicAlreadyExistsError

from badbuzz import wire
from badbuzz.config.settings import Settings
from badbuzz.model import Tweet
from producers.publisher import PROTOCOL

MONDAY_MS = 1_793_577_600_000
PARTITIONS = 4

Finished = subprocess.CompletedProcess[str]


def create_topic(settings: Settings) -> None:
    admin = KafkaAdminClient(
        bootstrap_servers=settings.kafka_bootstrap_servers, api_version=PROTOCOL
    )
    try:
        topic = NewTopic(settings.topic(wire.TWEETS), PARTITIONS, 1)
        with suppress(TopicAlreadyExistsError):
            admin.create_topics([topic])
    finally:
        admin.close()


def environment(settings: Settings) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("BADBUZZ_")},
        "BADBUZZ_KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
        "BADBUZZ_TOPIC_PREFIX": settings.topic_prefix,
    }


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "badbuzz", "replay", *map(str, arguments)]


def replay(settings: Settings, *arguments: str | Path, **options: Any) -> Finished:
    return subprocess.run(
        command(*arguments),
        env=environment(settings),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        **options,
    )


def topic(settings: Settings) -> list[list[Tweet]]:
    """Return the records of each partition, in order."""
    consumer = KafkaConsumer(
        bootstrap_servers=settings.kafka_bootstrap_servers,
        api_version=PROTOCOL,
        metrics_enabled=False,
    )
    try:
        places = [TopicPartition(settings.topic(wire.TWEETS), p) for p in range(PARTITIONS)]
        consumer.assign(places)
        consumer.seek_to_beginning(*places)
        ends = consumer.end_offsets(places)
        received: list[list[Tweet]] = [[] for _ in places]
        while any(consumer.position(place) < ends[place] for place in places):
            for place, records in consumer.poll(timeout_ms=1000).items():
                for record in records:
                    tweet = wire.decode_tweet(record.value)
                    assert record.key == (tweet.brand.encode() if tweet.brand else None)
                    received[place.partition].append(tweet)
        return received
    finally:
        consumer.close()
