"""An error analysis as plain values: what ``badbuzz errors --json`` prints."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from badbuzz.quality.mispredictions import FeedbackGroup, GroupChange, Misprediction
from badbuzz.quality.proportions import Share, difference_interval
from badbuzz.quality.rulings import RulingCounts
from dashboards.errors.current_predictions import Today
from dashboards.errors.findings import Findings, Trend
from dashboards.errors.formatting import cautions

SCHEMA: Final = 1
"""Fields may be added to it; another meaning or a missing field is another number."""


def summary(found: Findings) -> dict[str, Any]:
    """Every figure, by name; shares in [0, 1], None of none; their intervals of 95 %."""
    mistakes, judgements = found.mistakes, found.judgements
    return {
        "schema": SCHEMA,
        "from_ms": found.from_ms,
        "to_ms": found.to_ms,
        "n_feedback": found.n_feedback,
        "cautions": cautions(found),
        "labels": {
            "overall": _group(mistakes.overall),
            "corrections": _group(mistakes.corrections),
            "labelling": _group(mistakes.labelling),
            "by_language": _groups(mistakes.languages),
            "by_brand": _groups(mistakes.brands),
            "by_reason": _groups(mistakes.reasons),
            "by_term": _groups(mistakes.terms),
            "by_margin": _groups(mistakes.margins),
            "worst": [
                _mistake(one, now) for one, now in zip(mistakes.worst, found.today, strict=True)
            ],
        },
        "trends": {
            "from_ms": found.trend_from_ms,
            **{trend.source: _trend(trend) for trend in found.trends},
        },
        "alerts": {
            "overall": _ruled(judgements.overall),
            "n_contested": judgements.n_contested,
            "by_severity": [_ruled(one) for one in judgements.severities],
            "by_brand": [_ruled(one) for one in judgements.brands],
            "by_term": [_ruled(one) for one in judgements.terms],
        },
    }


def _groups(groups: Iterable[FeedbackGroup]) -> list[dict[str, Any]]:
    return [_group(one) for one in groups]


def _group(one: FeedbackGroup) -> dict[str, Any]:
    return {
        "name": one.name,
        "n": one.n,
        "n_missed": one.n_missed,
        "n_false": one.n_false,
        **_share("wrong", one.wrong),
    }


def _ruled(one: RulingCounts) -> dict[str, Any]:
    return {
        "name": one.name,
        "n": one.n,
        "n_real": one.n_real,
        "n_false_alarm": one.n_false_alarm,
        "n_benign": one.n_benign,
        **_share("real", one.real),
    }


def _share(name: str, share: Share) -> dict[str, Any]:
    return {f"{name}_rate": share.rate, f"{name}_interval": share.interval if share.n else None}


def _trend(trend: Trend) -> dict[str, Any]:
    return {
        "by_version": [_step(step) for steps in trend.versions for step in steps],
        "by_week": [_step(step) for step in trend.weeks],
    }


def _step(step: GroupChange) -> dict[str, Any]:
    before = step.before
    return {
        **_group(step.group),
        "before": before.name if before else None,
        "told": step.change,
        "difference": difference_interval(before.wrong, step.group.wrong) if before else None,
    }


def _mistake(one: Misprediction, now: Today | None) -> dict[str, Any]:
    said = one.feedback
    return {
        "id": said.id,
        "tweet_id": said.tweet_id,
        "at_ms": said.at_ms,
        "brand": said.brand,
        "lang": said.lang,
        "text": said.text,
        "predicted": said.predicted,
        "right": said.right,
        "score": said.score,
        "margin": one.margin,
        "bundle": said.bundle,
        "n": one.n,
        "today": None if now is None else _today(now),
    }


def _today(now: Today) -> dict[str, Any]:
    return {
        "bundle": now.bundle,
        "score": now.score,
        "wrong": now.wrong,
        "pulled_by": [{"token": token, "logit": pull} for token, pull in now.pulled_by],
    }
