"""Measure the CPU time of the fold per tweet, and per brand and bucket, busy or quiet.

Run: python -m benchmarks.fold
"""

from __future__ import annotations

import statistics
import time

from badbuzz.detection.fold import Fold
from badbuzz.detection.state import Rules
from badbuzz.model import Prediction, Tweet
from badbuzz.wire import encode_window

N_BRANDS = 50
N_BUCKETS = 288
N_QUIET_BUCKETS = 60
N_ROUNDS = 7
PREDICTIONS = tuple(Prediction(0.9 if n else 0.1, bool(n), 9_500 * n, "bench@1") for n in (0, 1))


def one_round() -> tuple[float, float]:
    """Return the CPU seconds spent on tweets, and on closing buckets."""
    fold = Fold(lambda _brand: Rules())
    on_tweets = on_buckets = 0.0
    start_ms = 1_700_006_400_000
    for bucket in range(N_BUCKETS):
        now_ms = start_ms + bucket * 300_000
        tweets = [
            Tweet("", f"brand {b}", "", now_ms + i, now_ms + i, seq=bucket * 9 + i, source="bench")
            for b in range(N_BRANDS)
            for i in range(6)
        ]
        started_s = time.process_time()
        for i, tweet in enumerate(tweets):
            fold.apply(tweet, PREDICTIONS[i % 2])
        on_tweets += time.process_time() - started_s
        end_ms = now_ms + 360_000
        beat = Tweet("", "", "", end_ms, end_ms, source="bench", kind="heartbeat")
        started_s = time.process_time()
        n_closed = len(fold.apply(beat, None).windows)
        on_buckets += time.process_time() - started_s
        assert n_closed >= N_BRANDS
    return on_tweets, on_buckets


def quiet_round() -> tuple[float, float]:
    """Return the CPU seconds spent on closing buckets without tweets, and on encoding windows."""
    rules = Rules()
    fold = Fold(lambda _brand: rules)
    on_buckets = on_encoding = 0.0
    start_ms = 1_700_006_400_000
    for hour in range(25):
        for b in range(N_BRANDS):
            now_ms = start_ms + hour * 3_600_000
            tweet = Tweet("", f"brand {b}", "", now_ms, now_ms, seq=hour, source="bench")
            fold.apply(tweet, PREDICTIONS[1])
    for bucket in range(13 + N_QUIET_BUCKETS):
        end_ms = now_ms + bucket * 300_000
        beat = Tweet("", "", "", end_ms, end_ms, source="bench", kind="heartbeat")
        started_s = time.process_time()
        windows = fold.apply(beat, None).windows
        closed_s = time.process_time()
        if bucket < 13:  # the last hour still has the tweet
            continue
        for window in windows:
            encode_window(window)
        on_buckets += closed_s - started_s
        on_encoding += time.process_time() - closed_s
    return on_buckets, on_encoding


def main() -> None:
    """Print the minimum, median and maximum of several rounds."""
    rounds = [(*one_round(), *quiet_round()) for _ in range(N_ROUNDS)]
    for name, index, n in (
        ("fold, us per tweet", 0, N_BUCKETS * N_BRANDS * 6),
        ("fold, us per brand and bucket", 1, N_BUCKETS * N_BRANDS),
        ("fold, us per brand and quiet bucket", 2, N_QUIET_BUCKETS * N_BRANDS),
        ("encoding, us per window of a quiet bucket", 3, N_QUIET_BUCKETS * N_BRANDS),
    ):
        costs = [one[index] / n * 1e6 for one in rounds]
        print(f"{name}: {min(costs):.1f} / {statistics.median(costs):.1f} / {max(costs):.1f}")


if __name__ == "__main__":
    main()
