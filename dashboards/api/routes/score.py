"""``POST /score``: the bundle and the code of the stream, on request."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool

from badbuzz.features.attribution import Explanation
from badbuzz.model import Prediction
from dashboards.api import examples
from dashboards.api.routing import ReadRoute, Served, reply
from dashboards.api.schemas import ScoreRequest, ScoreResponse
from dashboards.api.scorers import ScorerPool

router = APIRouter(route_class=ReadRoute, tags=["score"])


@router.post("/score", response_model=ScoreResponse, responses=examples.of(examples.SCORED))
async def score(parts: Served, asked: ScoreRequest) -> Response:
    """Score 1 to 1,000 texts; null where no bundle reads the language."""
    texts = [(one.lang, one.text) for one in asked.texts]
    verdicts = await parts.judging.predict(texts)
    for verdict in verdicts:
        parts.metrics.scored.labels(verdict.bundle if verdict else "").inc()
    told = [_told(verdict) for verdict in verdicts]
    if asked.explain:
        await run_in_threadpool(_explain, parts.judging, texts, told)
    return reply({"verdicts": told})


def _told(verdict: Prediction | None) -> dict[str, Any] | None:
    if verdict is None:
        return None
    return {"score": verdict.score, "negative": verdict.negative, "bundle": verdict.bundle}


def _explain(
    judging: ScorerPool, texts: list[tuple[str, str]], told: list[dict[str, Any] | None]
) -> None:
    for (lang, text), verdict in zip(texts, told, strict=True):
        if verdict is not None:
            verdict["explanation"] = _explained(judging.explain(lang, text))


def _explained(explanation: Explanation) -> dict[str, Any]:
    return {
        "logit": explanation.logit,
        "bias": explanation.bias,
        "contributions": [
            {
                "token": part.token,
                "start": part.start,
                "end": part.end,
                "contribution": part.logit,
            }
            for part in explanation.contributions
        ],
    }
