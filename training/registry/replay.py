"""Two bundles on one recording: alerts that one gives and the other does not, or later."""

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
from badbuzz.model import Alert, Prediction, Tweet
from badbuzz.models.scorer import ScorerSet

NEAR_MS: Final = 2 * 3_600_000
"""Alerts of one brand that open within this are one alert, moved."""

_BATCH: Final = 1024
_RANK: Final = {"info": 0, "warning": 1, "critical": 2}


@dataclass(slots=True)
class Replayed:
    """What one set of judges makes of a recording.

    Parameters
    ----------
    judges
        Who give the verdicts.
    fold
        Of those.
    alerts
        By id, in the phase in which each was most severe.
    n_negative
        Tweets that they label negative.
    verdicts
        On the tweets that come next.
    """

    judges: ScorerSet
    fold: Fold
    alerts: dict[str, Alert] = field(default_factory=dict)
    n_negative: int = 0
    verdicts: deque[Prediction | None] = field(default_factory=deque)

    def take(self, tweet: Tweet) -> None:
        """Fold one record."""
        verdict = None if tweet.kind == "heartbeat" else self.verdicts.popleft()
        if verdict is not None and tweet.kind == "post":
            self.n_negative += verdict.negative
        for alert in self.fold.apply(tweet, verdict).alerts:
            before = self.alerts.get(alert.id)
            if before is None or _RANK[alert.severity] > _RANK[before.severity]:
                self.alerts[alert.id] = alert


@dataclass(frozen=True, slots=True)
class Change:
    """One alert, by either bundle.

    Parameters
    ----------
    what
        ``same``, ``moved``, ``gained``: only the second gives it, ``lost``: only the first.
    brand
        Whose.
    before, after
        As the first and the second bundle give it; None for what is not there.
    """

    what: Literal["same", "moved", "gained", "lost"]
    brand: str
    before: Alert | None
    after: Alert | None

    @property
    def moved_ms(self) -> int:
        """How much later the second bundle gives it; 0 where only one does."""
        if self.before is None or self.after is None:
            return 0
        return self.after.opened_ms - self.before.opened_ms

    @property
    def opened_ms(self) -> int:
        """When it opened, by the first bundle that gives it."""
        alert = self.before or self.after
        assert alert is not None
        return alert.opened_ms


def replay(
    tweets: Iterable[Tweet],
    pairs: Sequence[ScorerSet],
    settings: Settings,
    on_batch: Callable[[int], None] = lambda n: None,  # noqa: ARG005
) -> list[Replayed]:
    """Fold one recording by the verdicts of several judges, as their workers would.

    Parameters
    ----------
    tweets
        In time order, of one source.
    pairs
        Who gives verdicts.
    settings
        The worker's: lateness, warm-up, brands.
    on_batch
        Told now and then how many tweets were read.
    """
    rules = Rules(lateness_ms=settings.lateness_s * 1000, warmup_hours=settings.warmup_h)
    rules_of = read_brands(settings.brands, rules).of
    replayed = [Replayed(judges, Fold(rules_of)) for judges in pairs]
    for tweet in with_heartbeats(_judged(tweets, replayed, on_batch), EVERY_MS, TAIL_MS):
        for one in replayed:
            one.take(tweet)
    return replayed


def _judged(
    tweets: Iterable[Tweet], replayed: Sequence[Replayed], on_batch: Callable[[int], None]
) -> Iterator[Tweet]:
    """The tweets; every judge's verdict on each lies ready when it comes."""
    source = iter(tweets)
    n_read = 0
    while batch := list(islice(source, _BATCH)):
        for one in replayed:
            one.verdicts.extend(one.judges.predict(batch))
        yield from batch
        n_read += len(batch)
        on_batch(n_read)


def changes(before: Iterable[Alert], after: Iterable[Alert]) -> list[Change]:
    """What becomes of each alert, by time; each is held to the nearest of the same brand."""
    left = sorted(after, key=lambda alert: alert.opened_ms)
    found = []
    for alert in sorted(before, key=lambda alert: alert.opened_ms):
        near = [
            other
            for other in left
            if other.brand == alert.brand and _apart_ms(alert, other) <= NEAR_MS
        ]
        if not near:
            found.append(Change("lost", alert.brand, alert, None))
            continue
        other = min(near, key=lambda one: _apart_ms(alert, one))
        left.remove(other)
        same = other.opened_ms == alert.opened_ms
        found.append(Change("same" if same else "moved", alert.brand, alert, other))
    found += [Change("gained", alert.brand, None, alert) for alert in left]
    return sorted(found, key=lambda change: (change.opened_ms, change.brand))


def _apart_ms(one: Alert, other: Alert) -> int:
    return abs(one.opened_ms - other.opened_ms)
