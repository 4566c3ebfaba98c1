"""Choose the model to serve, by accuracy differences, McNemar's test and price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import binomtest

from badbuzz.messages.text import counted
from training.compare.figures import THRESHOLD
from training.compare.record import Record
from training.datasets.rows import Flags

N_DRAWS: Final = 10_000
_INTERVAL: Final = (2.5, 97.5)
MARGIN: Final = 0.015
"""Largest loss of accuracy of a cheaper model."""
SHIPPED: Final = ("shipped", "linear")
"""Classifiers of the shipped bundles."""
_SIGNIFICANT: Final = 0.05
_S_PER_HOUR: Final = 3600


@dataclass(frozen=True)
class Difference:
    """The difference in accuracy of two models on the same rows.

    Parameters
    ----------
    mean
        Difference of accuracies.
    low, high
        Bounds of the 95 % bootstrap interval.
    p_value
        P-value of McNemar's exact test on the rows that only one model labels correctly.
    """

    mean: float
    low: float
    high: float
    p_value: float


def difference(one: Record, other: Record) -> Difference:
    """Compute the difference in accuracy of ``one`` and ``other``."""
    return compare_correct(*((run.scores >= THRESHOLD) == run.negative for run in (one, other)))


def compare_correct(one: Flags, other: Flags) -> Difference:
    """Compute the difference of two models from the rows that each labels correctly.

    Resampling the rows amounts to drawing three counts: only one correct, only other correct, no
    difference.

    Examples
    --------
    >>> one, other = np.arange(100) < 90, np.arange(100) < 80
    >>> gain = compare_correct(one, other)
    >>> round(gain.mean, 2), round(gain.low, 2), round(gain.high, 2), round(gain.p_value, 3)
    (0.1, 0.05, 0.16, 0.002)
    """
    n = len(one)
    n_one, n_other = int((one & ~other).sum()), int((other & ~one).sum())
    shares = np.array([n_one, n_other, n - n_one - n_other]) / n
    drawn = np.random.default_rng(0).multinomial(n, shares, N_DRAWS)
    low, high = np.percentile((drawn[:, 0] - drawn[:, 1]) / n, _INTERVAL)
    p_value = binomtest(n_one, n_one + n_other).pvalue if n_one + n_other else 1.0
    return Difference((n_one - n_other) / n, float(low), float(high), float(p_value))


def price_per_million(record: Record, core_hour: float) -> float:
    """Return the price of scoring a million texts, in the currency of the core hour."""
    return record.figures["score_cpu_us"] / _S_PER_HOUR * core_hour


@dataclass(frozen=True)
class Choice:
    """The model to serve, and why.

    Parameters
    ----------
    chosen
        Cheapest model of those that are shown to be about as good as the best.
    best
        Model with the highest accuracy.
    next_best
        Best model apart from the chosen one, or None.
    n_as_good
        Number of models that are shown to be about as good as the best, itself included.
    reasons
        Reasons of the choice, as sentences.
    """

    chosen: Record
    best: Record
    next_best: Record | None
    n_as_good: int
    reasons: tuple[str, ...]


def ranked(records: Sequence[Record]) -> list[Record]:
    """Sort runs by accuracy, then AUC, the best first."""
    return sorted(records, key=lambda one: (-one.figures["accuracy"], -one.figures["auc"]))


def choose(records: Sequence[Record], core_hour: float) -> Choice:
    """Choose among the models of a view.

    A model is shown to be about as good as the best if the whole interval of their difference is
    above minus :data:`MARGIN`. With too few rows the interval is wide, and nothing is shown.

    Parameters
    ----------
    records
        Finished runs of one view, at least one.
    core_hour
        Price of an hour of one core, >= 0, in any currency.
    """
    order = ranked(records)
    best = order[0]
    as_good = [one for one in order if one is best or difference(one, best).low > -MARGIN]
    chosen = min(as_good, key=lambda one: one.figures["score_cpu_us"])
    next_best = next((one for one in order if one is not chosen), None)
    reasons = (
        _quality(chosen, best, len(as_good)),
        *((_against(chosen, next_best),) if next_best else ()),
        _cost(chosen, best, core_hour),
        *_shipped(chosen, best, order),
    )
    return Choice(chosen, best, next_best, len(as_good), reasons)


def _quality(chosen: Record, best: Record, n_as_good: int) -> str:
    sentence = (
        f"{chosen.model} is right about {chosen.figures['accuracy']:.1%} of "
        f"{len(chosen.scores):,} test rows, AUC {chosen.figures['auc']:.3f}"
    )
    margin = f"at most {100 * MARGIN:g} points worse"
    if chosen is best:
        if n_as_good == 1:
            return f"{sentence}: the best of all; no other is shown to be {margin}"
        others = counted(n_as_good - 1, "other is", "others are")
        return f"{sentence}: the best of all; {others} shown to be {margin}, none of them cheaper"
    return (
        f"{sentence}; the best, {best.model}, {best.figures['accuracy']:.1%}: a difference of "
        f"{_points(difference(chosen, best))}. Of the {n_as_good} that are shown to be {margin} "
        "it is the cheapest to run"
    )


def _against(chosen: Record, other: Record) -> str:
    return f"against the next best, {other.model}: {format_gain(difference(chosen, other))}"


def format_gain(gain: Difference) -> str:
    """Format a difference in points, with its interval and McNemar's test."""
    conclusion = "the two differ" if gain.p_value < _SIGNIFICANT else "the two cannot be told apart"
    return f"{_points(gain)}, McNemar p = {gain.p_value:.2g}: {conclusion}"


def _points(gain: Difference) -> str:
    return f"{100 * gain.mean:+.1f} points ({100 * gain.low:+.1f} to {100 * gain.high:+.1f})"


def _cost(chosen: Record, best: Record, core_hour: float) -> str:
    sentence = f"a million texts cost {price_per_million(chosen, core_hour):.2g}"
    if chosen is not best:
        sentence += f" where the best takes {price_per_million(best, core_hour):.2g}"
    return f"{sentence}, at {core_hour:g} for an hour of a core"


def _shipped(chosen: Record, best: Record, order: Sequence[Record]) -> list[str]:
    """Describe the shipped recipe, unless another sentence already does."""
    recipe = next((one for one in order if one.classifier in SHIPPED), None)
    if recipe is None or any(recipe is one for one in (chosen, best)):
        return []
    gain = difference(recipe, best)
    return [
        f"the recipe that bundles are made of, {recipe.model}, against the best: "
        f"{_points(gain)}, McNemar p = {gain.p_value:.2g}"
    ]
