"""Measure tweets per CPU second of a backtest with cached scores, with one rule set and with ten.

Run: python -m benchmarks.backtest
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from backtest.cached_scorer import CachedScorer
from backtest.rules import RuleSet
from backtest.run import Backtest, Run
from badbuzz.config.settings import Settings
from badbuzz.detection.state import Rules
from badbuzz.models.scorer import ScorerSet
from badbuzz.recordings.reader import read_labelled

DAYS = "20"
N_ROUNDS = 5


def one_round(
    path: str, scorer_set: ScorerSet, folder: Path, n_rule_sets: int
) -> tuple[int, float]:
    """Return the number of tweets, and the CPU seconds from the file to the last alert."""
    rules = [RuleSet(str(number), {"theta": 3.5 + number / 10}) for number in range(n_rule_sets)]
    started_s = time.process_time()
    runs = [Run(each, lambda _brand: Rules(), keeps_windows=False) for each in rules]
    scorer = CachedScorer(scorer_set, folder)
    tally = Backtest(runs, scorer).run(read_labelled([path]))
    scorer.close()
    return tally.n_tweets, time.process_time() - started_s


def main() -> None:
    """Print the minimum, median and maximum of several rounds."""
    scorer_set = ScorerSet.read(Settings.read({}).bundles)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = str(folder / "tweets.jsonl")
        simulate = [sys.executable, "-m", "badbuzz", "simulate", "--days", DAYS, "--seed", "2"]
        subprocess.run([*simulate, "--quiet", "-o", path], check=True)
        n_tweets, cpu_s = one_round(path, scorer_set, folder, 1)
        print(f"backtest with scoring, tweets per CPU second: {n_tweets / cpu_s:,.0f}")
        for n_rule_sets in (1, 10):
            rates = [
                n_tweets / one_round(path, scorer_set, folder, n_rule_sets)[1]
                for _ in range(N_ROUNDS)
            ]
            print(
                f"backtest with cached scores, rule sets {n_rule_sets}, tweets per CPU second: "
                f"{min(rates):,.0f} / {statistics.median(rates):,.0f} / {max(rates):,.0f}"
            )


if __name__ == "__main__":
    main()
