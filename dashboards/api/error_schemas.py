"""An error analysis as the API answers it: what ``badbuzz errors --json`` prints."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel, Field

from badbuzz.quality.proportions import ShareChange

Interval = tuple[float, float]


class LabelGroup(BaseModel):
    """Judged labels that have something in common."""

    name: str
    n: int = Field(description="labels that people judged, right ones included")
    n_missed: int = Field(description="negative, but not labelled so")
    n_false: int = Field(description="labelled negative, but not so")
    wrong_rate: float | None = Field(description="in [0, 1]; null of none")
    wrong_interval: Interval | None = Field(description="of 95 %")


class LabelStep(LabelGroup):
    """A version, or a week, held against the one before it."""

    before: str | None
    told: ShareChange | None
    difference: Interval | None = Field(description="of the shares wrong; its interval of 95 %")


class AlertGroup(BaseModel):
    """Alerts on which people ruled."""

    name: str
    n: int
    n_real: int
    n_false_alarm: int
    n_benign: int
    real_rate: float | None
    real_interval: Interval | None


class Pull(BaseModel):
    """A word that pulls to the wrong label, and by how much of the logit."""

    token: str
    logit: float


class SaidToday(BaseModel):
    """What the bundle in use says of the same words."""

    bundle: str
    score: float
    wrong: bool
    pulled_by: list[Pull]


class WrongLabel(BaseModel):
    """A label that was wrong, as a person said: true is negative."""

    id: str
    tweet_id: str | None
    at_ms: int
    brand: str
    lang: str
    text: str
    predicted: bool
    right: bool
    score: float | None
    margin: float | None = Field(description="of the score to the threshold")
    bundle: str
    n: int = Field(description="labels that were wrong in this way on these words")
    today: SaidToday | None = Field(description="null where no bundle in use reads the language")


class Labels(BaseModel):
    """Where labels were wrong."""

    overall: LabelGroup
    corrections: LabelGroup
    labelling: LabelGroup
    by_language: list[LabelGroup]
    by_brand: list[LabelGroup]
    by_reason: list[LabelGroup]
    by_term: list[LabelGroup]
    by_margin: list[LabelGroup]
    worst: list[WrongLabel]


class TrendOf(BaseModel):
    """Shares of errors over time, oldest first."""

    by_version: list[LabelStep]
    by_week: list[LabelStep]


class Trends(BaseModel):
    """What became of errors, of feedback that came in either way."""

    from_ms: int
    corrections: TrendOf
    labelling: TrendOf


class Alerts(BaseModel):
    """What people ruled on alerts."""

    overall: AlertGroup
    n_contested: int = Field(description="alerts of which people said different things")
    by_severity: list[AlertGroup]
    by_brand: list[AlertGroup]
    by_term: list[AlertGroup]


class ErrorAnalysis(BaseModel):
    """Where labels and alerts were wrong, as people said in a period."""

    format: int = Field(alias="schema")
    from_ms: int
    to_ms: int
    n_feedback: int
    cautions: list[str]
    labels: Labels
    trends: Trends
    alerts: Alerts


_GROUP: Final[dict[str, Any]] = {
    "name": "all",
    "n": 40,
    "n_missed": 6,
    "n_false": 4,
    "wrong_rate": 0.25,
    "wrong_interval": [0.14, 0.4],
}
_RULED: Final[dict[str, Any]] = {
    "name": "all",
    "n": 4,
    "n_real": 3,
    "n_false_alarm": 1,
    "n_benign": 0,
    "real_rate": 0.75,
    "real_interval": [0.3, 0.95],
}
_STEP: Final = {
    **_GROUP,
    "name": "airline-en@0123abcd",
    "before": "airline-en@4567cdef",
    "told": "no difference",
    "difference": [-0.08, 0.21],
}
_WRONG: Final[dict[str, Any]] = {
    "id": "5b7d1f0c2a5e5d0f9e0a6c1d2b3f4a55",
    "tweet_id": "81",
    "at_ms": 1_764_000_000_000,
    "brand": "Air Paradis",
    "lang": "en",
    "text": "Great, another delay. Just what I needed.",
    "predicted": False,
    "right": True,
    "score": 0.31,
    "margin": 0.19,
    "bundle": "airline-en@0123abcd",
    "n": 1,
    "today": {
        "bundle": "airline-en@0123abcd",
        "score": 0.31,
        "wrong": True,
        "pulled_by": [{"token": "Great", "logit": -1.4}],
    },
}
EXAMPLE: Final[dict[str, Any]] = {
    "schema": 1,
    "from_ms": 1_763_400_000_000,
    "to_ms": 1_764_004_800_000,
    "n_feedback": 40,
    "cautions": ["Corrections are no random sample: people correct what looks wrong."],
    "labels": {
        **dict.fromkeys(("overall", "corrections", "labelling"), _GROUP),
        **{f"by_{one}": [_GROUP] for one in ("language", "brand", "reason", "term", "margin")},
        "worst": [_WRONG],
    },
    "trends": {
        "from_ms": 1_756_747_200_000,
        **{one: {"by_version": [_STEP], "by_week": []} for one in ("corrections", "labelling")},
    },
    "alerts": {
        "overall": _RULED,
        "n_contested": 0,
        **{f"by_{one}": [_RULED] for one in ("severity", "brand", "term")},
    },
}
