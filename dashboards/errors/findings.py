"""What is read from the store, and counted, for one error analysis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from badbuzz.models.scorer import ScorerSet
from badbuzz.quality.mispredictions import (
    GroupChange,
    MispredictionSummary,
    changes_by_version,
    changes_by_week,
    latest_feedback,
    summarise_mispredictions,
)
from badbuzz.quality.rulings import RulingSummary, summarise_rulings
from badbuzz.store.database import Store
from badbuzz.store.model import Feedback
from dashboards.errors.current_predictions import Today, today

_DAY_MS: Final = 86_400_000
TREND_DAYS: Final = 84
"""Trends reach back so far from the period's end, or to its beginning if that is earlier."""


@dataclass(frozen=True, slots=True)
class Trend:
    """The share of errors over time, of feedback that came in one way.

    Parameters
    ----------
    source
        ``corrections`` or ``labelling``.
    versions
        For each bundle its versions, oldest first.
    weeks
        Oldest first; the last may not be over.
    """

    source: str
    versions: tuple[tuple[GroupChange, ...], ...]
    weeks: tuple[GroupChange, ...]


@dataclass(frozen=True, slots=True)
class Findings:
    """An error analysis.

    Parameters
    ----------
    from_ms, to_ms
        The half-open period in which people spoke.
    trend_from_ms
        From when on trends are told.
    n_feedback
        What people said of texts, labelled or not.
    today
        Of each of the worst mistakes, what the bundles in use say; empty where they were not asked.
    """

    from_ms: int
    to_ms: int
    trend_from_ms: int
    n_feedback: int
    mistakes: MispredictionSummary
    today: tuple[Today | None, ...]
    judgements: RulingSummary
    trends: tuple[Trend, ...]

    @property
    def empty(self) -> bool:
        """Whether nobody said anything of a label or an alert."""
        return not (self.mistakes.overall.n or self.judgements.overall.n)


def find(store: Store, judges: ScorerSet | None, from_ms: int, to_ms: int) -> Findings:
    """Read a period from the store, and count.

    Parameters
    ----------
    judges
        The bundles in use, to be asked about the worst mistakes; None asks none.

    Raises
    ------
    StoreError
        When the store cannot be read.
    """
    trend_from_ms = min(from_ms, to_ms - TREND_DAYS * _DAY_MS)
    history = store.feedback(trend_from_ms, to_ms)
    period = [said for said in history if said.at_ms >= from_ms]
    mistakes = summarise_mispredictions(period)
    return Findings(
        from_ms=from_ms,
        to_ms=to_ms,
        trend_from_ms=trend_from_ms,
        n_feedback=len(period),
        mistakes=mistakes,
        today=tuple(today(mistakes.worst, judges)) if judges else (),
        judgements=summarise_rulings(store.rulings(from_ms, to_ms)),
        trends=(
            _trend("corrections", [said for said in history if said.source != "labelling"]),
            _trend("labelling", [said for said in history if said.source == "labelling"]),
        ),
    )


def _trend(source: str, history: Sequence[Feedback]) -> Trend:
    found = latest_feedback(history)
    return Trend(
        source, tuple(map(tuple, changes_by_version(found))), tuple(changes_by_week(found))
    )
