"""``GET /errors``: the error analysis of ``badbuzz errors --json``."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response

from badbuzz.model import DAY_MS
from dashboards.api import examples
from dashboards.api.paging import resolve_period
from dashboards.api.requests import Instant
from dashboards.api.routing import ReadRoute, StateDep, reply
from dashboards.error_responses import ErrorAnalysis
from dashboards.errors.findings import analyse_errors, predict_again
from dashboards.errors.summary import summarise

router = APIRouter(route_class=ReadRoute, tags=["corrections"])

_WEEK_MS: Final = 7 * DAY_MS


@router.get(
    "/errors", response_model=ErrorAnalysis, responses=examples.responses(examples.ERROR_ANALYSIS)
)
def errors(
    state: StateDep,
    from_: Annotated[
        Instant | None,
        Query(alias="from", description="start of the feedback; default: a week before the end"),
    ] = None,
    to: Annotated[Instant | None, Query(description="end, exclusive; default: now")] = None,
) -> Response:
    """Return the error analysis of a period: the output of ``badbuzz errors --json``."""
    end_ms = time.time_ns() // 1_000_000 + 1 if to is None else to
    start_ms = max(0, end_ms - _WEEK_MS) if from_ is None else from_
    from_ms, to_ms = resolve_period(start_ms, end_ms, end_ms)
    findings = analyse_errors(state.store, None, from_ms, to_ms)
    with state.scorers.lock_scorers() as scorers:
        predictions = predict_again(findings.mispredictions.worst, scorers)
    return reply(summarise(replace(findings, predictions=tuple(predictions))))
