"""Labels that people give: corrections, and answers to the labelling queue."""

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
from dashboards.api.logs import note
from dashboards.api.metrics import Metrics
from dashboards.api.paging import known
from dashboards.api.routing import AppState, CalledBy, ReadRoute, Served, WriteRoute, reply
from dashboards.api.schemas import FeedbackReceipt, FeedbackRequest, Lang, Name

reading = APIRouter(route_class=ReadRoute, tags=["corrections"])
writing = APIRouter(route_class=WriteRoute, tags=["corrections"])

_MOST: Final = 100


@writing.post(
    "/feedback",
    status_code=HTTPStatus.ACCEPTED,
    response_model=FeedbackReceipt,
    responses=examples.of(examples.RECEIPT, HTTPStatus.ACCEPTED),
)
def feedback(
    parts: Served,
    caller: CalledBy,
    asked: FeedbackRequest,
    idempotency_key: Annotated[
        Name | None, Header(description="the body's id, as a header")
    ] = None,
) -> Response:
    """Correct a label, or give one: it is in the store when this answers."""
    correction = _correction(parts, caller, asked, asked.id or idempotency_key or "")
    is_new = parts.store.add_feedback(correction)
    if is_new:
        _tell(parts.metrics, correction)
    receipt = FeedbackReceipt(
        id=correction.id,
        is_new=is_new,
        scored=correction.predicted is not None,
        misprediction=correction.mispredicted,
    )
    return reply(receipt.model_dump(), HTTPStatus.ACCEPTED)


@reading.get(
    "/labelling", response_model=list[SampledTweet], responses=examples.of([examples.SAMPLED])
)
def labelling(
    parts: Served,
    lang: Annotated[Lang | None, Query()] = None,
    brand: Annotated[Name | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=_MOST)] = 20,
) -> Response:
    """Tweets whose label is least certain and that nobody has judged: the most worth labelling.

    Answer with ``POST /feedback`` and the source ``labelling``.
    """
    if brand is not None:
        known(parts.store, brand)
    return reply(parts.store.labelling(lang=lang, brand=brand, limit=limit))


def _correction(parts: AppState, caller: Caller, asked: FeedbackRequest, given_id: str) -> Feedback:
    """What a person says, with what is known of the tweet."""
    known = parts.store.tweet(asked.tweet_id) if asked.tweet_id else None
    if known is None and not asked.text:
        raise HTTPException(
            HTTPStatus.NOT_FOUND, "that tweet is not, or no longer, in the sample: send its text"
        )
    predicted, score, bundle = _prediction(parts, asked, known)
    return Feedback(
        id=uuid5(NAMESPACE_URL, f"{caller.name}\n{given_id}").hex if given_id else uuid4().hex,
        at_ms=time.time_ns() // 1_000_000,
        by=caller.name,
        tweet_id=asked.tweet_id or None,
        brand=known.brand if known else asked.brand,
        lang=known.lang if known else asked.lang,
        text=known.text if known else mask(asked.text),
        author=known.author if known else "",
        predicted=predicted,
        score=score,
        right=asked.right,
        bundle=bundle,
        source=asked.source,
    )


def _prediction(
    parts: AppState, asked: FeedbackRequest, known: SampledTweet | None
) -> tuple[bool | None, float | None, str]:
    """The label that was shown: the tweet's own, the one the person saw, or ours of now."""
    if known is not None:
        return known.negative, known.score, known.bundle
    if asked.predicted is not None:
        return asked.predicted, asked.score, asked.bundle
    (verdict,) = parts.judging.wait([(asked.lang, asked.text)])
    return (verdict.negative, verdict.score, verdict.bundle) if verdict else (None, None, "")


def _tell(metrics: Metrics, correction: Feedback) -> None:
    metrics.corrections.labels(correction.source).inc()
    if not correction.mispredicted:
        return
    metrics.count_misprediction(correction.bundle)
    note(
        "misprediction",
        level=logging.WARNING,
        text=correction.text,
        predicted=correction.predicted,
        right=correction.right,
        score=correction.score,
        bundle=correction.bundle,
        brand=correction.brand,
        lang=correction.lang,
        source=correction.source,
        by=correction.by,
    )
