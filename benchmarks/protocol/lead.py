"""The lead of the product over the best peer, with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.protocol.evaluation import evaluate, openings
from benchmarks.protocol.figures import Figures
from benchmarks.protocol.run import ORACLE, PRODUCT, Measured
from benchmarks.protocol.stream import Floats

_SEED: Final = 1
_DRAWS: Final = 2000
_FACTORS: Final = (3, 5)


@dataclass(frozen=True, slots=True)
class Lead:
    """Crises of one factor that the product caught more than the best peer.

    Parameters
    ----------
    factor
        Factor of the crises.
    peer
        Name of the best peer.
    points, low, high
        Difference of the shares caught, and its 95 % interval; the thresholds stay as they are.
    """

    factor: int
    peer: str
    points: float
    low: float
    high: float


def leads(measured: Sequence[Measured], budgeted: Mapping[str, Figures]) -> list[Lead]:
    """Compute the product's leads at the thresholds of ``budgeted``; empty without a peer."""
    peers = [name for name in budgeted if name not in (PRODUCT, ORACLE)]
    found = []
    for factor in _FACTORS if peers else ():
        best = max(peers, key=lambda name: budgeted[name].crises[factor].share)
        own, its = (
            _caught(measured, name, budgeted[name].threshold, factor) for name in (PRODUCT, best)
        )
        if not own.size:
            continue
        low, high = interval(own - its)
        found.append(Lead(factor, best, float((own - its).mean()), low, high))
    return found


def interval(differences: Floats) -> tuple[float, float]:
    """Compute the 95 % percentile interval of a mean by a bootstrap with a fixed seed.

    Parameters
    ----------
    differences
        Differences between two detectors, one for each incident; not empty.

    Examples
    --------
    >>> interval(np.array([1.0] * 60 + [0.0] * 40))
    (0.5, 0.7)
    """
    rng = np.random.default_rng(_SEED)
    n = len(differences)
    means = [differences[rng.integers(n, size=n)].mean() for _ in range(_DRAWS)]
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


def _caught(measured: Sequence[Measured], name: str, threshold: float, factor: int) -> Floats:
    """Return 1 for each crisis of a factor that a detector caught, 0 for the others, in order."""
    evaluated = (
        evaluate(openings(one.scored[name], threshold), one.stream.events) for one in measured
    )
    return np.array(
        [
            float(delay is not None)
            for one in evaluated
            for event, delay in one.delays_min
            if event.factor == factor
        ]
    )
