"""The one way that tweets reach Kafka: idempotent, acknowledged by all, keyed by brand."""

from __future__ import annotations

import socket
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from kafka import KafkaProducer
from kafka.errors import KafkaError as ClientError
from kafka.partitioner.default import murmur2

from badbuzz import wire
from badbuzz.config.settings import Settings
from badbuzz.errors import KafkaError
from badbuzz.model import Tweet
from badbuzz.terminal.client_logs import capture_last_message

PROTOCOL: Final = (2, 1)
"""Spoken by brokers from 2.1 to 4.x, and by the embedded one, whose own version misleads."""

MAX_IN_FLIGHT: Final = 8_000
"""Records sent and not acknowledged, at most: memory stays flat."""

_LOOK_EVERY: Final = 256
_LINGER_MS: Final = 10
_BATCH_BYTES: Final = 128 * 1024
_DELIVERY_S: Final = 120
_TRY_MS: Final = 2_000


def partition_of(brand: str, n_partitions: int) -> int:
    """Where a brand's tweets stand: Kafka's default partitioner over its UTF-8 bytes.

    Examples
    --------
    >>> partition_of("Air Paradis", 4)
    2
    """
    hashed: int = murmur2(brand.encode())
    return (hashed & 0x7FFFFFFF) % n_partitions


def _unreachable(server: str) -> str:
    """Why no connection can be made to host:port, or nothing."""
    host, _, port = server.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=2.0).close()
    except (OSError, ValueError) as error:
        return getattr(error, "strerror", None) or str(error)
    return ""


class Publisher:
    """Sends tweets to their brand's partition, and heartbeats to every one.

    Parameters
    ----------
    settings
        Where Kafka is.
    wait_s
        How long to wait for a broker that is not there.
    on_wait
        Called once with a line to show, when there is something to wait for.
    stopping
        Asked while waiting whether to give up.

    Raises
    ------
    KafkaError
        When after ``wait_s`` there is no broker or no topic.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        wait_s: float = 60.0,
        on_wait: Callable[[str], None] | None = None,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
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
            self.n_partitions = self._wait_for_topic(wait_s, on_wait, stopping)
        except BaseException:
            self._producer.close(timeout=0)
            raise
        self._partitions: dict[str, tuple[bytes, int]] = {}
        self._flying: deque[tuple[int, Any]] = deque()
        self._unlooked = 0
        self._next_seq = 0

    def _wait_for_topic(
        self, wait_s: float, on_wait: Callable[[str], None] | None, stopping: Callable[[], bool]
    ) -> int:
        deadline = time.monotonic() + wait_s
        while True:
            try:
                with capture_last_message("kafka.net") as last_message:
                    return len(self._producer.partitions_for(self._topic))
            except ClientError as error:
                problem = self._problem(last_message.text)
                if stopping():
                    raise KafkaError(f"{problem} (interrupted)") from error
                if time.monotonic() >= deadline:
                    raise KafkaError(f"{problem} (waited {wait_s:g} s)") from error
            if on_wait is not None:
                on_wait(f"{problem}; trying for {wait_s:g} s")
                on_wait = None

    def _problem(self, said: str) -> str:
        reasons = [_unreachable(server) for server in self._servers.split(",")]
        if all(reasons):
            return (
                f"no broker answers at {self._servers} ({reasons[0]}): start one (badbuzz broker) "
                "or set BADBUZZ_KAFKA_BOOTSTRAP_SERVERS"
            )
        if said:
            return (
                f"the broker at {self._servers} does not let this client in over {self._protocol}: "
                "check BADBUZZ_KAFKA_SECURITY_PROTOCOL, _SASL_… and _SSL_…"
            )
        return f"the broker at {self._servers} shows no topic {self._topic!r}: badbuzz topics"

    @property
    def acknowledged_to(self) -> int:
        """The lowest number not known to be acknowledged: where to resume."""
        return self._flying[0][0] if self._flying else self._next_seq

    def send(self, tweet: Tweet) -> None:
        """Hand a tweet or heartbeat over; blocks while too many are on their way.

        Raises
        ------
        KafkaError
            When the broker has refused an earlier one, or takes none.
        """
        value = wire.encode_tweet(tweet)
        if tweet.kind == "heartbeat":
            for partition in range(self.n_partitions):
                self._send(value, None, partition)
        else:
            key, partition = self._partitions.get(tweet.brand) or self._place(tweet.brand)
            self._next_seq = tweet.seq
            self._send(value, key, partition)
            self._next_seq = tweet.seq + 1
        if self._unlooked >= _LOOK_EVERY:
            self.look()

    def _place(self, brand: str) -> tuple[bytes, int]:
        place = brand.encode(), partition_of(brand, self.n_partitions)
        self._partitions[brand] = place
        return place

    def _send(self, value: bytes, key: bytes | None, partition: int) -> None:
        try:
            future = self._producer.send(self._topic, value, key, partition=partition)
        except ClientError as error:
            raise self._refused(error) from error
        self._flying.append((self._next_seq, future))
        self._unlooked += 1

    def look(self) -> None:
        """Take in what was acknowledged; waits while too much is not.

        Raises
        ------
        KafkaError
            When the broker has refused a record.
        """
        self._unlooked = 0
        flying = self._flying
        while flying:
            future = flying[0][1]
            if not future.is_done:
                if len(flying) <= MAX_IN_FLIGHT:
                    return
                self._await(future)
            if future.failed():
                raise self._refused(future.exception) from future.exception
            flying.popleft()

    def _await(self, future: Any) -> None:
        try:
            future.get(timeout=_DELIVERY_S + 10)
        except ClientError as error:
            raise self._refused(error) from error

    def _refused(self, error: BaseException) -> KafkaError:
        kind = type(error).__name__
        return KafkaError(
            f"the broker at {self._servers} did not take records of {self._topic!r}: "
            f"{kind}: {error}"
        )

    def flush(self) -> None:
        """Return when everything sent is acknowledged.

        Raises
        ------
        KafkaError
            When the broker has refused a record.
        """
        try:
            self._producer.flush(timeout=_DELIVERY_S + 10)
        except ClientError as error:
            raise self._refused(error) from error
        self.look()

    def close(self, timeout_s: float = 5.0) -> None:
        """Let go of the broker; what is not acknowledged by then may be lost: flush before."""
        self._producer.close(timeout=timeout_s)
