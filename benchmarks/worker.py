"""The worker's CPU per tweet, beside a Faust agent and a bare loop; its latency and memory.

Starts Apache Kafka from its jars. Every figure is a minimum, median and maximum over rounds in
which the three take turns; CPU is the process's own, user and system, from ready to done.

Run: python -m benchmarks.worker [--rounds 3] [--tweets 100000]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from badbuzz import wire
from badbuzz.detection.heartbeats import with_heartbeats
from badbuzz.recordings.reader import read_recording
from demo.processes import free_port
from demo.watch import WorkerClient
from tests.support.servers import KafkaServer

N_PARTITIONS = 4
OFFERED_PER_S = 1000
OFFERED_FOR_S = 30


def simulate(folder: Path, n_tweets: int, n_brands: int) -> Path:
    """Write a recording with about n tweets."""
    recording = folder / f"{n_brands}-brands.jsonl"
    per_day = n_tweets / n_brands
    subprocess.run(
        [sys.executable, "-m", "badbuzz", "simulate", "--days", "1", "--brands", str(n_brands),
         "--tweets-per-day", f"{per_day:g}", "--incidents", "none", "--quiet", "-o",
         str(recording)],
        check=True,
    )  # fmt: skip
    return recording


def environ(bootstrap: str, prefix: str) -> dict[str, str]:
    """Settings of one deployment."""
    return {
        **os.environ,
        "BADBUZZ_KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "BADBUZZ_TOPIC_PREFIX": prefix,
        "BADBUZZ_APP_ID": f"{prefix}bench",
        "BADBUZZ_LOG_LEVEL": "ERROR",
        "BADBUZZ_WEB_PORT": str(free_port()),
    }


def publish(
    bootstrap: str, prefix: str, recording: Path, *, per_s: float | None = None
) -> tuple[int, int]:
    """Create the topics and send a recording; numbers of records and of tweets."""
    subprocess.run(
        [sys.executable, "-m", "badbuzz", "topics"], env=environ(bootstrap, prefix), check=True,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    admin = AdminClient({"bootstrap.servers": bootstrap})
    agents_own = NewTopic(f"{prefix}{wire.SCORED_TWEETS}-agent", N_PARTITIONS, 1)
    admin.create_topics([agents_own])[agents_own.topic].result()
    producer = Producer(
        {"bootstrap.servers": bootstrap, "compression.type": "lz4", "linger.ms": 20,
         "enable.idempotence": True, "partitioner": "murmur2_random",
         "queue.buffering.max.messages": 500_000}
    )  # fmt: skip
    return send(producer, prefix, recording, per_s)


def send(producer: Producer, prefix: str, recording: Path, per_s: float | None) -> tuple[int, int]:
    """Send a recording, paced by wall clock when asked; records and tweets sent."""
    n_records = n_tweets = 0
    started_s = time.monotonic()
    for tweet in with_heartbeats(read_recording([str(recording)], source="replay:bench")):
        if tweet.kind == "heartbeat":
            for partition in range(N_PARTITIONS):
                producer.produce(f"{prefix}tweets", wire.encode_tweet(tweet), partition=partition)
            n_records += N_PARTITIONS
            continue
        producer.produce(f"{prefix}tweets", wire.encode_tweet(tweet), key=tweet.brand)
        n_records, n_tweets = n_records + 1, n_tweets + 1
        if per_s is not None:
            if n_tweets >= per_s * OFFERED_FOR_S:
                break
            producer.poll(max(started_s + n_tweets / per_s - time.monotonic(), 0))
    producer.flush()
    return n_records, n_tweets


def wait_for(condition: Callable[[], bool], what: str, pause_s: float) -> None:
    """Wait for a condition, looking seldom enough not to be measured; for five minutes."""
    deadline_s = time.monotonic() + 300
    while not condition():
        if time.monotonic() > deadline_s:
            raise SystemExit(f"{what} did not come within five minutes")
        time.sleep(pause_s)


def measure(
    command: list[str],
    settings: dict[str, str],
    n_records: int,
    done: Callable[[], int],
    ready: Callable[[], bool],
) -> tuple[float, int]:
    """CPU seconds of a process from ready to done, and its resident bytes."""
    process = subprocess.Popen([sys.executable, *command], env=settings)
    watched = psutil.Process(process.pid)
    try:
        wait_for(lambda: process.poll() is not None or ready(), "a start", pause_s=0.01)
        before = watched.cpu_times()
        n_before = max(done(), 0)
        wait_for(lambda: process.poll() is not None or done() >= n_records, "the end", pause_s=0.5)
        after = watched.cpu_times()
        cpu_s = after.user + after.system - before.user - before.system
        share = n_records / (n_records - n_before)
        return cpu_s * share, watched.memory_info().rss
    finally:
        process.terminate()
        process.wait()


def one_round(bootstrap: str, prefix: str, n_records: int, name: str) -> tuple[float, int]:
    """Measure the worker, the agent or the loop once, from the topic's beginning."""
    settings = environ(bootstrap, prefix)
    settings["BADBUZZ_APP_ID"] = f"{prefix}{name}-{time.time_ns()}"
    with tempfile.TemporaryDirectory() as folder:
        progress = Path(folder) / "progress"
        settings["BENCH_PROGRESS"] = str(progress)

        def counted() -> int:
            return int(progress.read_text() or 0) if progress.exists() else 0

        if name == "worker":
            worker = WorkerClient(int(settings["BADBUZZ_WEB_PORT"]))
            return measure(["-m", "badbuzz", "process"], settings, n_records, worker.n_committed,
                           worker.ready)  # fmt: skip
        module = {"agent": "benchmarks.faust_agent", "loop": "benchmarks.bare_loop"}[name]
        return measure(["-m", module], settings, n_records, counted, lambda: counted() > 0)


def spread(values: list[float]) -> str:
    """Minimum, median and maximum."""
    return f"{min(values):.1f} / {statistics.median(values):.1f} / {max(values):.1f}"


def compare(bootstrap: str, folder: Path, n_rounds: int, n_tweets: int) -> None:
    """CPU per tweet of the three, in turns."""
    recording = simulate(folder, n_tweets, 50)
    costs: dict[str, list[float]] = {"worker": [], "agent": [], "loop": []}
    for turn in range(n_rounds):
        for name, seen in costs.items():
            prefix = f"bench-{name}-{turn}."
            n_records, n_sent = publish(bootstrap, prefix, recording)
            cpu_s, _ = one_round(bootstrap, prefix, n_records, name)
            seen.append(cpu_s / n_sent * 1e6)
    for name, seen in costs.items():
        print(f"{name}, us of CPU per tweet: {spread(seen)}")
    ratios = [agent / worker for agent, worker in zip(costs["agent"], costs["worker"], strict=True)]
    print(f"agent / worker: {spread(ratios)}")


def latency(bootstrap: str, folder: Path) -> None:
    """Measure the time from Kafka's timestamp to the committed prediction, at 1,000 tweets/s."""
    recording = simulate(folder, 100_000, 50)
    prefix = "bench-latency."
    settings = environ(bootstrap, prefix)
    subprocess.run([sys.executable, "-m", "badbuzz", "topics"], env=settings, check=True,
                   stdout=subprocess.DEVNULL)  # fmt: skip
    process = subprocess.Popen([sys.executable, "-m", "badbuzz", "process"], env=settings)
    worker = WorkerClient(int(settings["BADBUZZ_WEB_PORT"]))
    try:
        wait_for(worker.ready, "a start", pause_s=0.05)
        producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 5,
                             "partitioner": "murmur2_random"})  # fmt: skip
        worker.stats()
        n_records, _ = send(producer, prefix, recording, OFFERED_PER_S)
        wait_for(lambda: worker.n_committed() >= n_records, "the end", pause_s=0.5)
        p99_s = worker.stats().latency_p99_s
        print(f"latency at {OFFERED_PER_S}/s, p99: at most {p99_s} s")
    finally:
        process.terminate()
        process.wait()


def memory(bootstrap: str, folder: Path) -> None:
    """Resident memory with a thousand brands."""
    recording = simulate(folder, 50_000, 1000)
    n_records, _ = publish(bootstrap, "bench-memory.", recording)
    _, rss = one_round(bootstrap, "bench-memory.", n_records, "worker")
    print(f"worker with 1,000 brands: {rss / 2**20:.0f} MiB resident")


def main() -> None:
    """Run everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tweets", type=int, default=100_000)
    parser.add_argument("--only", choices=["compare", "latency", "memory"])
    options = parser.parse_args()
    KafkaServer.require()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        server = KafkaServer(folder / "kafka").start()
        try:
            if options.only in (None, "compare"):
                compare(server.bootstrap_servers, folder, options.rounds, options.tweets)
            if options.only in (None, "latency"):
                latency(server.bootstrap_servers, folder)
            if options.only in (None, "memory"):
                memory(server.bootstrap_servers, folder)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
