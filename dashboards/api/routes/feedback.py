"""``/feedback`` and ``/labelling``: corrections of labels and the labelling queue."""

from __future__ import annotations

import logging
import time
from http import HTTPStatus
from typing import Annotated, Final
from uuid import NAMESPACE_URL, uuid4, uuid5

from fastapi import APIRouter, Header, Query, Response
from starlette.exceptions import HTTPException

from badbuzz.evidence.masking import mask
from badbuzz.store.model import Feedback, SampledTweet
from dashboards.api import examples
from dashboards.api.auth import Caller
from dashboards.api.logs import log_event
from dashboards.api.metrics import Metrics
from dashboards.api.paging import find_brand
from dashboards.api.requests import FeedbackRequest, Lang, Name
from dashboards.api.routing import AppState, CallerDep, ReadRoute, StateDep, WriteRoute, reply
from dashboards.responses import FeedbackReceipt

read_router = APIRouter(route_class=ReadRoute, tags=["corrections"])
write_router = APIRouter(route_class=WriteRoute, tags=["corrections"])

_MAX_QUEUE: Final = 100


@write_router.post(
    "/feedback",
    status_code=HTTPStatus.ACCEPTED,
    response_model=FeedbackReceipt,
    responses=examples.responses(examples.RECEIPT, HTTPStatus.ACCEPTED),
)
def feedback(
    state: StateDep,
    caller: CallerDep,
    body: FeedbackRequest,
    idempotency_key: Annotated[
        Name | None, Header(description="the id of the body, as a header")
    ] = None,
) -> Response:
    """Correct or confirm a label. The correction is durable when the response arrives."""
    correction = _correction(state, caller, body, body.id or idempotency_key or "")
    is_new = state.store.add_feedback(correction)
    if is_new:
        _record(state.metrics, correction)
    receipt = FeedbackReceipt(
        id=correction.id,
        is_new=is_new,
        scored=correction.predicted is not None,
        misprediction=correction.mispredicted,
    )
    return reply(receipt, HTTPStatus.ACCEPTED)


@read_router.get(
    "/labelling",
    response_model=list[SampledTweet],
    responses=examples.responses([examples.SAMPLED]),
)
def labelling(
    state: StateDep,
    lang: Annotated[Lang | None, Query()] = None,
    brand: Annotated[Name | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=_MAX_QUEUE)] = 20,
) -> Response:
    """List sampled tweets without feedback, least certain label first.

    Answer with ``POST /feedback`` and the source ``labelling``.
    """
    if brand is not None:
        find_brand(state.store, brand)
    return reply(state.store.labelling(lang=lang, brand=brand, limit=limit))


def _correction(
    state: AppState, caller: Caller, body: FeedbackRequest, idempotency_key: str
) -> Feedback:
    """Return the feedback of a request, completed by the sampled tweet if there is one."""
    tweet = state.store.tweet(body.tweet_id) if body.tweet_id else None
    if tweet is None and not body.text:
        raise HTTPException(HTTPStatus.NOT_FOUND, "the tweet is not in the sample: send its text")
    predicted, score, bundle = _prediction(state, body, tweet)
    keyed = uuid5(NAMESPACE_URL, f"{caller.name}\n{idempotency_key}")
    return Feedback(
        id=(keyed if idempotency_key else uuid4()).hex,
        at_ms=time.time_ns() // 1_000_000,
        by=caller.name,
        tweet_id=body.tweet_id or None,
        brand=tweet.brand if tweet else body.brand,
        lang=tweet.lang if tweet else body.lang,
        text=tweet.text if tweet else mask(body.text),
        author=tweet.author if tweet else "",
        predicted=predicted,
        score=score,
        ground_truth=body.right,
        bundle=bundle,
        source=body.source,
    )


def _prediction(
    state: AppState, body: FeedbackRequest, tweet: SampledTweet | None
) -> tuple[bool | None, float | None, str]:
    """Return label, score and bundle: the tweet's, else the request's, else a new prediction."""
    if tweet is not None:
        return tweet.negative, tweet.score, tweet.bundle
    if body.predicted is not None:
        return body.predicted, body.score, body.bundle
    (prediction,) = state.scorers.predict_blocking([(body.lang, body.text)])
    if prediction is None:
        return None, None, ""
    return prediction.negative, prediction.score, prediction.bundle


def _record(metrics: Metrics, correction: Feedback) -> None:
    """Count a correction; log it if it contradicts a label."""
    metrics.corrections.labels(correction.source).inc()
    if not correction.mispredicted:
        return
    metrics.count_misprediction(correction.bundle)
    log_event(
        "misprediction",
        level=logging.WARNING,
        text=correction.text,
        predicted=correction.predicted,
        right=correction.ground_truth,
        score=correction.score,
        bundle=correction.bundle,
        brand=correction.brand,
        lang=correction.lang,
        source=correction.source,
        by=correction.by,
    )
