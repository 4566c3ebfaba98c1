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
from dashboards.responses import ScoreExplanation, ScoreResponse, TokenContribution

router = APIRouter(route_class=ReadRoute, tags=["score"])


@router.post("/score", response_model=ScoreResponse, responses=examples.responses(examples.SCORED))
async def score(state: StateDep, body: ScoreRequest) -> Response:
    """Score 1 to 1,000 texts. A text whose language no bundle reads gets null."""
    texts = [(one.lang, one.text) for one in body.texts]
    predictions = await state.scorers.predict(texts)
    for prediction in predictions:
        state.metrics.scored.labels(prediction.bundle if prediction else "").inc()
    explanations: list[ScoreExplanation | None] = [None] * len(texts)
    if body.explain:
        explanations = await run_in_threadpool(_explain, state.scorers, texts, predictions)
    scored = [
        prediction and _scored_text(prediction, explanation)
        for prediction, explanation in zip(predictions, explanations, strict=True)
    ]
    return reply({"verdicts": scored})


def _scored_text(prediction: Prediction, explanation: ScoreExplanation | None) -> dict[str, object]:
    """Return a :class:`ScoredText` as a dict, which omits an explanation that is None."""
    text: dict[str, object] = {
        "score": prediction.score,
        "negative": prediction.negative,
        "bundle": prediction.bundle,
    }
    return text if explanation is None else text | {"explanation": explanation}


def _explain(
    scorers: ScorerPool, texts: list[tuple[str, str]], predictions: list[Prediction | None]
) -> list[ScoreExplanation | None]:
    return [
        None if prediction is None else _score_explanation(scorers.explain(lang, text))
        for (lang, text), prediction in zip(texts, predictions, strict=True)
    ]


def _score_explanation(explanation: Explanation) -> ScoreExplanation:
    return ScoreExplanation(
        explanation.logit,
        explanation.bias,
        tuple(
            TokenContribution(one.token, one.start, one.end, one.logit)
            for one in explanation.contributions
        ),
    )
