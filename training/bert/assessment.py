"""Assessment of an encoder: gains, costs, and whether it is worth its price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

from training.bert.cost import Cost
from training.bert.models import DISTILLED, FROZEN, TUNED
from training.compare.choice import MARGIN, Difference, difference, format_gain
from training.compare.comparison import Comparison
from training.compare.figures import THRESHOLD
from training.compare.record import Record

RATES: Final = (10, 100, 1000)
"""Rates for which prices are computed, in tweets per second."""
HOURS: Final = 730
"""Hours of a month."""
BUSY: Final = 0.7
"""Largest share of a core's time that is planned for, which leaves room for bursts."""
KINDS: Final = {FROZEN: "frozen", TUNED: "tuned", DISTILLED: "distilled"}
"""Kinds of the models besides the champion, by name."""


@dataclass(frozen=True)
class Confusion:
    """Confusion counts: rows by ground truth and label.

    Parameters
    ----------
    found, missed
        Number of negative rows that are labelled negative, and that are not.
    alarmed, passed
        Number of other rows that are labelled negative, and that are not.
    """

    found: int
    missed: int
    alarmed: int
    passed: int

    @classmethod
    def of(cls, record: Record) -> Confusion:
        """Count the test rows of a model."""
        labels, negative = record.scores >= THRESHOLD, record.negative
        return cls(
            found=int((labels & negative).sum()),
            missed=int((~labels & negative).sum()),
            alarmed=int((labels & ~negative).sum()),
            passed=int((~labels & ~negative).sum()),
        )


@dataclass(frozen=True)
class RatedModel:
    """A model in a view, compared with the champion on the same test rows.

    Parameters
    ----------
    kind
        ``champion``, ``frozen``, ``tuned`` or ``distilled``.
    gain
        Difference to the accuracy of the champion; None for the champion.
    """

    kind: str
    record: Record
    confusion: Confusion
    gain: Difference | None


def rate_models(comparison: Comparison, champion: str) -> list[RatedModel]:
    """Return every model of a view, the champion first."""
    best = next(one for one in comparison.records if one.model == champion)
    return [
        RatedModel(
            KINDS.get(one.model, "champion"),
            one,
            Confusion.of(one),
            None if one is best else difference(one, best),
        )
        for one in sorted(comparison.records, key=lambda one: one is not best)
    ]


@dataclass(frozen=True)
class Price:
    """Cores and price for a rate of tweets.

    Parameters
    ----------
    rate
        Tweets per second.
    busy
        Number of cores that scoring keeps busy, a fraction.
    cores
        Number of cores to rent, none busier than :data:`BUSY`.
    monthly
        Price of the cores for a month.
    """

    rate: int
    busy: float
    cores: int
    monthly: float


def prices(cost: Cost, core_hour: float) -> list[Price]:
    """Return the price of each of :data:`RATES`.

    Examples
    --------
    >>> [one.cores for one in prices(Cost(5.0, 4000.0, 300.0, 90.0), 0.05)]
    [1, 1, 6]
    """
    rated = []
    for rate in RATES:
        busy = rate * cost.batch_us / 1e6
        cores = max(ceil(busy / BUSY), 1)
        rated.append(Price(rate, busy, cores, cores * HOURS * core_hour))
    return rated


def assess(
    views: Sequence[tuple[str, Sequence[RatedModel]]],
    champion: Cost,
    encoder: Cost,
    core_hour: float,
) -> tuple[str, ...]:
    """Return the conclusion and its reasons as sentences.

    In a view the tuned encoder is worth its price if its gain is significant (the interval is above
    0) and not smaller than the margin within which ``train compare`` chooses the cheaper model.

    Parameters
    ----------
    views
        Names of the views with their models.
    """
    return (
        _conclusion([(name, _gain(models, "tuned")) for name, models in views]),
        *(
            f"on {name} the tuned encoder is right about {_accuracy(models, 'tuned')} of "
            f"{len(models[0].record.scores):,} test rows, the champion about "
            f"{_accuracy(models, 'champion')}: {format_gain(_gain(models, 'tuned'))}"
            for name, models in views
        ),
        _compare_costs(champion, encoder, core_hour),
        *_distillation(views),
    )


def _conclusion(gains: Sequence[tuple[str, Difference]]) -> str:
    by_view = {name: _worth(gain) for name, gain in gains}
    if len({word for word, _ in by_view.values()}) == 1:
        word, reason = next(iter(by_view.values()))
        return f"{word.capitalize()}: {reason}"
    return "It depends: " + "; ".join(
        f"on {name} {word}: {reason}" for name, (word, reason) in by_view.items()
    )


def _worth(gain: Difference) -> tuple[str, str]:
    """Return ``yes``, ``hardly`` or ``no``, and the reason."""
    per_thousand = round(1000 * gain.mean)
    if gain.low <= 0:
        return "no", "the tuned encoder is not shown to be right more often than the champion"
    more = f"the tuned encoder is right about {per_thousand} more tweets of 1,000 than the champion"
    if gain.mean < MARGIN:
        return "hardly", f"{more}, where {1000 * MARGIN:.0f} make up for a dearer model"
    return "yes", more


def _accuracy(models: Sequence[RatedModel], kind: str) -> str:
    record = next(one.record for one in models if one.kind == kind)
    return f"{record.figures['accuracy']:.1%}"


def _gain(models: Sequence[RatedModel], kind: str) -> Difference:
    gain = next(one.gain for one in models if one.kind == kind)
    assert gain is not None
    return gain


def _compare_costs(champion: Cost, encoder: Cost, core_hour: float) -> str:
    pairs = zip(prices(champion, core_hour), prices(encoder, core_hour), strict=True)
    money = "; ".join(
        f"{dear.monthly:.0f} a month instead of {cheap.monthly:.0f} at {cheap.rate:,} tweets/s"
        for cheap, dear in pairs
    )
    return (
        f"it takes {encoder.batch_us / champion.batch_us:.0f} times the CPU time and "
        f"{encoder.memory_mb / champion.memory_mb:.1f} times the memory: {money}, "
        f"at {core_hour:g} for an hour of a core"
    )


def _distillation(views: Sequence[tuple[str, Sequence[RatedModel]]]) -> list[str]:
    return [
        f"distilled into the champion's recipe, at its price, on {name}: "
        f"{format_gain(_gain(models, 'distilled'))}"
        for name, models in views
        if any(one.kind == "distilled" for one in models)
    ]
