"""Result of a backtest, and the difference between the alerts of two rule sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backtest.rules import Sweep
from backtest.run import Run, Tally
from badbuzz.detection.alert_evaluation import Truth, spans
from badbuzz.model import Alert


@dataclass(frozen=True, slots=True)
class MovedAlert:
    """Alert that opens at another time under another rule set."""

    before: Alert
    after: Alert

    @property
    def by_min(self) -> float:
        """Minutes by which it opens later; negative if it opens earlier."""
        return (self.after.opened_ms - self.before.opened_ms) / 60_000


@dataclass(frozen=True, slots=True)
class AlertDiff:
    """Alerts gained, lost and moved from one rule set to another, without informational ones."""

    before: str
    after: str
    gained: tuple[Alert, ...]
    lost: tuple[Alert, ...]
    moved: tuple[MovedAlert, ...]


@dataclass(frozen=True, slots=True)
class BacktestResult:
    """Result of a backtest: what the table, the JSON and the report show.

    Parameters
    ----------
    files
        Names of the recordings.
    tally
        Number and times of the tweets.
    runs
        One run for each rule set; the report shows the first in full.
    swept
        Sweeps, each with one run for each value.
    diffs
        Differences between the first rule set and each of the others.
    truth
        Incidents and benign surges that happened; None if unknown.
    as_live
        Whether rules and predictions are the worker's, so that a replay through Kafka gives the
        same alerts.
    """

    files: Sequence[str]
    tally: Tally
    runs: Sequence[Run]
    swept: Sequence[tuple[Sweep, Sequence[Run]]]
    diffs: Sequence[AlertDiff]
    truth: Truth | None
    as_live: bool = True


def compare(before: Run, after: Run) -> AlertDiff:
    """Return the difference between the alerts of two runs.

    Alerts of a brand match if they are open at the same time. A matching alert has moved if it
    opens at another time.
    """
    unmatched = spans(after.alerts, after.watches)
    lost: list[Alert] = []
    moved: list[MovedAlert] = []
    for alert, start_ms, end_ms in spans(before.alerts, before.watches):
        for match in unmatched:
            other, other_start_ms, other_end_ms = match
            overlaps = other_start_ms <= end_ms and start_ms <= other_end_ms
            if other.brand == alert.brand and overlaps:
                unmatched.remove(match)
                if other.opened_ms != alert.opened_ms:
                    moved.append(MovedAlert(alert, other))
                break
        else:
            lost.append(alert)
    gained = tuple(alert for alert, _, _ in unmatched)
    return AlertDiff(before.rules.name, after.rules.name, gained, tuple(lost), tuple(moved))
