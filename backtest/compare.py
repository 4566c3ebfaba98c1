"""What changes between two rule sets: alerts gained, lost and moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backtest.run import Run
from badbuzz.detection.evaluation import spans
from badbuzz.model import Alert


@dataclass(frozen=True, slots=True)
class Moved:
    """One alert that opens at another time; ``by_min`` is negative when it is sooner."""

    before: Alert
    after: Alert

    @property
    def by_min(self) -> float:
        """Minutes later."""
        return (self.after.opened_ms - self.before.opened_ms) / 60_000


@dataclass(frozen=True, slots=True)
class Change:
    """From one rule set to another; informational alerts are left out."""

    before: str
    after: str
    gained: tuple[Alert, ...]
    lost: tuple[Alert, ...]
    moved: tuple[Moved, ...]


def compare(before: Run, after: Run) -> Change:
    """What a second rule set does differently.

    Two alerts of a brand are one alert, here and there, when they are open at the same time;
    it has moved when it opens at another time.
    """
    left = spans(after.alerts, after.watches)
    lost: list[Alert] = []
    moved: list[Moved] = []
    for alert, start_ms, end_ms in spans(before.alerts, before.watches):
        twin = _twin(alert, start_ms, end_ms, left)
        if twin is None:
            lost.append(alert)
            continue
        left.remove(twin)
        if twin[0].opened_ms != alert.opened_ms:
            moved.append(Moved(alert, twin[0]))
    gained = tuple(alert for alert, _, _ in left)
    return Change(before.rules.name, after.rules.name, gained, tuple(lost), tuple(moved))


def _twin(
    alert: Alert, start_ms: int, end_ms: int, others: Sequence[tuple[Alert, int, int]]
) -> tuple[Alert, int, int] | None:
    for found in others:
        other, other_start_ms, other_end_ms = found
        overlaps = other_start_ms <= end_ms and start_ms <= other_end_ms
        if other.brand == alert.brand and overlaps:
            return found
    return None
