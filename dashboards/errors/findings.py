"""The data of one error analysis: feedback and rulings from the store, counted and scored again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from badbuzz.features.attribution import Explanation
from badbuzz.model import DAY_MS
from badbuzz.models.scorer import ScorerSet
from badbuzz.quality.mispredictions import (
    GroupChange,
    Misprediction,
    MispredictionSummary,
    changes_by_version,
    changes_by_week,
    latest_feedback,
    summarise_mispredictions,
)
from badbuzz.quality.rulings import RulingSummary, summarise_rulings
from badbuzz.store.database import Store
from badbuzz.store.model import Feedback
from dashboards.error_responses import CurrentPrediction, TokenPull

TREND_DAYS: Final = 84
"""Days before the end of the period at which trends begin, unless the period begins earlier."""
_MAX_TOKENS: Final = 3
_MIN_PULL: Final = 0.1


@dataclass(frozen=True, slots=True)
class FeedbackTrend:
    """The share of wrong labels over time, for one source of feedback.

    Parameters
    ----------
    source
        ``corrections`` or ``labelling``.
    versions
        The versions of each bundle, oldest first.
    weeks
        The weeks, oldest first; the last may be incomplete.
    """

    source: str
    versions: tuple[tuple[GroupChange, ...], ...]
    weeks: tuple[GroupChange, ...]


@dataclass(frozen=True, slots=True)
class ErrorFindings:
    """An error analysis.

    Parameters
    ----------
    from_ms, to_ms
        Half-open period of the feedback, Unix milliseconds.
    trend_from_ms
        Start of the trends, Unix milliseconds.
    n_feedback
        Number of texts on which there is feedback, labelled or not.
    mispredictions
        Wrong labels by group.
    predictions
        Current prediction for each of the worst mispredictions, None where no bundle reads the
        language; empty if they were not scored again.
    rulings
        Rulings on alerts by group.
    trends
        One trend for each source of feedback.
    """

    from_ms: int
    to_ms: int
    trend_from_ms: int
    n_feedback: int
    mispredictions: MispredictionSummary
    predictions: tuple[CurrentPrediction | None, ...]
    rulings: RulingSummary
    trends: tuple[FeedbackTrend, ...]

    @property
    def is_empty(self) -> bool:
        """True if there is neither feedback on a label nor a ruling."""
        return not (self.mispredictions.overall.n or self.rulings.overall.n)


def analyse_errors(
    store: Store, scorers: ScorerSet | None, from_ms: int, to_ms: int
) -> ErrorFindings:
    """Read a period's feedback and rulings from the store and count them.

    Parameters
    ----------
    store
        The store of the feedback and the rulings.
    scorers
        The bundles in use, which score the worst mispredictions again; None to omit that.
    from_ms, to_ms
        Half-open period of the feedback, Unix milliseconds.

    Raises
    ------
    StoreError
        When the store cannot be read.
    """
    trend_from_ms = min(from_ms, to_ms - TREND_DAYS * DAY_MS)
    history = store.feedback(trend_from_ms, to_ms)
    period = [feedback for feedback in history if feedback.at_ms >= from_ms]
    mispredictions = summarise_mispredictions(period)
    return ErrorFindings(
        from_ms=from_ms,
        to_ms=to_ms,
        trend_from_ms=trend_from_ms,
        n_feedback=len(period),
        mispredictions=mispredictions,
        predictions=tuple(predict_again(mispredictions.worst, scorers)) if scorers else (),
        rulings=summarise_rulings(store.rulings(from_ms, to_ms)),
        trends=(
            _trend("corrections", [one for one in history if one.source != "labelling"]),
            _trend("labelling", [one for one in history if one.source == "labelling"]),
        ),
    )


def _trend(source: str, history: Sequence[Feedback]) -> FeedbackTrend:
    labels = latest_feedback(history)
    return FeedbackTrend(
        source, tuple(map(tuple, changes_by_version(labels))), tuple(changes_by_week(labels))
    )


def predict_again(
    mispredictions: Sequence[Misprediction], scorers: ScorerSet
) -> list[CurrentPrediction | None]:
    """Predict texts with the bundles in use; None where no bundle reads the language.

    The stored texts are masked, so a score may differ slightly from that of the tweet.

    Examples
    --------
    >>> feedback = Feedback("1", 0, "kim", None, "", "en", "Worst crew? Far from it!", "", True,
    ...                     0.9, False, "b@1", "try")
    >>> (again,) = predict_again([Misprediction(feedback, 0.4, 1)], ScorerSet.read("en=airline-en"))
    >>> again.pulled_by[0].token
    'Worst'
    """
    predictions: list[CurrentPrediction | None] = []
    for one in mispredictions:
        scorer = scorers.scorers.get(one.feedback.lang)
        if scorer is None:
            predictions.append(None)
            continue
        (explanation,) = scorer.explain([one.feedback.text])
        is_wrong = (explanation.score >= scorer.threshold) != one.feedback.ground_truth
        pulled_by = _strongest_pulls(explanation, towards=-1 if one.feedback.ground_truth else 1)
        predictions.append(
            CurrentPrediction(scorer.version, explanation.score, is_wrong, pulled_by)
        )
    return predictions


def _strongest_pulls(explanation: Explanation, towards: int) -> tuple[TokenPull, ...]:
    """Return the tokens that move the logit furthest in a direction, 1 or -1."""
    logits: dict[str, float] = {}
    for part in explanation.contributions:
        logits[part.token] = logits.get(part.token, 0.0) + part.logit
    ranked = sorted(logits.items(), key=lambda item: -towards * item[1])
    strong = [item for item in ranked if towards * item[1] >= _MIN_PULL]
    return tuple(TokenPull(token, round(logit, 2)) for token, logit in strong[:_MAX_TOKENS])
