"""Measure the scorer: tweets per CPU second, and the latency of a single tweet.

Run: python -m benchmarks.scorer [--data FILE]
"""

from __future__ import annotations

import argparse
import gzip
import os
import platform
import random
import resource
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import orjson

from badbuzz.models.scorer import Scorer
from producers.airlines import build_airlines
from producers.simulate import Simulation

BATCH = 256
N_WARM = 20_000
N_TIMED = 10_240
N_SINGLE = 2_000
N_ROUNDS = 7


def simulated(language: str) -> list[str]:
    """Simulate texts of a language."""
    simulation = Simulation(
        build_airlines(3), start_ms=0, n_days=6, incidents=(), seed=1, languages=(language,)
    )
    texts = [one.tweet.text for one in simulation.run() if one.tweet.lang == language]
    return texts[: N_WARM + N_TIMED]


def recorded(path: Path) -> list[str]:
    """Read the texts of JSON lines, gzipped or not, in random order."""
    data = path.read_bytes()
    lines = (gzip.decompress(data) if path.suffix == ".gz" else data).splitlines()
    texts = [orjson.loads(line)["text"] for line in lines]
    random.Random(1).shuffle(texts)
    return texts[: N_WARM + N_TIMED]


def cpu_us(scorer: Scorer, texts: list[str]) -> float:
    """Return CPU microseconds per tweet of all threads, in batches of 256."""
    started_s = time.process_time()
    for start in range(0, len(texts), BATCH):
        scorer.score(texts[start : start + BATCH])
    return (time.process_time() - started_s) / len(texts) * 1e6


def single_ms(scorer: Scorer, texts: list[str]) -> tuple[float, float]:
    """Return median and 99th percentile of the wall time of single texts, in milliseconds."""
    taken = []
    for text in texts:
        started_s = time.perf_counter()
        scorer.score([text])
        taken.append((time.perf_counter() - started_s) * 1e3)
    return float(np.median(taken)), float(np.percentile(taken, 99))


def measure(bundle: str, what: str, texts: list[str]) -> None:
    """Print minimum, median and maximum of several rounds of a bundle."""
    half = len(texts) * 2 // 3
    warm, timed = texts[:half], texts[half:]
    rounds = []
    for _ in range(N_ROUNDS):
        scorer = Scorer.load(bundle)
        cpu_us(scorer, warm)
        new = cpu_us(scorer, timed)
        rounds.append((new, cpu_us(scorer, timed), *single_ms(scorer, timed[:N_SINGLE])))
    new_us, again_us, p50_ms, p99_ms = zip(*rounds, strict=True)
    for name, us in (("never seen before", new_us), ("seen before", again_us)):
        low, middle, high = min(us), statistics.median(us), max(us)
        print(
            f"{bundle}, {what}, {name}: {low:.1f} / {middle:.1f} / {high:.1f} us of CPU a tweet, "
            f"{1e6 / low:,.0f} / {1e6 / middle:,.0f} / {1e6 / high:,.0f} tweets per CPU second"
        )
    print(
        f"{bundle}, {what}, one at a time: p50 {statistics.median(p50_ms):.2f} ms, "
        f"p99 {min(p99_ms):.2f} / {statistics.median(p99_ms):.2f} / {max(p99_ms):.2f} ms"
    )


def processor() -> str:
    """Return the name of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(": ")[1] for line in lines if line.startswith("model name")), "")


def main() -> None:
    """Measure both bundles, or the English one on a recording."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="JSON lines with 'text', gzipped or not")
    parser.add_argument("--bundle", default="airline-en", help="with --data: bundle that scores it")
    given = parser.parse_args()
    print(
        f"{processor()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, "
        f"Python {platform.python_version()}, numpy {np.__version__}, batches of {BATCH}, "
        f"{N_ROUNDS} rounds (minimum / median / maximum)"
    )
    if given.data is not None:
        measure(given.bundle, given.data.name, recorded(given.data))
    else:
        measure("airline-en", "simulated", simulated("en"))
        measure("tweets-fr", "simulated", simulated("fr"))
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"peak RSS {peak_kib / (1 << 10 if sys.platform == 'linux' else 1 << 20):.0f} MB")


if __name__ == "__main__":
    main()
