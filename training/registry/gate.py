"""Checks of a challenger before promotion: quality, size and speed against the champion."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from badbuzz.models.scorer import Scorer
from training.datasets.rows import Flags, Floats, Rows
from training.recipes.bundles import MAX_BYTES

MARGIN: Final = 0.01
"""Largest loss of macro-F1 that a promotion allows."""

MAX_SLOWDOWN: Final = 1.5
_N_DRAWS: Final = 10_000
_N_TIMED: Final = 1024
_N_ROUNDS: Final = 5
_LEAST_COUNT: Final = 1e-9

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Check:
    """Check of a challenger: name, whether it holds, and the finding as text."""

    name: str
    holds: bool
    found: str


def examine(
    challenger: Scorer,
    champion: Scorer | None,
    rows: Rows,
    n_bytes: int,
    margin: float = MARGIN,
) -> list[Check]:
    """Return every check of a challenger whose golden scores were reproduced already.

    Parameters
    ----------
    champion
        Scorer of the champion; None for a language's first bundle, which is not compared.
    rows
        Held-out set, which neither bundle should have been trained on.
    n_bytes
        Size of the challenger in bytes.
    margin
        Largest loss of macro-F1 that is allowed, in [0, 1].
    """
    return [
        Check("golden inputs", holds=True, found="every golden score was reproduced"),
        _quality(challenger, champion, rows, margin),
        Check("size", n_bytes <= MAX_BYTES, f"{n_bytes:,} bytes, at most {MAX_BYTES:,}"),
        _speed(challenger, champion, rows.texts),
    ]


def _quality(challenger: Scorer, champion: Scorer | None, rows: Rows, margin: float) -> Check:
    labels = _labels(challenger, rows)
    own = macro_f1(rows.negative, labels)
    if champion is None:
        return Check("quality", holds=True, found=f"macro-F1 {own:.4f}; no champion to compare")
    other = _labels(champion, rows)
    gain, low, high = macro_f1_gain(rows.negative, labels, other)
    return Check(
        "quality",
        low >= -margin,
        f"macro-F1 {own:.4f}, the champion's {own - gain:.4f}: {gain:+.4f} "
        f"[{low:+.4f}, {high:+.4f}] on {len(rows)} rows; the interval's lower end must be at least "
        f"{-margin:+.4f}",
    )


def _labels(scorer: Scorer, rows: Rows) -> Flags:
    labels: Flags = scorer.score(rows.texts) >= scorer.threshold
    return labels


def macro_f1_gain(truth: Flags, one: Flags, other: Flags) -> tuple[float, float, float]:
    """Return the gain in macro-F1 of one labelling over another of the same rows.

    The interval is a paired percentile bootstrap over rows (Efron and Tibshirani 1993). Resampling
    rows amounts to drawing the counts of the eight cells of truth, one and other.

    Returns
    -------
    tuple
        Difference, and the ends of its 95 % interval.

    Examples
    --------
    >>> truth = np.array([True, False] * 100)
    >>> macro_f1_gain(truth, truth, truth)
    (0.0, 0.0, 0.0)
    """
    cells = _cells(truth, one, other)
    rng = np.random.default_rng(0)
    drawn = rng.multinomial(len(truth), cells[0] / len(truth), size=_N_DRAWS)
    gains = np.subtract(*_both(drawn))
    low, high = np.percentile(gains, [2.5, 97.5])
    return float(np.subtract(*_both(cells))[0]), float(low), float(high)


def _cells(truth: Flags, one: Flags, other: Flags) -> Counts:
    """Return int [1, 8]: the number of rows by truth, label of one and label of other."""
    places = truth * 4 + one * 2 + other
    return np.bincount(places, minlength=8)[np.newaxis]


def _both(cells: Counts) -> tuple[Floats, Floats]:
    """Return macro-F1 of one and of other for each row of cells."""
    cube = cells.reshape(-1, 2, 2, 2)
    return _macro_f1(cube.sum(axis=3)), _macro_f1(cube.sum(axis=2))


def macro_f1(truth: Flags, labels: Flags) -> float:
    """Return the mean of the F1 of negatives and of others; an absent class has 0.

    Examples
    --------
    >>> macro_f1(np.array([True, False]), np.array([True, False]))
    1.0
    """
    return float(_both(_cells(truth, labels, labels))[0][0])


def _macro_f1(confusion: Counts) -> Floats:
    """Return the macro-F1 of confusion matrices, int [n, 2, 2]: truth by label."""
    right = confusion[:, [0, 1], [0, 1]]
    seen = confusion.sum(axis=1) + confusion.sum(axis=2)
    scores: Floats = (2 * right / np.maximum(seen, _LEAST_COUNT)).mean(axis=1)
    return scores


def _speed(challenger: Scorer, champion: Scorer | None, texts: Sequence[str]) -> Check:
    sample = list(texts[:_N_TIMED])
    scorers = [challenger] if champion is None else [challenger, champion]
    costs = [np.inf] * len(scorers)
    for _ in range(_N_ROUNDS):  # alternate, so that a busy machine slows both
        for place, scorer in enumerate(scorers):
            started_s = time.process_time()
            scorer.score(sample)
            costs[place] = min(costs[place], (time.process_time() - started_s) / len(sample))
    cost = f"{costs[0] * 1e6:.0f} µs of CPU per tweet"
    if champion is None:
        return Check("speed", holds=True, found=f"{cost}; no champion to compare")
    holds = costs[0] <= MAX_SLOWDOWN * costs[1]
    limit = f"the champion's {costs[1] * 1e6:.0f}, at most {MAX_SLOWDOWN} times that"
    return Check("speed", holds, f"{cost}, {limit}")
