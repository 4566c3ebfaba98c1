"""Measure the CPU cost of recording per window, per scored tweet, and at 1,000 tweets/s.

Starts Apache Kafka from its jars, writes the outputs of a processor, and runs ``badbuzz record`` on
SQLite, or with ``--postgres`` on PostgreSQL. CPU is the recorder's own, user and system.

Run: python -m benchmarks.recorder [--postgres] [--only windows | backlog | live]
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from confluent_kafka import Producer

from badbuzz import wire
from badbuzz.model import Prediction, Tweet, Window
from badbuzz.store.database import Store
from benchmarks.worker import environ, wait_for
from demo.watch import WorkerClient
from stream_processor.engine.partitioner import partition_of
from tests.e2e.records import positions
from tests.support.servers import KafkaServer, PostgresServer
from tests.support.stream import Deployment

N_PARTITIONS = 4
BRANDS = [f"Airline {n}" for n in range(50)]
WEEK_OF_WINDOWS = 2016
N_BACKLOG = 100_000
OFFERED_PER_S = 1000
OFFERED_FOR_S = 40
START_MS = 1_793_577_600_000
BUCKET_MS = 300_000
WORDS = (
    "my", "bag", "never", "came", "and", "nobody", "answers", "the", "phone", "again", "thanks",
    "for", "nothing", "crew", "gate",
)  # fmt: skip

Sent = tuple[str, str, bytes]
"""Topic, brand, value."""


def windows() -> Iterator[Sent]:
    """Generate a week of every brand's windows in closing order."""
    for n in range(WEEK_OF_WINDOWS):
        start_ms = START_MS + n * BUCKET_MS
        for brand in BRANDS:
            window = Window(
                brand, start_ms, start_ms + BUCKET_MS, 30, 9, 0, 8.1, 3.0, 14.0, 0.3, 0.31, 0.28,
                0.29, 0.4, 15, 0.34, "quiet", "", (), "airline-en@0123456789ab",
            )  # fmt: skip
            yield wire.WINDOWS, brand, wire.encode_window(window)


def tweets(n_tweets: int, per_s: float) -> Iterator[Sent]:
    """Generate scored tweets about all brands in turn, at a rate in event time."""
    rng = random.Random(1)
    for n in range(n_tweets):
        at_ms = START_MS + int(n * 1000 / per_s)
        text = " ".join(rng.choices(WORDS, k=16))
        brand = BRANDS[n % len(BRANDS)]
        tweet = Tweet(str(n), brand, text, at_ms, at_ms, n, "bench", "en", f"{n:016x}")
        score = round(rng.betavariate(0.7, 1.4), 4)
        prediction = Prediction(score, score >= 0.5, 0, "airline-en@0123456789ab")
        yield wire.SCORED_TWEETS, brand, wire.encode_scored(tweet, prediction)


def send(stream: Deployment, records: Iterable[Sent], per_s: float | None = None) -> int:
    """Send records, optionally paced, and return their number."""
    producer = Producer(
        {"bootstrap.servers": stream.settings.kafka_bootstrap_servers, "linger.ms": 20,
         "compression.type": "zstd", "queue.buffering.max.messages": 500_000}
    )  # fmt: skip
    started_s, n = time.monotonic(), 0
    for topic, brand, value in records:
        name, partition = stream.settings.topic(topic), partition_of(brand, N_PARTITIONS)
        producer.produce(name, value, key=brand, partition=partition)
        n += 1
        producer.poll(max(started_s + n / per_s - time.monotonic(), 0) if per_s else 0)
    producer.flush()
    return n


@contextmanager
def recorder(stream: Deployment, store_url: str) -> Iterator[psutil.Process]:
    """Run a recorder and yield its process."""
    settings = environ(stream.settings.kafka_bootstrap_servers, stream.settings.topic_prefix)
    settings["BADBUZZ_STORE"] = store_url
    process = subprocess.Popen([sys.executable, "-m", "badbuzz", "record"], env=settings)
    try:
        ready = WorkerClient(int(settings["BADBUZZ_WEB_PORT"])).ready
        wait_for(lambda: process.poll() is not None or ready(), "a start", pause_s=0.01)
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def cpu_s(process: psutil.Process) -> float:
    """Return the user and system CPU seconds of a process."""
    times = process.cpu_times()
    return float(times.user + times.system)


def await_recorded(stream: Deployment, store_url: str) -> None:
    """Wait until all records are in the store, with few queries."""
    ends = positions(stream)
    with Store.open(store_url) as store:
        wait_for(lambda: ends.items() <= store.positions().items(), "the end", pause_s=0.25)


def backlog(stream: Deployment, store_url: str, records: Iterable[Sent], what: str) -> None:
    """Measure the cost of recording a topic's backlog, without the start of the process."""
    with recorder(stream, store_url) as process:
        process.suspend()  # while the topic is filled
        n_records = send(stream, records)
        before_s, started_s = cpu_s(process), time.monotonic()
        process.resume()
        await_recorded(stream, store_url)
        took_s, used_s = time.monotonic() - started_s, cpu_s(process) - before_s
        print(f"{what}: {used_s / n_records * 1e6:.1f} us of CPU each, {n_records / took_s:,.0f}/s")


def live(stream: Deployment, store_url: str) -> None:
    """Measure the cost of recording 1,000 scored tweets per second."""
    with recorder(stream, store_url) as process:
        before_s, started_s = cpu_s(process), time.monotonic()
        n_sent = send(stream, tweets(OFFERED_PER_S * OFFERED_FOR_S, OFFERED_PER_S), OFFERED_PER_S)
        sent_s = time.monotonic()
        await_recorded(stream, store_url)
        ended_s = time.monotonic()
        share = (cpu_s(process) - before_s) / (ended_s - started_s)
        rate = n_sent / (sent_s - started_s)
        print(
            f"at {rate:,.0f} scored tweets/s: {share:.1%} of a core, recorded within "
            f"{ended_s - sent_s:.1f} s, {process.memory_info().rss / 2**20:.0f} MiB resident"
        )


def main() -> None:
    """Run the selected measurements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--only", choices=["windows", "backlog", "live"])
    options = parser.parse_args()
    KafkaServer.require()
    with (
        tempfile.TemporaryDirectory() as scratch,
        KafkaServer(Path(scratch) / "kafka") as kafka,
        PostgresServer(fsync=True) as postgres,
    ):

        def fresh(name: str) -> tuple[Deployment, str]:
            stream = Deployment(kafka.bootstrap_servers, f"{name}.", Path(scratch) / name)
            stream.create_topics()
            sqlite = f"sqlite:///{Path(scratch) / f'{name}.db'}"
            return stream, postgres.new_schema() if options.postgres else sqlite

        if options.only in (None, "windows"):
            backlog(*fresh("windows"), windows(), "windows of 50 brands")
        if options.only in (None, "backlog"):
            dense = tweets(N_BACKLOG, OFFERED_PER_S)
            backlog(*fresh("dense"), dense, "scored tweets, 1,000 a second of event time")
            sparse = tweets(N_BACKLOG // 4, 1)
            backlog(*fresh("sparse"), sparse, "scored tweets, 1 a second: all in the sample")
        if options.only in (None, "live"):
            live(*fresh("live"))


if __name__ == "__main__":
    main()
