"""An error analysis as the value that ``badbuzz errors --json`` and ``GET /errors`` print."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from badbuzz.quality.mispredictions import FeedbackGroup, GroupChange, Misprediction
from badbuzz.quality.proportions import Interval, Share, difference_interval
from badbuzz.quality.rulings import RulingCounts
from dashboards.error_responses import (
    AlertErrors,
    AlertGroup,
    CurrentPrediction,
    ErrorAnalysis,
    ErrorTrend,
    ErrorTrends,
    LabelErrors,
    LabelGroup,
    LabelStep,
    WrongLabel,
)
from dashboards.errors.findings import ErrorFindings, FeedbackTrend
from dashboards.errors.formatting import cautions

SCHEMA: Final = 1
"""Version of the format. It grows when a field is removed or changes its meaning."""


def summarise(findings: ErrorFindings) -> ErrorAnalysis:
    """Return every figure; rates are in [0, 1] and None for 0 of 0, intervals are of 95 %."""
    labels, rulings = findings.mispredictions, findings.rulings
    corrections, labelling = map(_trend, findings.trends)
    return ErrorAnalysis(
        schema=SCHEMA,
        from_ms=findings.from_ms,
        to_ms=findings.to_ms,
        n_feedback=findings.n_feedback,
        cautions=tuple(cautions(findings)),
        labels=LabelErrors(
            overall=_label_group(labels.overall),
            corrections=_label_group(labels.corrections),
            labelling=_label_group(labels.labelling),
            by_language=_label_groups(labels.languages),
            by_brand=_label_groups(labels.brands),
            by_reason=_label_groups(labels.reasons),
            by_term=_label_groups(labels.terms),
            by_margin=_label_groups(labels.margins),
            worst=tuple(
                _wrong_label(one, current)
                for one, current in zip(labels.worst, findings.predictions, strict=True)
            ),
        ),
        trends=ErrorTrends(findings.trend_from_ms, corrections, labelling),
        alerts=AlertErrors(
            overall=_alert_group(rulings.overall),
            n_contested=rulings.n_contested,
            by_severity=tuple(map(_alert_group, rulings.severities)),
            by_brand=tuple(map(_alert_group, rulings.brands)),
            by_term=tuple(map(_alert_group, rulings.terms)),
        ),
    )


def _label_groups(groups: Iterable[FeedbackGroup]) -> tuple[LabelGroup, ...]:
    return tuple(map(_label_group, groups))


def _label_group(group: FeedbackGroup) -> LabelGroup:
    return LabelGroup(
        group.name, group.n, group.n_missed, group.n_false, *_rate_and_interval(group.wrong)
    )


def _alert_group(group: RulingCounts) -> AlertGroup:
    return AlertGroup(
        group.name,
        group.n,
        group.n_real,
        group.n_false_alarm,
        group.n_benign,
        *_rate_and_interval(group.real),
    )


def _rate_and_interval(share: Share) -> tuple[float | None, Interval | None]:
    return share.rate, share.interval if share.n else None


def _trend(trend: FeedbackTrend) -> ErrorTrend:
    return ErrorTrend(
        by_version=tuple(_label_step(step) for steps in trend.versions for step in steps),
        by_week=tuple(map(_label_step, trend.weeks)),
    )


def _label_step(step: GroupChange) -> LabelStep:
    group, before = step.group, step.before
    return LabelStep(
        group.name,
        group.n,
        group.n_missed,
        group.n_false,
        *_rate_and_interval(group.wrong),
        before=before.name if before else None,
        told=step.change,
        difference=difference_interval(before.wrong, group.wrong) if before else None,
    )


def _wrong_label(one: Misprediction, current: CurrentPrediction | None) -> WrongLabel:
    feedback = one.feedback
    return WrongLabel(
        id=feedback.id,
        tweet_id=feedback.tweet_id,
        at_ms=feedback.at_ms,
        brand=feedback.brand,
        lang=feedback.lang,
        text=feedback.text,
        predicted=bool(feedback.predicted),
        right=feedback.ground_truth,
        score=feedback.score,
        margin=one.margin,
        bundle=feedback.bundle,
        n=one.n,
        today=current,
    )
