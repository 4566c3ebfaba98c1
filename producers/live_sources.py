"""Sources that write live records to the topic that a replay would write to."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError as ClientError
from kafka.errors import KafkaTimeoutError, TopicAuthorizationFailedError

from badbuzz import wire
from badbuzz.config.settings import Settings
from badbuzz.errors import KafkaError, WireError
from producers.publisher import PROTOCOL

_NEWEST: Final = 200
_LIVE_MS: Final = 600_000
_LIMIT_S: Final = 30.0
_TRY_MS: Final = 1_000
"""Longest time for which a signal is not noticed."""


def find_live_sources(
    settings: Settings, n_partitions: int, stopping: Callable[[], bool] = lambda: False
) -> list[str]:
    """Return the sources of live records that arrived in the last ten minutes.

    The newest 200 records of each partition are read. A live source sends a heartbeat a minute to
    every partition.

    Parameters
    ----------
    settings
        Settings with the address of Kafka.
    n_partitions
        Number of partitions of the topic.
    stopping
        Callback that returns True to stop waiting for the broker.

    Raises
    ------
    KafkaError
        If the broker does not deliver the records within 30 seconds, or until it is stopped.
    """
    topic = settings.topic(wire.TWEETS)
    places = [TopicPartition(topic, number) for number in range(n_partitions)]
    consumer = KafkaConsumer(
        **settings.kafka_client(),
        api_version=PROTOCOL,
        enable_auto_commit=False,
        metrics_enabled=False,
    )
    try:
        return _read(consumer, places, _Patience(stopping))
    except TopicAuthorizationFailedError as error:
        raise KafkaError(
            f"this user may not read {topic!r} to find live sources: grant it Read, or replay with "
            "--beside-live if no live source writes to the topic"
        ) from error
    except ClientError as error:
        raise KafkaError(f"the broker does not deliver records of {topic!r}: {error}") from error
    finally:
        consumer.close(autocommit=False, timeout_ms=_TRY_MS)


class _Patience:
    """A limit for all waiting, which a signal ends early."""

    def __init__(self, stopping: Callable[[], bool]) -> None:
        self._stopping = stopping
        self._deadline_s = time.monotonic() + _LIMIT_S

    def check(self) -> None:
        """Raise an error if the waiting must end."""
        if self._stopping():
            raise KafkaTimeoutError("interrupted")
        if time.monotonic() > self._deadline_s:
            raise KafkaTimeoutError(f"no answer in {_LIMIT_S:g} s")

    def ask(
        self, offsets: Callable[..., dict[TopicPartition, int]], places: list[TopicPartition]
    ) -> dict[TopicPartition, int]:
        """Return the offsets of partitions, and try again while the broker does not answer."""
        while True:
            try:
                return offsets(places, timeout_ms=_TRY_MS)
            except KafkaTimeoutError:
                self.check()


def _read(consumer: KafkaConsumer, places: list[TopicPartition], patience: _Patience) -> list[str]:
    ends = {place: end for place, end in patience.ask(consumer.end_offsets, places).items() if end}
    starts = patience.ask(consumer.beginning_offsets, [*ends])
    consumer.assign([*ends])
    for place, end in ends.items():
        consumer.seek(place, max(end - _NEWEST, starts[place]))
    found: set[str] = set()
    while any(consumer.position(place, timeout_ms=0) < end for place, end in ends.items()):
        patience.check()
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
