"""A Kafka broker in a child process and in memory, for the demo and for tests.

It is the mock cluster of librdkafka, part of the confluent-kafka wheel. It speaks Kafka's protocol
over TCP on loopback and starts in a tenth of a second. ``docs/kafka.md`` lists its limits. Run as a
module, it serves until its standard input closes, so it never outlives the process that started it.
"""

from __future__ import annotations

import ctypes
import subprocess
import sys
from collections.abc import Sequence
from typing import Final, Self

from confluent_kafka import cimpl

from badbuzz.errors import KafkaError

_PRODUCER: Final = 0
_STOP_S: Final = 5.0
_MESSAGE_BYTES: Final = 512


def _library() -> ctypes.CDLL:
    """Load the wheel's librdkafka with the signatures of its mock interface."""
    library = ctypes.CDLL(cimpl.__file__)
    text, handle, integer = ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int
    for name, returned, arguments in (
        ("conf_new", handle, []),
        ("conf_set", integer, [handle, text, text, text, ctypes.c_size_t]),
        ("new", handle, [integer, handle, text, ctypes.c_size_t]),
        ("mock_cluster_new", handle, [handle, integer]),
        ("mock_cluster_bootstraps", text, [handle]),
        ("mock_topic_create", integer, [handle, text, integer, integer]),
        ("mock_group_initial_rebalance_delay_ms", None, [handle, ctypes.c_int32]),
    ):
        function = getattr(library, f"rd_kafka_{name}")
        function.restype, function.argtypes = returned, arguments
    return library


def serve(topics: Sequence[str], partitions: int) -> str:
    """Start the broker in this process; it runs until the process ends.

    Parameters
    ----------
    topics
        Names of topics to create; others are created on first use, with 4 partitions.
    partitions
        Number of partitions of each of the topics, at least 1.

    Returns
    -------
    str
        Address of the broker, ``host:port``.

    Raises
    ------
    KafkaError
        When librdkafka cannot start it.
    """
    library = _library()
    message = ctypes.create_string_buffer(_MESSAGE_BYTES)
    conf = library.rd_kafka_conf_new()
    library.rd_kafka_conf_set(conf, b"log_level", b"0", message, _MESSAGE_BYTES)
    client = library.rd_kafka_new(_PRODUCER, conf, message, _MESSAGE_BYTES)
    cluster = library.rd_kafka_mock_cluster_new(client, 1) if client else None
    if not cluster:
        raise KafkaError(f"the embedded broker does not start: {message.value.decode()}")
    library.rd_kafka_mock_group_initial_rebalance_delay_ms(cluster, 0)
    for topic in topics:
        if library.rd_kafka_mock_topic_create(cluster, topic.encode(), partitions, 1):
            raise KafkaError(f"the embedded broker refused topic {topic!r} x {partitions}")
    address: bytes = library.rd_kafka_mock_cluster_bootstraps(cluster)
    return address.decode()


class EmbeddedBroker:
    """A broker in a child process, from ``__enter__`` to ``__exit__``.

    Parameters
    ----------
    topics
        Names of topics to create; others are created on first use, with 4 partitions.
    partitions
        Number of partitions of each of the topics, at least 1.

    Examples
    --------
    >>> with EmbeddedBroker() as broker:
    ...     broker.bootstrap_servers.rpartition(":")[0]
    '127.0.0.1'
    """

    def __init__(self, topics: Sequence[str] = (), partitions: int = 4) -> None:
        self._arguments = [str(partitions), *topics]
        self.bootstrap_servers = ""

    def __enter__(self) -> Self:
        """Start the broker and wait until it accepts connections."""
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "demo.broker", *self._arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for the parent, which needs the broker to drain
        )
        assert self.process.stdout is not None
        self.bootstrap_servers = self.process.stdout.readline().strip()
        if not self.bootstrap_servers:
            self.__exit__()
            raise KafkaError("the embedded broker did not start; the reason is printed above")
        return self

    def __exit__(self, *raised: object) -> None:
        """Stop the broker; its records are lost."""
        try:
            self.process.communicate(timeout=_STOP_S)  # closes its standard input
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()


def main(arguments: Sequence[str]) -> None:
    """Serve until standard input closes; the address is the first line of standard output.

    Parameters
    ----------
    arguments
        Number of partitions, then names of topics.
    """
    print(serve(arguments[1:], int(arguments[0])), flush=True)  # noqa: T201
    sys.stdin.buffer.read()


if __name__ == "__main__":
    main(sys.argv[1:])
