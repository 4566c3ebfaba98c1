"""Assess whether an encoder is worth its price: gains, costs, conclusion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

from training.bert.cost import Cost
from training.bert.models import DISTILLED, FROZEN, TUNED
from training.compare.choice import MARGIN, Difference, difference
from training.compare.comparison import Comparison
from training.compare.figures import THRESHOLD
from training.compare.record import Record

RATES: Final = (10, 100, 1000)
"""Tweets a second."""
HOURS: Final = 730
"""Of a month."""
BUSY: Final = 0.7
"""Share of a core's time that may be used, so that bursts find room."""
_SIGNIFICANT: Final = 0.05
KINDS: Final = {FROZEN: "frozen", TUNED: "tuned", DISTILLED: "distilled"}
"""What models are called beside the champion, by name."""


@dataclass(frozen=True)
class Confusion:
    """Confusion counts: rows by ground truth and label.

    Parameters
    ----------
    found, missed
        Negatives that are labelled so, or not.
    alarmed, passed
        Others that are labelled negative, or not.
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
class Rated:
    """A model in a view, against the champion on the same test rows.

    Parameters
    ----------
    kind
        ``champion``, ``frozen``, ``tuned`` or ``distilled``.
    gain
        Accuracy over the champion's; None of itself.
    """

    kind: str
    record: Record
    confusion: Confusion
    gain: Difference | None


def rated(found: Comparison, champion: str) -> list[Rated]:
    """Return every model of a view, the champion first."""
    own = next(one for one in found.records if one.model == champion)
    return [
        Rated(
            KINDS.get(one.model, "champion"),
            one,
            Confusion.of(one),
            None if one is own else difference(one, own),
        )
        for one in sorted(found.records, key=lambda one: one is not own)
    ]


@dataclass(frozen=True)
class Price:
    """Cores and price for a rate of tweets.

    Parameters
    ----------
    rate
        Tweets a second.
    busy
        Cores that scoring keeps busy.
    cores
        Whole ones to have, none busier than :data:`BUSY`.
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
    found = []
    for rate in RATES:
        busy = rate * cost.batch_us / 1e6
        cores = max(ceil(busy / BUSY), 1)
        found.append(Price(rate, busy, cores, cores * HOURS * core_hour))
    return found


def assess(
    views: Sequence[tuple[str, Sequence[Rated]]], champion: Cost, encoder: Cost, core_hour: float
) -> tuple[str, ...]:
    """Return the answer and its reasons as sentences.

    In a view it is worth its price when the tuned encoder's gain is sure (the interval lies above
    0) and no smaller than the margin within which ``train compare`` takes the cheaper model.

    Parameters
    ----------
    views
        Names with their models.
    """
    return (
        _answer([(name, _gain(models, "tuned")) for name, models in views]),
        *(
            f"on {name} the tuned encoder is right about {_accuracy(models, 'tuned')} of "
            f"{len(models[0].record.scores):,} test rows, the champion about "
            f"{_accuracy(models, 'champion')}: {format_gain(_gain(models, 'tuned'))}"
            for name, models in views
        ),
        _costly(champion, encoder, core_hour),
        *_taught(views),
    )


def _answer(gains: Sequence[tuple[str, Difference]]) -> str:
    words = {name: _judged(gain) for name, gain in gains}
    heads = {word for word, _ in words.values()}
    if len(heads) == 1:
        word, why = next(iter(words.values()))
        return f"{word.capitalize()}: {why}"
    return "It depends: " + "; ".join(
        f"on {name} {word}: {why}" for name, (word, why) in words.items()
    )


def _judged(gain: Difference) -> tuple[str, str]:
    """Yes, hardly or no, and why."""
    per_thousand = round(1000 * gain.mean)
    if gain.low <= 0:
        return "no", "the tuned encoder is not shown to be right more often than the champion"
    more = f"the tuned encoder is right about {per_thousand} more tweets of 1,000 than the champion"
    if gain.mean < MARGIN:
        return "hardly", f"{more}, where {1000 * MARGIN:.0f} make up for a dearer model"
    return "yes", more


def _accuracy(models: Sequence[Rated], kind: str) -> str:
    """Format the gain of a kind of model in percent."""
    found = next(one for one in models if one.kind == kind)
    return f"{found.record.figures['accuracy']:.1%}"


def _gain(models: Sequence[Rated], kind: str) -> Difference:
    found = next(one.gain for one in models if one.kind == kind)
    assert found is not None
    return found


def format_gain(gain: Difference) -> str:
    """Format a gain in points, with its interval and McNemar's test."""
    apart = "the two differ" if gain.p_value < _SIGNIFICANT else "the two cannot be told apart"
    return (
        f"{100 * gain.mean:+.1f} points ({100 * gain.low:+.1f} to {100 * gain.high:+.1f}), "
        f"McNemar p = {gain.p_value:.2g}: {apart}"
    )


def _costly(champion: Cost, encoder: Cost, core_hour: float) -> str:
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


def _taught(views: Sequence[tuple[str, Sequence[Rated]]]) -> list[str]:
    """Describe the gain of distilling, at the champion's price."""
    return [
        f"distilled into the champion's recipe, at its price, on {name}: "
        f"{format_gain(_gain(models, 'distilled'))}"
        for name, models in views
        if any(one.kind == "distilled" for one in models)
    ]
