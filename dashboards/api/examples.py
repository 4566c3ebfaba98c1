"""An example of every response, for the OpenAPI document."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import orjson

from badbuzz.model import DAY_MS, Alert, Evidence, Example, Reason, Term, Window
from badbuzz.models.history import ChampionChange
from badbuzz.store.model import (
    AlertHistory,
    AuditEntry,
    BrandSummary,
    Page,
    Ruling,
    SampledTweet,
    WindowSum,
)
from dashboards.api.descriptions import describe_brand, describe_history
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
    TokenPull,
    WrongLabel,
)
from dashboards.responses import (
    ExplainedScoreResponse,
    ExplainedText,
    FeedbackReceipt,
    LanguageModels,
    ModelOverview,
    PeriodTerms,
    RegisteredVersion,
    RegistryState,
    ScoreExplanation,
    ServingBundle,
    TokenContribution,
)

_START_MS: Final = 1_764_000_000_000
_BUNDLE: Final = "airline-en@0123abcd"

WINDOW: Final = Window(
    brand="Air Paradis",
    start_ms=_START_MS + 600_000,
    end_ms=_START_MS + 900_000,
    n=21,
    n_negative=17,
    n_unvalidated=0,
    expected=2.1,
    expected_low=0.0,
    expected_high=6.0,
    rate=0.8095,
    adjusted_rate=0.83,
    baseline_rate=0.31,
    adjusted_baseline_rate=0.29,
    score=6.4,
    scale_min=15,
    p_value=7.8e-11,
    state="firing",
    alert_id=f"Air Paradis/{_START_MS}",
    absent=(),
    bundle=_BUNDLE,
)
_TEXT: Final = "@user 12 hours and still no bags. Nobody answers."
ALERT: Final = Alert(
    id=f"Air Paradis/{_START_MS}",
    brand="Air Paradis",
    phase="firing",
    severity="critical",
    window_start_ms=_START_MS,
    window_end_ms=_START_MS + 900_000,
    scale_min=15,
    n=51,
    n_negative=38,
    expected=6.1,
    p_value=7.8e-11,
    rate=0.745,
    adjusted_rate=0.76,
    baseline_rate=0.31,
    adjusted_baseline_rate=0.29,
    score=6.4,
    peak_score=6.4,
    opened_ms=_START_MS + 900_000,
    first_ms=_START_MS + 4_000,
    last_ms=_START_MS + 898_000,
    bundle=_BUNDLE,
    replay=False,
    evidence=Evidence(
        n_sampled=38,
        terms=(Term("bags", 21, 5.2), Term("lost", 14, 4.1)),
        reasons=(Reason("lost_luggage", 26),),
        n_authors=34,
        n_signed=38,
        near_duplicate_rate=0.13,
        reach=5210,
        most_negative=(Example("81", _START_MS + 5_000, 0.98, _TEXT, "", 120, 2),),
        most_repeated=(),
    ),
)
ALERT_HISTORY: Final = describe_history(
    AlertHistory(
        alert=ALERT,
        phases=(ALERT,),
        acknowledged_by="ana",
        acknowledged_ms=_START_MS + 960_000,
        rulings=(Ruling(ALERT.id, "real", "ana", _START_MS + 7_200_000, "belt 4 broke"),),
    )
)
SUMMARY: Final = describe_brand(BrandSummary("Air Paradis", WINDOW, ALERT), "Europe/Paris")
STEP: Final = WindowSum(
    start_ms=_START_MS,
    end_ms=_START_MS + 900_000,
    n=51,
    n_negative=38,
    expected=6.1,
    expected_low=0.0,
    expected_high=18.0,
    rate=0.745,
    adjusted_rate=0.76,
    baseline_rate=0.31,
    score=6.4,
    state="firing",
    alert_id=ALERT.id,
)
SAMPLED: Final = SampledTweet(
    id="81",
    brand="Air Paradis",
    created_ms=_START_MS + 5_000,
    text=_TEXT,
    lang="en",
    url="",
    author="5f1d3a",
    n_retweets=120,
    score=0.98,
    negative=True,
    bundle=_BUNDLE,
    window_start_ms=_START_MS,
)
SCORED: Final = ExplainedScoreResponse(
    (
        ExplainedText(
            0.9731,
            True,
            _BUNDLE,
            ScoreExplanation(
                logit=3.59,
                bias=-0.4,
                contributions=(
                    TokenContribution("lost", 4, 8, 1.7),
                    TokenContribution("Worst", 23, 28, 2.29),
                ),
            ),
        ),
        None,
    )
)
RECEIPT: Final = FeedbackReceipt("5b7d1f0c2a5e5d0f9e0a6c1d2b3f4a55", True, True, True)
TERMS: Final = PeriodTerms(38, 412, (Term("bags", 21, 5.2), Term("lost", 14, 4.1)))
_CARD: Final = {
    "schema": 1,
    "name": "airline-en",
    "languages": ["en"],
    "label": "negative, against neutral or positive",
    "n_rows": 11_759,
    "negative_rate": 0.6757,
    "data": [
        {"title": "…", "licence": "…", "use": "trained and tested on", "n_rows": 11_759},
    ],
    "model": {"kind": "linear, hashed words, word pairs and letter sequences"},
    "threshold": 0.5,
    "class_means": [0.299562, 0.85622],
    "protocol": "Five folds by a hash of the text …",
    "quality": {
        "accuracy": {"mean": 0.8625, "sd": 0.0047},
        "auc": {"mean": 0.9244, "sd": 0.0029},
        "left_out": "Southwest",
        "left_out_auc": 0.9265,
        "vader": {"accuracy": 0.5898, "auc": 0.7583},
    },
    "reference": {
        "scores": [1488, 629, 467, 456, 435, 478, 557, 766, 1340, 5143],
        "unknown_rate": 0.0079,
    },
}
_CHAMPION: Final = RegisteredVersion(
    number=3,
    bundle=_BUNDLE,
    aliases=("champion",),
    created_ms=_START_MS - 90_000_000,
    card=_CARD,
)
_CHALLENGER: Final = replace(
    _CHAMPION,
    number=4,
    bundle="airline-en@89abcdef",
    aliases=("challenger",),
    created_ms=_START_MS - 3_600_000,
)
_PROMOTION: Final = ChampionChange(
    what="promote",
    when_ms=_START_MS - DAY_MS,
    who="ana",
    why="twice the sarcasm found",
    before=2,
    after=3,
    evaluation="5b7d1f0c2a5e5d0f",
    checks={"quality": "macro-F1 0.841, the champion's 0.823: +0.018 (+0.004 to +0.031)"},
)
MODELS: Final = ModelOverview(
    RegistryState("answers", since_ms=_START_MS, read_ms=_START_MS + 600_000),
    (
        LanguageModels(
            language="en",
            serving=ServingBundle(_BUNDLE, threshold=0.5, version=3, card=_CARD),
            champion=3,
            challenger=4,
            n_versions=4,
            versions=(_CHALLENGER, _CHAMPION),
            events=(_PROMOTION,),
        ),
    ),
)
_LABELS: Final = LabelGroup("all", 40, 6, 4, 0.25, (0.14, 0.4))
_RULED: Final = AlertGroup("all", 4, 3, 1, 0, 0.75, (0.3, 0.95))
_STEP: Final = LabelStep(
    "airline-en@0123abcd", 40, 6, 4, 0.25, (0.14, 0.4),
    before="airline-en@4567cdef", told="no difference", difference=(-0.08, 0.21),
)  # fmt: skip
_TREND: Final = ErrorTrend((_STEP,), ())
_WRONG: Final = WrongLabel(
    id="5b7d1f0c2a5e5d0f9e0a6c1d2b3f4a55",
    tweet_id="81",
    at_ms=1_764_000_000_000,
    brand="Air Paradis",
    lang="en",
    text="Great, another delay. Just what I needed.",
    predicted=False,
    right=True,
    score=0.31,
    margin=0.19,
    bundle=_BUNDLE,
    n=1,
    today=CurrentPrediction(_BUNDLE, 0.31, True, (TokenPull("Great", -1.4),)),
)
ERROR_ANALYSIS: Final = ErrorAnalysis(
    schema=1,
    from_ms=1_763_400_000_000,
    to_ms=1_764_004_800_000,
    n_feedback=40,
    cautions=("Corrections are not a random sample: people correct what looks wrong.",),
    labels=LabelErrors(
        overall=_LABELS,
        corrections=_LABELS,
        labelling=_LABELS,
        by_language=(_LABELS,),
        by_brand=(_LABELS,),
        by_reason=(_LABELS,),
        by_term=(_LABELS,),
        by_margin=(_LABELS,),
        worst=(_WRONG,),
    ),
    trends=ErrorTrends(1_756_747_200_000, corrections=_TREND, labelling=_TREND),
    alerts=AlertErrors(_RULED, 0, (_RULED,), (_RULED,), (_RULED,)),
)
ENTRY: Final = AuditEntry(_START_MS + 960_000, "ana", "acknowledge", ALERT.id, "")
CSV: Final = "id,brand,phase\r\nAir Paradis/1764000000000,Air Paradis,firing\r\n"
EVENT: Final = 'id: a0:3,w1:7\nevent: alert\ndata: {"id":"Air Paradis/…","summary":"38 of …"}\n\n'


def page(item: Any) -> Page[Any]:
    """Return a page of one item."""
    return Page((item,), "WyJ4Iiw1XQ")


def responses(value: Any, status: int = 200) -> dict[int | str, dict[str, Any]]:
    """Return the argument ``responses`` of a route that answers with an example.

    Examples
    --------
    >>> responses([1])
    {200: {'content': {'application/json': {'example': [1]}}}}
    """
    example = orjson.loads(orjson.dumps(value))
    return {status: {"content": {"application/json": {"example": example}}}}
