"""Publisher of tweets: idempotent, acknowledged by all in-sync replicas, keyed by brand."""

from __future__ import annotations

import socket
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from kafka import KafkaProducer
from kafka.errors import KafkaError as ClientError
from kafka.errors import KafkaTimeoutError
from kafka.partitioner.default import murmur2

from badbuzz import wire
from badbuzz.config.settings import Settings
from badbuzz.errors import KafkaError
from badbuzz.model import Tweet
from badbuzz.terminal.client_logs import capture_last_message

PROTOCOL: Final = (2, 1)
"""Protocol version: supported by Kafka 2.1 to 4.x and the embedded broker, which reports a
wrong version."""

MAX_IN_FLIGHT: Final = 8_000
"""Maximum number of records that are sent and not acknowledged; bounds memory use."""

_CHECK_INTERVAL: Final = 256
_LINGER_MS: Final = 10
_BATCH_BYTES: Final = 128 * 1024
_DELIVERY_S: Final = 120
_PATIENCE_S: Final = _DELIVERY_S + 10.0
_STOP_PATIENCE_S: Final = 4.0
"""Longest wait for acknowledgements after a signal, in seconds."""
_POLL_S: Final = 0.1
_TRY_MS: Final = 2_000


def partition_of(brand: str, n_partitions: int) -> int:
    """Return the partition of a brand: Kafka's default partitioner over its UTF-8 bytes.

    Examples
    --------
    >>> partition_of("Air Paradis", 4)
    2
    """
    hashed: int = murmur2(brand.encode())
    return (hashed & 0x7FFFFFFF) % n_partitions


def _unreachable(server: str) -> str:
    """Return why ``host:port`` refuses connections; empty if it accepts them."""
    host, _, port = server.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=2.0).close()
    except (OSError, ValueError) as error:
        return getattr(error, "strerror", None) or str(error)
    return ""


class Publisher:
    """Send tweets to the partition of their brand, and heartbeats to all partitions.

    Parameters
    ----------
    settings
        Settings with the address of Kafka.
    wait_s
        Maximum time to wait for the broker and the topic, in seconds.
    on_wait
        Callback that receives a message once if the broker or topic is missing.
    stopping
        Callback that returns True to stop waiting for the topic, and soon for acknowledgements.

    Raises
    ------
    KafkaError
        If the broker or the topic is missing after ``wait_s``.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        wait_s: float = 60.0,
        on_wait: Callable[[str], None] | None = None,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._stopping = stopping
        self._servers = settings.kafka_bootstrap_servers
        self._protocol = settings.kafka_security_protocol
        self._topic = settings.topic(wire.TWEETS)
        self._producer = KafkaProducer(
            **settings.kafka_client(),
            api_version=PROTOCOL,
            enable_idempotence=True,
            acks="all",
            compression_type="lz4",
            linger_ms=_LINGER_MS,
            batch_size=_BATCH_BYTES,
            delivery_timeout_ms=_DELIVERY_S * 1000,
            reconnect_backoff_max_ms=_TRY_MS,
            max_block_ms=_TRY_MS,
            allow_auto_create_topics=False,
            metrics_enabled=False,
        )
        try:
            self.n_partitions = self._wait_for_topic(wait_s, on_wait)
        except BaseException:
            self._producer.close(timeout=0)
            raise
        self._partitions: dict[str, tuple[bytes, int]] = {}
        self._in_flight: deque[tuple[int, Any]] = deque()
        self._n_unchecked = 0
        self._next_seq = 0

    def _wait_for_topic(self, wait_s: float, on_wait: Callable[[str], None] | None) -> int:
        deadline = time.monotonic() + wait_s
        while True:
            try:
                with capture_last_message("kafka.net") as last:
                    return len(self._producer.partitions_for(self._topic))
            except ClientError as error:
                problem = self._problem(last.text)
                if self._stopping():
                    raise KafkaError(f"{problem} (interrupted)") from error
                if time.monotonic() >= deadline:
                    raise KafkaError(f"{problem} (waited {wait_s:g} s)") from error
            if on_wait is not None:
                on_wait(f"{problem}; trying for {wait_s:g} s")
                on_wait = None

    def _problem(self, logged: str) -> str:
        reasons = [_unreachable(server) for server in self._servers.split(",")]
        if all(reasons):
            return (
                f"no broker answers at {self._servers} ({reasons[0]}): start one (badbuzz broker) "
                "or set BADBUZZ_KAFKA_BOOTSTRAP_SERVERS"
            )
        if logged:
            return (
                f"the broker at {self._servers} rejected this client over {self._protocol}: "
                "check BADBUZZ_KAFKA_SECURITY_PROTOCOL, _SASL_… and _SSL_…"
            )
        return f"the broker at {self._servers} has no topic {self._topic!r}: run badbuzz topics"

    @property
    def acknowledged_to(self) -> int:
        """Lowest number that is not known to be acknowledged: the number to resume at."""
        return self._in_flight[0][0] if self._in_flight else self._next_seq

    def send(self, tweet: Tweet) -> None:
        """Send a tweet or heartbeat; block while too many are not acknowledged.

        Raises
        ------
        KafkaError
            If the broker refuses this or an earlier record.
        """
        value = wire.encode_tweet(tweet)
        if tweet.kind == "heartbeat":
            for partition in range(self.n_partitions):
                self._send(value, None, partition)
        else:
            if tweet.brand not in self._partitions:
                partition = partition_of(tweet.brand, self.n_partitions)
                self._partitions[tweet.brand] = tweet.brand.encode(), partition
            key, partition = self._partitions[tweet.brand]
            self._next_seq = tweet.seq
            self._send(value, key, partition)
            self._next_seq = tweet.seq + 1
        if self._n_unchecked >= _CHECK_INTERVAL:
            self.check_acknowledged()

    def _send(self, value: bytes, key: bytes | None, partition: int) -> None:
        deadline_s = time.monotonic() + _DELIVERY_S
        while True:
            try:
                future = self._producer.send(self._topic, value, key, partition=partition)
                break
            except KafkaTimeoutError as error:  # the topic has no leader, or the buffer is full
                if self._stopping() or time.monotonic() >= deadline_s:
                    raise self._refused(error) from error
            except ClientError as error:
                raise self._refused(error) from error
        self._in_flight.append((self._next_seq, future))
        self._n_unchecked += 1

    def check_acknowledged(self) -> None:
        """Process acknowledgements; wait while too many records are not acknowledged.

        Raises
        ------
        KafkaError
            If the broker has refused a record.
        """
        self._process_acknowledgements(MAX_IN_FLIGHT)

    def _process_acknowledgements(self, n_pending: int) -> None:
        """Wait until at most ``n_pending`` records are not acknowledged."""
        self._n_unchecked = 0
        in_flight = self._in_flight
        while in_flight:
            future = in_flight[0][1]
            if not future.is_done:
                if len(in_flight) <= n_pending:
                    return
                self._await(future)
            if future.failed():
                raise self._refused(future.exception) from future.exception
            in_flight.popleft()

    def _await(self, future: Any) -> None:
        """Wait until a record is acknowledged or refused; after a signal only for seconds."""
        waited_s, step_s = 0.0, _POLL_S
        while not future.is_done:
            if waited_s >= (_STOP_PATIENCE_S if self._stopping() else _PATIENCE_S):
                raise KafkaError(
                    f"the broker at {self._servers} does not answer: {len(self._in_flight)} "
                    f"records of {self._topic!r} are not acknowledged"
                )
            with suppress(ClientError):  # the time-out, or the record's error, which is read later
                future.get(timeout=step_s)
            waited_s += step_s

    def _refused(self, error: BaseException) -> KafkaError:
        kind = type(error).__name__
        return KafkaError(
            f"the broker at {self._servers} refused records of {self._topic!r}: {kind}: {error}"
        )

    def flush(self) -> None:
        """Wait until all records are acknowledged.

        Raises
        ------
        KafkaError
            If the broker has refused a record.
        """
        self._process_acknowledgements(0)

    def close(self, timeout_s: float = 1.0) -> None:
        """Close the connections; records that are not acknowledged may be lost: flush first."""
        try:
            self._producer.close(timeout=timeout_s)
        except KafkaTimeoutError:  # it does not close while records are not acknowledged
            self._producer._sender.force_close()
            with suppress(KafkaTimeoutError):
                self._producer.close(timeout=timeout_s)
