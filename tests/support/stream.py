"""A deployment under test: commands run as processes, and topics are read as committed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient

from badbuzz import wire
from badbuzz.config.settings import Settings
from demo.processes import free_port
from demo.watch import connection
from stream_processor.processor.state_topic import PARTITION_KEY

LIMIT_S = 90.0
UNAVAILABLE = frozenset(
    {
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError._TRANSPORT,
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError._TIMED_OUT,
        KafkaError._WAIT_COORD,
        KafkaError._UNKNOWN_PARTITION,
    }
)
Record = tuple[bytes | None, bytes]


def await_that(condition: Callable[[], bool], what: str, limit_s: float = LIMIT_S) -> None:
    """Poll a condition until it holds, and fail after a time limit.

    A condition that takes long, such as one that reads a topic, is polled less often, so that the
    processes under test have the machine.
    """
    deadline_s = time.monotonic() + limit_s
    while True:
        asked_s = time.monotonic()
        if _holds(condition):
            return
        answered_s = time.monotonic()
        if answered_s > deadline_s:
            raise AssertionError(f"{what} did not come within {limit_s:.0f} s")
        time.sleep(max(0.02, 3 * (answered_s - asked_s)))


def _holds(condition: Callable[[], bool]) -> bool:
    """Tell whether a condition holds; while the broker restarts, it does not."""
    try:
        return condition()
    except KafkaException as error:
        if error.args[0].code() not in UNAVAILABLE:
            raise
        return False


class CommandProcess:
    """A command of badbuzz that runs as a process, with its log."""

    def __init__(self, arguments: list[str], environ: dict[str, str], log: Path) -> None:
        self.log = log
        self._file = log.open("ab")
        self.popen = subprocess.Popen(
            arguments, env={**os.environ, **environ}, stdout=self._file, stderr=self._file
        )

    def signal(self, number: signal.Signals) -> None:
        self.popen.send_signal(number)

    def kill(self) -> None:
        """Kill the process with SIGKILL and wait for its end."""
        self.popen.kill()
        self.popen.wait()

    def finish(self, limit_s: float = LIMIT_S) -> int:
        """Wait for the end of the process and return its exit code."""
        return self.popen.wait(limit_s)

    @property
    def running(self) -> bool:
        return self.popen.poll() is None

    def log_text(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def close(self) -> None:
        if self.running:
            self.signal(signal.SIGCONT)
            self.kill()
        self._file.close()


class WorkerProcess(CommandProcess):
    """A worker process, and the answers of its web server."""

    def __init__(
        self,
        environ: dict[str, str],
        log: Path,
        command: tuple[str, ...] = ("-m", "badbuzz"),
        arguments: tuple[str, ...] = ("process",),
    ) -> None:
        self.port = free_port()
        super().__init__(
            [sys.executable, *command, *arguments],
            {**environ, "BADBUZZ_WEB_PORT": str(self.port)},
            log,
        )

    def get(self, path: str) -> bytes | None:
        """Return a page, or None if it cannot be fetched."""
        try:
            url = f"http://127.0.0.1:{self.port}{path}"
            with urllib.request.urlopen(url, timeout=5) as answer:
                return bytes(answer.read())
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return None

    def readiness(self) -> dict[str, Any]:
        """Return the answer of ``/readyz``, ready or not; empty if the server does not answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as page:
                return dict(orjson.loads(page.read()))
        except urllib.error.HTTPError as refusal:
            return dict(orjson.loads(refusal.read()))
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return {}

    def await_ready(self) -> None:
        """Wait until the worker owns partitions and has loaded their state."""
        await_that(lambda: self.get("/readyz") is not None or not self.running, "a ready worker")
        assert self.running, self.log_text()


class Deployment:
    """The workers, other commands and topics of one topic prefix.

    Parameters
    ----------
    bootstrap
        Address of the broker.
    prefix
        Prefix of the topics, unique to the test.
    folder
        Folder for logs.
    environ
        Further settings, as environment variables.
    """

    def __init__(
        self, bootstrap: str, prefix: str, folder: Path, environ: dict[str, str] | None = None
    ) -> None:
        self.environ = {
            "BADBUZZ_KAFKA_BOOTSTRAP_SERVERS": bootstrap,
            "BADBUZZ_TOPIC_PREFIX": prefix,
            "BADBUZZ_APP_ID": f"{prefix}badbuzz",
            **(environ or {}),
        }
        self.settings = Settings.read(self.environ)
        self._folder = folder
        self._processes: list[CommandProcess] = []
        folder.mkdir(parents=True, exist_ok=True)

    def command(self, *arguments: str, module: str = "badbuzz", **environ: str) -> CommandProcess:
        """Start a command of badbuzz, or of a module that changes it for a test."""
        log = self._folder / f"{arguments[0]}-{len(self._processes)}.log"
        process = CommandProcess(
            [sys.executable, "-m", module, *arguments], self.environ | environ, log
        )
        self._processes.append(process)
        return process

    def worker(
        self, command: tuple[str, ...] = ("-m", "badbuzz"), options: tuple[str, ...] = ()
    ) -> WorkerProcess:
        """Start a processor."""
        log = self._folder / f"worker-{len(self._processes)}.log"
        worker = WorkerProcess(self.environ, log, command, ("process", *options))
        self._processes.append(worker)
        return worker

    def recorder(self, store_url: str, *options: str) -> WorkerProcess:
        """Start a recorder."""
        log = self._folder / f"recorder-{len(self._processes)}.log"
        environ = self.environ | {"BADBUZZ_STORE": store_url}
        recorder = WorkerProcess(environ, log, arguments=("record", *options))
        self._processes.append(recorder)
        return recorder

    def notifier(self, environ: dict[str, str], *options: str) -> WorkerProcess:
        """Start a notifier with the sinks and the store of an environment."""
        if "BADBUZZ_STORE" not in environ:
            options = (*options, "--no-store")
        log = self._folder / f"notifier-{len(self._processes)}.log"
        notifier = WorkerProcess(self.environ | environ, log, arguments=("notify", *options))
        self._processes.append(notifier)
        return notifier

    def create_topics(self) -> None:
        """Run ``badbuzz topics``."""
        process = self.command("topics")
        assert process.finish() == 0, process.log_text()

    def admin(self) -> AdminClient:
        """Return an admin client; keep a reference to it until its answers have come."""
        return AdminClient({"bootstrap.servers": self.settings.kafka_bootstrap_servers})

    def delete_topic(self, name: str) -> None:
        """Delete a topic and wait until the broker does not show it."""
        topic, admin = self.settings.topic(name), self.admin()
        admin.delete_topics([topic])[topic].result()
        await_that(lambda: topic not in admin.list_topics(timeout=5).topics, "the end of the topic")

    def delete_records(self, name: str, offsets: Mapping[int, int]) -> None:
        """Delete the records of a topic below offsets by partition, as retention does."""
        topic, admin = self.settings.topic(name), self.admin()
        places = [TopicPartition(topic, partition, end) for partition, end in offsets.items()]
        for deleted in admin.delete_records(places).values():
            deleted.result()

    def close(self) -> None:
        """Kill the processes that still run."""
        for process in self._processes:
            process.close()

    @contextmanager
    def _consumer(self) -> Iterator[Consumer]:
        consumer = Consumer(
            {
                **connection(self.settings),
                "group.id": "test",
                "isolation.level": "read_committed",
                "enable.partition.eof": True,
                "enable.auto.commit": False,
                "log_level": 2,
            }
        )
        try:
            yield consumer
        finally:
            consumer.close()

    def committed(self, name: str) -> list[Record]:
        """Return key and value of the committed records of a topic, by partition and offset."""
        return [  # a tombstone has no value
            (message.key(), message.value() or b"") for message in self._messages(name)
        ]

    def headers(self, name: str) -> list[dict[str, bytes]]:
        """Return the headers of the committed records of a topic, by partition and offset."""
        return [
            {header: value or b"" for header, value in message.headers() or ()}
            for message in self._messages(name)
        ]

    def sent(self, name: str) -> list[tuple[float, bytes]]:
        """Return timestamp (Unix seconds) and value of the committed records of a topic."""
        return [
            (message.timestamp()[1] / 1000, message.value() or b"")
            for message in self._messages(name)
        ]

    def _messages(self, name: str) -> list[Message]:
        topic = self.settings.topic(name)
        messages: dict[int, list[Message]] = {p: [] for p in range(self.settings.partitions)}
        left = set(messages)
        with self._consumer() as consumer:
            consumer.assign([TopicPartition(topic, partition, 0) for partition in left])
            while left:
                for message in consumer.consume(5000, 0.2):
                    if message.error() is None:
                        messages[message.partition()].append(message)
                    elif message.error().code() == KafkaError._PARTITION_EOF:
                        left.discard(message.partition())
                    else:
                        raise KafkaException(message.error())
        return [message for partition in sorted(messages) for message in messages[partition]]

    def positions(self) -> dict[int, int]:
        """Return the next offset of each partition from the processor's state."""
        offsets: dict[int, int] = {}
        for key, value in self.committed(wire.PROCESSOR_STATE):
            if key == PARTITION_KEY:
                state = orjson.loads(value)
                offsets[state["partition"]] = state["next_offset"]
        return offsets

    def ends(self, name: str = wire.TWEETS) -> dict[int, int]:
        """Return the end offset of each partition of a topic that holds records."""
        topic = self.settings.topic(name)
        with self._consumer() as consumer:
            ends = {
                partition: consumer.get_watermark_offsets(TopicPartition(topic, partition))[1]
                for partition in range(self.settings.partitions)
            }
        return {partition: end for partition, end in ends.items() if end}

    def await_done(self) -> None:
        """Wait until all records of ``tweets`` are processed and committed."""
        await_that(lambda: self.positions() == self.ends(), "the end of the stream")

    def outputs(self, *names: str) -> dict[str, list[bytes]]:
        """Return the sorted values of committed records by topic."""
        return {name: sorted(value for _, value in self.committed(name)) for name in names}


def difference(
    actual: Mapping[str, Sequence[object]], expected: Mapping[str, Sequence[object]]
) -> str:
    """Describe the first difference between outputs; a diff of all records would take hours."""
    for name, values in expected.items():
        if len(actual[name]) != len(values):
            return f"{name}: {len(actual[name])} records, not {len(values)}"
        for place, (value, other) in enumerate(zip(actual[name], values, strict=True)):
            if value != other:
                return f"{name}, record {place}: {value!r}, not {other!r}"
    return ""
