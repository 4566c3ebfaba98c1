"""Figures of a detector: crises caught, delays, false alerts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Final

import numpy as np

from benchmarks.protocol.evaluation import Evaluation, evaluate, openings
from benchmarks.protocol.run import Measured
from benchmarks.protocol.stream import EVALUATED_DAYS, FACTORS, Stream

BUDGET: Final = 1.0
"""False alerts per brand-week at which detectors are compared."""

BANDS: Final = {"below 1.5": (0.0, 1.5), "1.5 to 6": (1.5, 6.0), "6 and more": (6.0, np.inf)}
"""Bands of the mean negatives in five minutes."""

ALL: Final = "all"


@dataclass(frozen=True, slots=True)
class Catch:
    """Share of the events that were alerted, in [0, 1], and their median delay in minutes."""

    share: float
    delay_min: float | None


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a detector on some streams at one threshold.

    Parameters
    ----------
    threshold
        Threshold of the score.
    false_per_week, worst_per_week
        False alerts per brand-week: mean over the brands, and of the worst one.
    alarms_per_week
        False alerts per brand-week, including those on benign surges, which
        ``badbuzz.detection.alert_evaluation`` counts as false alarms.
    crises
        Crises by their factor.
    benign
        Surges alerted.
    """

    threshold: float
    false_per_week: float
    worst_per_week: float
    alarms_per_week: float
    crises: dict[int, Catch]
    benign: Catch


def _catch(evaluated: Sequence[Evaluation], factor: int) -> Catch:
    delays = [
        delay for one in evaluated for event, delay in one.delays_min if event.factor == factor
    ]
    caught = [delay for delay in delays if delay is not None]
    share = len(caught) / len(delays) if delays else 0.0
    return Catch(share, float(median(caught)) if caught else None)


def _per_week(counts: Sequence[int]) -> float:
    return sum(counts) * 7 / EVALUATED_DAYS / len(counts) if counts else np.nan


def figures(
    streams: Sequence[Stream], evaluated: Sequence[Evaluation], threshold: float
) -> Figures:
    """Sum up the evaluations of some streams."""
    n_weeks = EVALUATED_DAYS / 7
    by_brand: dict[tuple[str, int], list[float]] = {}
    for stream, one in zip(streams, evaluated, strict=True):
        by_brand.setdefault((stream.brand, stream.volume), []).append(one.n_false / n_weeks)
    rates = [fmean(own) for own in by_brand.values()] or [np.nan]
    return Figures(
        threshold=threshold,
        false_per_week=fmean(rates),
        worst_per_week=max(rates),
        alarms_per_week=fmean(rates) + _per_week([one.n_benign for one in evaluated]),
        crises={factor: _catch(evaluated, factor) for factor in FACTORS},
        benign=_catch(evaluated, 0),
    )


def at(measured: Sequence[Measured], name: str, threshold: float) -> dict[str, Figures]:
    """Compute a detector's figures at a threshold, by band of volume and over all."""
    evaluated = [
        evaluate(openings(one.scored[name], threshold), one.stream.events) for one in measured
    ]
    streams = [one.stream for one in measured]

    def of(wanted: Callable[[Stream], bool]) -> Figures:
        rows = [(s, j) for s, j in zip(streams, evaluated, strict=True) if wanted(s)]
        return figures([s for s, _ in rows], [j for _, j in rows], threshold)

    bands = {
        band: of(lambda stream, low=low, high=high: low <= stream.mean < high)  # type: ignore[misc]
        for band, (low, high) in BANDS.items()
    }
    return {**bands, ALL: of(lambda _: True)}


def at_budget(measured: Sequence[Measured], name: str, budget: float = BUDGET) -> Figures:
    """Compute a detector's figures at the lowest threshold within a budget of false alerts.

    The search comes from above: far below, one alert never ends and none is false.

    Parameters
    ----------
    measured
        Every stream.
    name
        The detector.
    budget
        False alerts per brand-week, mean over all brands.
    """

    def over_all(threshold: float) -> Figures:
        opened = [openings(one.scored[name], threshold) for one in measured]
        evaluated = [
            evaluate(own, m.stream.events) for own, m in zip(opened, measured, strict=True)
        ]
        return figures([one.stream for one in measured], evaluated, threshold)

    pooled = np.sort(np.concatenate([one.scored[name].score for one in measured]))[::-1]
    high, rank = 0, 1
    while rank < len(pooled) and over_all(float(pooled[rank])).false_per_week <= budget:
        high, rank = rank, int(rank * 1.5) + 1
    low = min(rank, len(pooled) - 1)
    while low - high > max(1, high // 500):
        middle = (low + high) // 2
        if over_all(float(pooled[middle])).false_per_week <= budget:
            high = middle
        else:
            low = middle
    return over_all(float(pooled[high]))
