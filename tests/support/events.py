"""Records and predictions for tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from badbuzz.detection.fold import Fold
from badbuzz.detection.state import Rules
from badbuzz.model import Alert, Prediction, Tweet, Window

MINUTE_MS = 60_000
BUCKET_MS = 300_000
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
START_MS = 1_700_006_400_000  # a midnight, UTC

NEGATIVE = Prediction(score=0.9, negative=True, adjusted=9_500, bundle="airline-en@1")
POSITIVE = Prediction(score=0.1, negative=False, adjusted=500, bundle="airline-en@1")

Event = tuple[Tweet, Prediction | None]


def post(at_ms: int, *, negative: bool = True, brand: str = "Air Paradis", seq: int = -1) -> Event:
    """Make a post that was created and produced at one time."""
    tweet = Tweet(
        id=f"{brand}-{at_ms}-{seq}",
        brand=brand,
        text="Where is my bag?",
        created_ms=at_ms,
        produced_ms=at_ms,
        seq=seq,
        source="test",
        lang="en",
    )
    return tweet, NEGATIVE if negative else POSITIVE


def beat(at_ms: int, source: str = "test") -> Event:
    """Make a heartbeat of a source."""
    return Tweet("", "", "", at_ms, at_ms, source=source, kind="heartbeat"), None


def beats(start_ms: int, end_ms: int) -> Iterator[Event]:
    """Make a heartbeat for every minute of a half-open interval."""
    return (beat(at_ms) for at_ms in range(start_ms, end_ms, MINUTE_MS))


def in_order(events: Iterable[Event]) -> list[Event]:
    """Sort events by the time they were produced, heartbeats before posts of the same time."""
    return sorted(events, key=lambda event: (event[0].produced_ms, event[0].kind != "heartbeat"))


def steady(
    n_days: float, *, n: int = 6, n_negative: int = 3, brand: str = "Air Paradis"
) -> Iterator[Event]:
    """Yield the same tweets in every bucket for some days."""
    for bucket in range(int(n_days * 288)):
        start_ms = START_MS + bucket * BUCKET_MS
        for i in range(n):
            yield post(start_ms + i * 20_000, negative=i < n_negative, brand=brand)


def burst(
    at_ms: int, n: int, *, negative: bool = True, brand: str = "Air Paradis"
) -> Iterator[Event]:
    """Make tweets one second apart."""
    return (post(at_ms + i * 1000 + 1, negative=negative, brand=brand, seq=-1) for i in range(n))


def run(
    events: Iterable[Event], rules: Rules | None = None, fold: Fold | None = None
) -> tuple[list[Window], list[Alert], list[str]]:
    """Fold events and return their windows, alerts and outcomes, in order."""
    fold = fold or Fold(lambda _brand: rules or Rules())
    windows: list[Window] = []
    alerts: list[Alert] = []
    outcomes: list[str] = []
    for tweet, prediction in events:
        applied = fold.apply(tweet, prediction)
        outcomes.append(applied.outcome)
        windows += applied.windows
        alerts += applied.alerts
    return windows, alerts, outcomes
