"""``GET /errors``: where labels and alerts were wrong, as ``badbuzz errors --json`` says it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response

from dashboards.api import examples
from dashboards.api.error_schemas import EXAMPLE, ErrorAnalysis
from dashboards.api.paging import DAY_MS, period
from dashboards.api.routing import ReadRoute, Served, reply
from dashboards.api.schemas import Instant
from dashboards.errors.current_predictions import today
from dashboards.errors.findings import find
from dashboards.errors.summary import summary

router = APIRouter(route_class=ReadRoute, tags=["corrections"])

_WEEK_MS: Final = 7 * DAY_MS


@router.get("/errors", response_model=ErrorAnalysis, responses=examples.of(EXAMPLE))
def errors(
    parts: Served,
    from_: Annotated[
        Instant | None, Query(alias="from", description="when people spoke; a week before its end")
    ] = None,
    to: Annotated[Instant | None, Query(description="the same, exclusive; now")] = None,
) -> Response:
    """Where labels and alerts were wrong, as people said: what ``badbuzz errors --json`` prints."""
    end_ms = time.time_ns() // 1_000_000 + 1 if to is None else to
    begin_ms = max(0, end_ms - _WEEK_MS) if from_ is None else from_
    from_ms, to_ms = period(begin_ms, end_ms, end_ms)
    found = find(parts.store, None, from_ms, to_ms)
    with parts.judging.lent() as judges:
        found = replace(found, today=tuple(today(found.mistakes.worst, judges)))
    return reply(summary(found))
