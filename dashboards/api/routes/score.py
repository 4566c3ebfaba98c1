"""``POST /score``: predictions on request, with the bundles of the stream processor."""

from __future__ import annotations

from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool

from badbuzz.features.attribution import Explanation
from badbuzz.model import Prediction
from dashboards.api import examples
from dashboards.api.requests import ScoreRequest
from dashboards.api.routing import ReadRoute, StateDep, reply
from dashboards.api.scorers import ScorerPool
from dashboards.responses import (
    ExplainedScoreResponse,
    ExplainedText,
    ScoredText,
    ScoreExplanation,
    ScoreResponse,
    TokenContribution,
)

router = APIRouter(route_class=ReadRoute, tags=["score"])


@router.post(
    "/score",
    response_model=ScoreResponse | ExplainedScoreResponse,
    responses=examples.responses(examples.SCORED),
)
async def score(state: StateDep, body: ScoreRequest) -> Response:
    """Score 1 to 1,000 texts. A text whose language no bundle reads gets null."""
    texts = [(one.lang, one.text) for one in body.texts]
    predictions = await state.scorers.predict(texts)
    for prediction in predictions:
        state.metrics.scored.labels(prediction.bundle if prediction else "").inc()
    if body.explain:
        return reply(await run_in_threadpool(_explain, state.scorers, texts, predictions))
    scored = [
        None if prediction is None else _scored_text(prediction) for prediction in predictions
    ]
    return reply(ScoreResponse(tuple(scored)))


def _scored_text(prediction: Prediction) -> ScoredText:
    return ScoredText(prediction.score, prediction.negative, prediction.bundle)


def _explain(
    scorers: ScorerPool, texts: list[tuple[str, str]], predictions: list[Prediction | None]
) -> ExplainedScoreResponse:
    explained = [
        None if prediction is None else _explained_text(prediction, scorers.explain(lang, text))
        for (lang, text), prediction in zip(texts, predictions, strict=True)
    ]
    return ExplainedScoreResponse(tuple(explained))


def _explained_text(prediction: Prediction, explanation: Explanation) -> ExplainedText:
    contributions = tuple(
        TokenContribution(one.token, one.start, one.end, one.logit)
        for one in explanation.contributions
    )
    return ExplainedText(
        prediction.score,
        prediction.negative,
        prediction.bundle,
        ScoreExplanation(explanation.logit, explanation.bias, contributions),
    )
