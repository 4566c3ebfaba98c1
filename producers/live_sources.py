"""Sources that write live records to the topic that a replay would write to."""

from __future__ import annotations

import time
from contextlib import closing
from typing import Final

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError as ClientError

from badbuzz import wire
from badbuzz.config.settings import Settings
from badbuzz.errors import KafkaError, WireError
from producers.publisher import PROTOCOL

_NEWEST: Final = 200
_LIVE_MS: Final = 600_000
_LIMIT_S: Final = 10.0


def find_live_sources(settings: Settings) -> list[str]:
    """Return the sources of live records that arrived in the last ten minutes.

    The newest 200 records of each partition are read. A live source sends a heartbeat a minute to
    every partition.

    Raises
    ------
    KafkaError
        If the broker does not deliver the records.
    """
    topic = settings.topic(wire.TWEETS)
    consumer = KafkaConsumer(
        **settings.kafka_client(), api_version=PROTOCOL, enable_auto_commit=False
    )
    with closing(consumer):
        try:
            return _read(consumer, topic)
        except ClientError as error:
            raise KafkaError(
                f"the broker does not deliver records of {topic!r}: {error}"
            ) from error


def _read(consumer: KafkaConsumer, topic: str) -> list[str]:
    places = [TopicPartition(topic, one) for one in consumer.partitions_for_topic(topic) or ()]
    ends = {place: end for place, end in consumer.end_offsets(places).items() if end}
    starts = consumer.beginning_offsets([*ends])
    consumer.assign([*ends])
    for place, end in ends.items():
        consumer.seek(place, max(end - _NEWEST, starts[place]))
    found: set[str] = set()
    deadline_s = time.monotonic() + _LIMIT_S
    while any(consumer.position(place) < end for place, end in ends.items()):
        if time.monotonic() > deadline_s:
            raise KafkaError(f"the newest records of {topic!r} were not read in {_LIMIT_S:g} s")
        for records in consumer.poll(timeout_ms=500).values():
            found.update(_live_source(record.value, record.timestamp) for record in records)
    return sorted(found - {""})


def _live_source(value: bytes | None, arrived_ms: int) -> str:
    """Return the source of a record if it is live and arrived of late, otherwise nothing."""
    if arrived_ms < time.time() * 1000 - _LIVE_MS:
        return ""
    try:
        tweet = wire.decode_tweet(value or b"")
    except WireError:
        return ""
    return "" if tweet.replay else tweet.source
