"""Folding a recording with two bundles, and the difference between their alerts."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, Literal

from badbuzz.config.brands import read_brands
from badbuzz.config.settings import Settings
from badbuzz.detection.fold import Fold
from badbuzz.detection.heartbeats import EVERY_MS, TAIL_MS, with_heartbeats
from badbuzz.detection.state import Rules
from badbuzz.model import Alert, Prediction, Tweet, severity_rank
from badbuzz.models.scorer import ScorerSet

NEAR_MS: Final = 2 * 3_600_000
"""Time between the openings of two alerts of a brand that count as one moved alert."""

_BATCH: Final = 1024


@dataclass(slots=True)
class Replayed:
    """Fold of a recording with one set of scorers, and its alerts.

    Parameters
    ----------
    scorers
        Source of the predictions.
    fold
        Fold of these predictions.
    alerts
        Phase with the highest severity, by alert id.
    n_negative
        Number of tweets that are labelled negative.
    predictions
        Predictions for the next tweets.
    """

    scorers: ScorerSet
    fold: Fold
    alerts: dict[str, Alert] = field(default_factory=dict)
    n_negative: int = 0
    predictions: deque[Prediction | None] = field(default_factory=deque)

    def take(self, tweet: Tweet) -> None:
        """Fold one record."""
        prediction = None if tweet.kind == "heartbeat" else self.predictions.popleft()
        if prediction is not None and tweet.kind == "post":
            self.n_negative += prediction.negative
        for alert in self.fold.apply(tweet, prediction).alerts:
            before = self.alerts.get(alert.id)
            if before is None or severity_rank(alert.severity) > severity_rank(before.severity):
                self.alerts[alert.id] = alert


@dataclass(frozen=True, slots=True)
class AlertChange:
    """Difference between two bundles in one alert.

    Parameters
    ----------
    what
        One of ``same``, ``moved``, ``gained`` (second bundle only) and ``lost`` (first only).
    brand
        Name of the alert's brand.
    before, after
        Alert of the first and of the second bundle; None for no alert.
    """

    what: Literal["same", "moved", "gained", "lost"]
    brand: str
    before: Alert | None
    after: Alert | None

    @property
    def moved_ms(self) -> int:
        """Milliseconds by which the second bundle's alert opens later; 0 without both alerts."""
        if self.before is None or self.after is None:
            return 0
        return self.after.opened_ms - self.before.opened_ms

    @property
    def opened_ms(self) -> int:
        """Time of opening, by the first bundle if it has the alert."""
        alert = self.before or self.after
        assert alert is not None
        return alert.opened_ms


def replay(
    tweets: Iterable[Tweet],
    pairs: Sequence[ScorerSet],
    settings: Settings,
    on_batch: Callable[[int], None] = lambda n: None,  # noqa: ARG005
) -> list[Replayed]:
    """Fold a recording with several sets of scorers, as their workers would.

    Parameters
    ----------
    tweets
        Tweets of one source, in time order.
    pairs
        Sets of scorers.
    settings
        Settings of the worker: lateness, warm-up, brands.
    on_batch
        Called after every 1,024 tweets with the number of tweets read.
    """
    rules = Rules(lateness_ms=settings.lateness_s * 1000, warmup_hours=settings.warmup_h)
    rules_of = read_brands(settings.brands, rules).of
    replayed = [Replayed(scorers, Fold(rules_of)) for scorers in pairs]
    for tweet in with_heartbeats(_scored(tweets, replayed, on_batch), EVERY_MS, TAIL_MS):
        for one in replayed:
            one.take(tweet)
    return replayed


def _scored(
    tweets: Iterable[Tweet], replayed: Sequence[Replayed], on_batch: Callable[[int], None]
) -> Iterator[Tweet]:
    """Yield the tweets, each after its predictions were added to the queues."""
    source = iter(tweets)
    n_read = 0
    while batch := list(islice(source, _BATCH)):
        for one in replayed:
            one.predictions.extend(one.scorers.predict(batch))
        yield from batch
        n_read += len(batch)
        on_batch(n_read)


def alert_changes(before: Iterable[Alert], after: Iterable[Alert]) -> list[AlertChange]:
    """Match each alert with the nearest one of its brand; return the changes by time."""
    unmatched = sorted(after, key=lambda alert: alert.opened_ms)
    changes = []
    for alert in sorted(before, key=lambda alert: alert.opened_ms):
        near = [
            other
            for other in unmatched
            if other.brand == alert.brand and _apart_ms(alert, other) <= NEAR_MS
        ]
        if not near:
            changes.append(AlertChange("lost", alert.brand, alert, None))
            continue
        other = min(near, key=lambda one: _apart_ms(alert, one))
        unmatched.remove(other)
        same = other.opened_ms == alert.opened_ms
        changes.append(AlertChange("same" if same else "moved", alert.brand, alert, other))
    changes += [AlertChange("gained", alert.brand, None, alert) for alert in unmatched]
    return sorted(changes, key=lambda change: (change.opened_ms, change.brand))


def _apart_ms(one: Alert, other: Alert) -> int:
    return abs(one.opened_ms - other.opened_ms)
