"""The API: how long one score takes at 200 requests/s, and a stream with 50 listeners.

The load comes from other processes, by the clock and not by the answers (an open loop), so that
a slow answer is counted as late and does not thin out what follows.

Run: python -m benchmarks.api [--only score|stream] [--seconds 30]
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import platform
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np
import orjson
import psutil

from badbuzz.model import Scored, Tweet
from badbuzz.store.database import Store
from badbuzz.store.model import SourcePartition
from benchmarks.scorer import processor, simulated
from tests.support.served import Served, window

N_A_SECOND = 200
N_CONNECTIONS = 16
N_LISTENERS = 50
N_BRANDS = 50
N_TWEETS_A_SECOND = 1000


class _Connection:
    """A connection kept alive: plain enough that the load costs little beside what it loads."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def ask(self, request: bytes) -> None:
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r")[0]
        await self._reader.readexactly(int(length))


def _request(key: str, text: str) -> bytes:
    body = orjson.dumps({"texts": [{"text": text, "lang": "en"}]})
    head = (
        "POST /score HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {key}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _ask(url: str, key: str, texts: list[str], seconds: float) -> list[float]:
    """Milliseconds from when each request was due to its answer."""
    took: list[float] = []
    host, _, port = url.removeprefix("http://").partition(":")
    free: asyncio.Queue[_Connection] = asyncio.Queue()
    for _ in range(N_CONNECTIONS):
        free.put_nowait(_Connection(*await asyncio.open_connection(host, int(port))))

    async def one(due_s: float, text: str) -> None:
        connection = await free.get()
        await connection.ask(_request(key, text))
        took.append((time.perf_counter() - due_s) * 1e3)
        free.put_nowait(connection)

    began_s = time.perf_counter()
    asked = set()
    for n in range(round(N_A_SECOND * seconds)):
        due_s = began_s + n / N_A_SECOND
        await asyncio.sleep(max(0.0, due_s - time.perf_counter()))
        asked.add(asyncio.create_task(one(due_s, texts[n % len(texts)])))
    await asyncio.gather(*asked)
    return took


def load(url: str, key: str, texts: list[str], seconds: float, path: str) -> None:
    """Ask for scores; write the times down."""
    took = asyncio.run(_ask(url, key, texts, seconds))
    Path(path).write_bytes(orjson.dumps(took))


def spin(until_s: float, niceness: int) -> None:
    """Keep a core busy."""
    os.nice(niceness)
    while time.time() < until_s:
        sum(range(10_000))


def score(folder: Path, seconds: float, n_busy: int, niceness: int) -> None:
    """Print how long a score takes, with so many cores kept busy by others, and how nicely."""
    with Served(folder, API_RATE=1_000_000, LOG_LEVEL="INFO") as served:
        path = folder / "took.json"
        texts = simulated("en")[:5000]
        load(served.url, served.keys["read"], texts[-400:], 2.0, str(path))
        started = _cpu_s(served)
        others = [
            multiprocessing.Process(target=spin, args=(time.time() + seconds + 1, niceness))
            for _ in range(n_busy)
        ]
        asking = multiprocessing.Process(
            target=load, args=(served.url, served.keys["read"], texts, seconds, str(path))
        )
        for process in (*others, asking):
            process.start()
        for process in (asking, *others):
            process.join()
        took = orjson.loads(path.read_bytes())
        cpu_ms = (_cpu_s(served) - started) / len(took) * 1e3
    p50, p99, worst = (float(np.percentile(took, q)) for q in (50, 99, 100))
    print(
        f"/score, one text, {N_A_SECOND} requests/s for {seconds:g} s, {n_busy} cores busy "
        f"at niceness {niceness}: "
        f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, max {worst:.1f} ms; {cpu_ms:.2f} ms of CPU a request",
        flush=True,
    )


def _cpu_s(served: Served) -> float:
    times = psutil.Process(served.pid).cpu_times()
    return float(times.user + times.system)


def record(address: str, seconds: float) -> None:
    """Record like a recorder: tweets, and a window of each brand every half second.

    These are windows of five-minute buckets, 600 times as frequent as in production, because the
    cost of a listener depends on its events. The alert_id of a window is the time of recording.
    """
    tweets = N_TWEETS_A_SECOND // 2
    with Store.open(address) as store:
        began_s = time.time()
        for n in range(round(seconds * 2)):
            time.sleep(max(0.0, began_s + n / 2 - time.time()))
            first = n * tweets
            scored = [(first + i, _tweet(first + i)) for i in range(tweets)]
            store.record_tweets(SourcePartition("scored-tweets", 0), scored, first + tweets)
            at = str(time.time())
            windows = [
                (n * N_BRANDS + b, replace(window(n, f"Brand {b}"), alert_id=at))
                for b in range(N_BRANDS)
            ]
            store.record_windows(SourcePartition("windows", 0), windows, (n + 1) * N_BRANDS)


def _tweet(n: int) -> Scored:
    tweet = Tweet(
        id=str(n),
        brand=f"Brand {n % N_BRANDS}",
        text=f"late again, {n}",
        created_ms=window(n // 10_000).start_ms + n,
        produced_ms=window(n // 10_000).start_ms + n,
        lang="en",
    )
    return Scored(tweet, n % 9973 / 9973, n % 9973 > 5000, "b@1")


async def _listen(url: str, key: str, n_events: int) -> list[float]:
    """Return the milliseconds from the recording to the receipt of each event of a listener."""
    took: list[float] = []
    headers = {"Authorization": f"Bearer {key}"}
    async with (
        httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as client,
        client.stream("GET", "/stream") as answer,
    ):
        async for line in answer.aiter_lines():
            if line.startswith("data: "):
                at_s = float(orjson.loads(line[6:])["alert_id"])
                took.append((time.time() - at_s) * 1e3)
                if len(took) == n_events:
                    break
    return took


async def _listen_all(url: str, key: str, n_events: int) -> list[float]:
    delays_ms = await asyncio.gather(*(_listen(url, key, n_events) for _ in range(N_LISTENERS)))
    return [ms for one in delays_ms for ms in one]


def listen(url: str, key: str, n_events: int, path: str) -> None:
    """Listen until each listener has received all events, and write the delays to a file."""
    Path(path).write_bytes(orjson.dumps(asyncio.run(_listen_all(url, key, n_events))))


def stream(folder: Path, seconds: float) -> None:
    """Print the delay of events with many listeners, and the CPU time and memory of the API."""
    n_events = round(seconds * 2) * N_BRANDS
    with Served(folder, API_RATE=1_000_000) as served:
        path = folder / "delays.json"
        listening = multiprocessing.Process(
            target=listen, args=(served.url, served.keys["read"], n_events, str(path))
        )
        listening.start()
        listeners = f"badbuzz_api_listeners {N_LISTENERS}.0"
        while listeners not in httpx.get(f"{served.url}/metrics").text:
            time.sleep(0.05)
        started = _cpu_s(served)
        recording = multiprocessing.Process(target=record, args=(served.address, seconds))
        recording.start()
        recording.join()
        listening.join()
        cpu_s = _cpu_s(served) - started
        rss_mb = psutil.Process(served.pid).memory_info().rss / 2**20
        took = orjson.loads(path.read_bytes())
    assert len(took) == n_events * N_LISTENERS
    p50, p99 = (float(np.percentile(took, q)) for q in (50, 99))
    print(
        f"/stream, {N_LISTENERS} listeners, {N_TWEETS_A_SECOND} tweets/s and {2 * N_BRANDS} "
        f"windows/s recorded for {seconds:g} s: all {len(took):,} events received, "
        f"recorded to received p50 {p50:.0f} ms, p99 {p99:.0f} ms; "
        f"{cpu_s / seconds:.2f} of a core, {rss_mb:.0f} MiB",
        flush=True,
    )


def main() -> None:
    """Run the selected measurements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("score", "stream"))
    parser.add_argument("--seconds", type=float, default=30.0)
    given = parser.parse_args()
    print(
        f"{processor()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, "
        f"Python {platform.python_version()}"
    )
    for n_busy, niceness in ((0, 0), (2, 10), (2, 0)) if given.only != "stream" else ():
        with tempfile.TemporaryDirectory() as folder:
            score(Path(folder), given.seconds, n_busy, niceness)
    if given.only != "score":
        with tempfile.TemporaryDirectory() as folder:
            stream(Path(folder), given.seconds)


if __name__ == "__main__":
    main()
