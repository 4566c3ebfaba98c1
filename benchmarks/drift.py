"""Measure the cost of the drift metrics in the worker, or the drift of some texts.

Run: python -m benchmarks.drift
     python -m benchmarks.drift --data FILE… [--bundle airline-en] [--brand NAME]
"""

from __future__ import annotations

import argparse
import gzip
import time
from pathlib import Path

import orjson

from badbuzz.features.drift import DriftReference, count_scores, population_stability_index
from badbuzz.features.known_words import KnownWords
from badbuzz.model import Tweet
from badbuzz.models.scorer import Scorer, ScorerSet
from producers.airlines import build_airlines
from producers.simulate import Simulation
from stream_processor.processor.drift import DriftMetrics

N_TWEETS = 20_000
BATCHES = (16, 256, 2000)
N_ROUNDS = 5


def simulated() -> list[Tweet]:
    """Simulate tweets in two languages."""
    simulation = Simulation(build_airlines(3), start_ms=0, n_days=6, incidents=(), seed=1)
    return [one.tweet for one in simulation.run()][:N_TWEETS]


def recorded(path: Path, brand: str) -> list[str]:
    """Read the texts of gzipped JSON lines, of one brand or of all."""
    rows = [orjson.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    return [row["text"] for row in rows if not brand or row["brand"] == brand]


def report(what: str, texts: list[str], bundle: str) -> None:
    """Print the drift of texts from a bundle's reference texts."""
    scorer = Scorer.load(bundle)
    reference = DriftReference.from_card(scorer.card)
    assert reference is not None
    assert scorer.known_words is not None
    psi = population_stability_index(count_scores(scorer.score(texts)), reference.scores)
    n, n_unknown = KnownWords.unpack(scorer.known_words).count(texts)
    print(
        f"{what}, {len(texts)} texts by {bundle}: PSI {psi:.2f}, unknown words "
        f"{n_unknown / n:.1%}, usual {reference.unknown_rate:.1%}"
    )


def main() -> None:
    """Print the drift of files, or measure the cost without any."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, nargs="+", default=[])
    parser.add_argument("--bundle", default="airline-en")
    parser.add_argument("--brand", default="")
    options = parser.parse_args()
    for path in options.data:
        report(f"{path.name} {options.brand}", recorded(path, options.brand), options.bundle)
    if not options.data:
        for language, bundle in (("en", "airline-en"), ("fr", "tweets-fr")):
            texts = [tweet.text for tweet in simulated() if tweet.lang == language]
            report("simulated", texts, bundle)
        measure()


def measure() -> None:
    """Print minimum, median and maximum over the rounds, by size of a batch."""
    tweets, scorer_set = simulated(), ScorerSet.read("en=airline-en,fr=tweets-fr")
    for size in BATCHES:
        costs_us, scored_us = [], []
        for _ in range(N_ROUNDS):
            drift, spent_s, scored_s = DriftMetrics(scorer_set.scorers), 0.0, 0.0
            for start in range(0, len(tweets), size):
                batch = tweets[start : start + size]
                began_s = time.thread_time()
                predictions = scorer_set.predict(batch)
                predicted_s = time.thread_time()
                drift.note(0, batch, predictions)
                scored_s += predicted_s - began_s
                spent_s += time.thread_time() - predicted_s
            costs_us.append(spent_s / len(tweets) * 1e6)
            scored_us.append(scored_s / len(tweets) * 1e6)
        low, middle, high = min(costs_us), sorted(costs_us)[N_ROUNDS // 2], max(costs_us)
        print(
            f"batches of {size}: {low:.2f} / {middle:.2f} / {high:.2f} us of CPU a tweet, "
            f"{min(scored_us):.1f} to score it"
        )


if __name__ == "__main__":
    main()
