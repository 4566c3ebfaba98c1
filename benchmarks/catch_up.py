"""Two workers catch up a quiet day: CPU of a brand's bucket, rebalances, and answers to /healthz.

The backlog has one tweet of each brand and then a heartbeat of each minute. Every bucket of every
brand is closed, encoded and written to Apache Kafka.

Run: python -m benchmarks.catch_up [--brands 10000] [--hours 24]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import psutil

from badbuzz.model import BUCKET_MS, HOUR_MS, Tweet
from tests.support.servers import KafkaServer
from tests.support.source import RecordProducer, metric
from tests.support.stream import Deployment, WorkerProcess, await_that

_MINUTE_MS: Final = 60_000
_LIMIT_S: Final = 1800.0


def send_backlog(stream: Deployment, n_brands: int, n_hours: int) -> None:
    """Send one tweet of each brand, then a heartbeat of each minute of quiet hours that end now."""
    producer = RecordProducer(stream)
    start_ms = (time.time_ns() // 1_000_000 - n_hours * HOUR_MS) // BUCKET_MS * BUCKET_MS
    for n in range(n_brands):
        brand = f"Brand {n}"
        producer.send(
            Tweet(str(n), brand, "Lost my bag", start_ms, start_ms, source="bench", lang="en")
        )
    for minute in range(1, n_hours * 60):
        at_ms = start_ms + minute * _MINUTE_MS
        producer.send(Tweet("", "", "", at_ms, at_ms, source="bench", kind="heartbeat"))
    producer.flush()


def cpu_s(worker: WorkerProcess) -> float:
    """Return the CPU time of a worker, user and system."""
    times = psutil.Process(worker.popen.pid).cpu_times()
    return times.user + times.system


def owns_two(worker: WorkerProcess) -> bool:
    return len(worker.readiness().get("partitions", ())) == 2


def n_rebalances(workers: list[WorkerProcess]) -> float:
    return sum(metric(worker, "badbuzz_rebalances_total") for worker in workers)


def measure(stream: Deployment, n_brands: int, n_hours: int) -> None:
    """Let two workers catch up, and print what it took."""
    stream.create_topics()
    workers = [stream.worker() for _ in range(2)]
    await_that(lambda: all(map(owns_two, workers)), "two partitions at each worker")
    before, started_s = n_rebalances(workers), time.monotonic()
    used_s = sum(map(cpu_s, workers))
    send_backlog(stream, n_brands, n_hours)
    slowest_s = 0.0

    def is_done() -> bool:
        nonlocal slowest_s
        for worker in workers:
            asked_s = time.monotonic()
            if worker.get("/healthz") is None:
                raise SystemExit("a worker did not answer /healthz")
            slowest_s = max(slowest_s, time.monotonic() - asked_s)
        time.sleep(1)
        return stream.positions() == stream.ends()

    await_that(is_done, "the end of the backlog", _LIMIT_S)
    used_s = sum(map(cpu_s, workers)) - used_s
    n_buckets = n_brands * n_hours * HOUR_MS // BUCKET_MS
    memory = max(psutil.Process(worker.popen.pid).memory_info().rss for worker in workers)
    print(f"wall: {time.monotonic() - started_s:.0f} s")
    print(f"CPU of a brand's quiet bucket, end to end: {used_s / n_buckets * 1e6:.1f} us")
    print(f"rebalances: {n_rebalances(workers) - before:.0f}")
    print(f"slowest answer to /healthz: {slowest_s * 1000:.0f} ms")
    print(f"memory of a worker: {memory / 2**20:.0f} MiB")


def main(arguments: list[str]) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--brands", type=int, default=10_000, help="number of brands")
    parser.add_argument("--hours", type=int, default=24, help="number of quiet hours")
    chosen = parser.parse_args(arguments)
    with (
        tempfile.TemporaryDirectory(prefix="badbuzz-bench-") as name,
        KafkaServer(Path(name)) as kafka,
    ):
        environ = {"BADBUZZ_UNLISTED_BRANDS": str(chosen.brands), "BADBUZZ_LOG_LEVEL": "WARNING"}
        stream = Deployment(kafka.bootstrap_servers, "bench.", Path(name) / "logs", environ)
        try:
            measure(stream, chosen.brands, chosen.hours)
        finally:
            stream.close()


if __name__ == "__main__":
    main(sys.argv[1:])
