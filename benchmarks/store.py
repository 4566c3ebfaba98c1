"""Measure writes and the API's reads of the store, on both databases.

PostgreSQL runs as in the tests, but with fsync on. CPU time is that of this process: all of
SQLite's, but only the client's share of PostgreSQL's.

Run: python -m benchmarks.store
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from sqlalchemy import event

from badbuzz.model import Scored, Tweet, Window
from badbuzz.store.database import Store
from badbuzz.store.model import Feedback, SourcePartition
from tests.support.servers import PostgresServer

N_ROUNDS = 3
N_BRANDS = 50
N_WINDOWS = 50_000
N_TWEETS = 20_000
N_FEEDBACK = 300
BATCH = 1_000
START_MS = 1_700_006_400_000
BUCKET_MS = 300_000
WINDOWS, TWEETS = SourcePartition("windows", 0), SourcePartition("scored-tweets", 0)
TEXT = "@kim my bag is lost again after an hour on hold and nobody at the desk answers"


def window(number: int) -> Window:
    """Generate the windows of all brands, bucket by bucket."""
    start_ms = START_MS + number // N_BRANDS * BUCKET_MS
    return Window(
        brand=f"brand {number % N_BRANDS}",
        start_ms=start_ms,
        end_ms=start_ms + BUCKET_MS,
        n=60 + number % 7,
        n_negative=30 + number % 5,
        n_unvalidated=0,
        expected=28.25,
        expected_low=17.0,
        expected_high=41.0,
        rate=0.5123,
        adjusted_rate=0.4987,
        baseline_rate=0.4512,
        adjusted_baseline_rate=0.44,
        score=0.7312,
        scale_min=15,
        p_value=0.2312,
        state="quiet",
        alert_id="",
        absent=(),
        bundle="airline-en@1a2b3c4d",
    )


def scored(number: int) -> Scored:
    """Generate a tweet; twenty per second, of all brands in turn."""
    score = number * 7919 % 10_000 / 10_000
    at_ms = START_MS + number * 50
    tweet = Tweet(f"{number}", f"brand {number % N_BRANDS}", TEXT, at_ms, at_ms, lang="en")
    return Scored(tweet, score, score >= 0.5, "airline-en@1a2b3c4d")


def in_batches(n: int, size: int) -> Iterator[range]:
    """Return ranges of at most ``size`` numbers that cover the numbers below n."""
    return (range(start, min(start + size, n)) for start in range(0, n, size))


def write_windows(store: Store, size: int, n: int = N_WINDOWS) -> int:
    """Record windows in batches and return their number."""
    found = [(number, window(number)) for number in range(n)]
    for batch in in_batches(n, size):
        store.record_windows(WINDOWS, found[batch.start : batch.stop], batch.stop)
    return n


def write_tweets(store: Store) -> int:
    """Record tweets in batches and return their number."""
    found = [(number, scored(number)) for number in range(N_TWEETS)]
    for batch in in_batches(N_TWEETS, BATCH):
        store.record_tweets(TWEETS, found[batch.start : batch.stop], batch.stop)
    return N_TWEETS


def write_feedback(store: Store) -> int:
    """Add feedback, each in its own transaction, and return its number."""
    for i in range(N_FEEDBACK):
        store.add_feedback(
            Feedback(
                f"{i}", START_MS, "kim", f"{i}", "b", "en", TEXT, "", True, 0.7, False, "b@1", "try"
            )
        )
    return N_FEEDBACK


WRITES: dict[str, Callable[[Store], int]] = {
    "windows/s, 1,000 a transaction": lambda store: write_windows(store, BATCH),
    "windows/s, 50 a transaction": lambda store: write_windows(store, N_BRANDS, 10_000),
    "tweets/s, 1,000 a transaction": write_tweets,
    "feedback/s, one by one": write_feedback,
}
READS: dict[str, Callable[[Store], object]] = {
    "brands": lambda store: store.brands(),
    "windows, all 1,000 of a brand": lambda s: s.windows("brand 7", 0, 2**52),
    "windows by day": lambda s: s.windows("brand 7", 0, 2**52, 288 * BUCKET_MS),
    "tweets, 50 most negative": lambda s: s.tweets("brand 7", 0, 2**52, "negative"),
    "labelling, 20": lambda s: s.labelling(),
    "changes, nothing new": lambda s: s.changes({WINDOWS: N_WINDOWS}),
    "changes, 100": lambda s: s.changes({WINDOWS: N_WINDOWS - 101}),
}


@contextmanager
def sqlite(pragma: str = "") -> Iterator[Store]:
    """Open an empty store in a file, with another pragma if one is given."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Store.open(f"sqlite:///{Path(folder) / 'badbuzz.db'}") as store,
    ):
        if pragma:
            store._engine.dispose()
            event.listen(store._engine, "connect", lambda one, _: one.execute(pragma).close())
        yield store


@contextmanager
def postgres(server: PostgresServer) -> Iterator[Store]:
    """Open an empty store on a server."""
    with Store.open(server.new_schema()) as store:
        yield store


def rate(write: Callable[[Store], int], store: Store) -> tuple[float, float]:
    """Measure writes per second of wall time and of CPU time."""
    started_s, started_cpu_s = time.perf_counter(), time.process_time()
    n = write(store)
    return n / (time.perf_counter() - started_s), n / (time.process_time() - started_cpu_s)


def spread(values: list[float], form: str = ",.0f") -> str:
    """Minimum, median and maximum."""
    return " / ".join(f"{value:{form}}" for value in
                      (min(values), statistics.median(values), max(values)))  # fmt: skip


def main() -> None:
    """Print minimum, median and maximum of several rounds."""
    with PostgresServer(fsync=True) as server:
        kinds: dict[str, Callable[[], AbstractContextManager[Store]]] = {
            "SQLite": sqlite,
            "SQLite, synchronous=NORMAL": lambda: sqlite("PRAGMA synchronous = NORMAL"),
            "PostgreSQL": lambda: postgres(server),
        }
        for name, write in WRITES.items():
            found: dict[str, list[tuple[float, float]]] = {kind: [] for kind in kinds}
            for _ in range(N_ROUNDS):
                for kind, opened in kinds.items():
                    with opened() as store:
                        found[kind].append(rate(write, store))
            for kind, rates in found.items():
                wall, cpu = map(list, zip(*rates, strict=True))
                print(f"{kind}, {name}: {spread(wall)}; of CPU {spread(cpu)}", flush=True)
        for kind in ("SQLite", "PostgreSQL"):
            with kinds[kind]() as store:
                write_windows(store, BATCH)
                write_tweets(store)
                for name, read in READS.items():
                    times_ms = []
                    for _ in range(50):
                        started_s = time.perf_counter()
                        read(store)
                        times_ms.append((time.perf_counter() - started_s) * 1000)
                    print(f"{kind}, {name}, ms: {spread(times_ms, '.2f')}", flush=True)


if __name__ == "__main__":
    main()
