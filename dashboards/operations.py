"""What operators ask: does it live, can it serve, what does it count, who did what."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from starlette.exceptions import HTTPException

from badbuzz.record import Entry
from dashboards import examples
from dashboards.metrics import CONTENT_TYPE
from dashboards.paging import Limit
from dashboards.problems import FieldProblem
from dashboards.schemas import Cursor, Health, Name, Pages
from dashboards.served import AdminRoute, ReadRoute, Served, reply
from dashboards.streaming import MOST_LISTENERS, EventStream, decode_positions

opened = APIRouter(tags=["operations"])
reading = APIRouter(route_class=ReadRoute, tags=["stream"])
administering = APIRouter(route_class=AdminRoute, tags=["operations"])


@opened.get(
    "/healthz", response_model=Health, responses=examples.of({"status": "ok", "bundles": []})
)
async def healthz(parts: Served) -> Response:
    """Whether the process answers. No key is needed."""
    return reply({"status": "ok", "bundles": parts.judging.versions})


@opened.get(
    "/readyz", response_model=Health, responses=examples.of({"status": "ok", "bundles": []})
)
def readyz(parts: Served) -> Response:
    """Whether the store answers and bundles are loaded. No key is needed."""
    if parts.broadcast.closed:
        raise HTTPException(503, "the stream has ended: start the API again")
    parts.store.positions()
    return reply({"status": "ok", "bundles": parts.judging.versions})


@opened.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def metrics(parts: Served) -> Response:
    """Counts and times, as Prometheus reads them. No key is needed: no text is among them."""
    return Response(parts.metrics.text(), media_type=CONTENT_TYPE)


@administering.get(
    "/audit", response_model=Pages[Entry], responses=examples.of(examples.page(examples.ENTRY))
)
def audit(parts: Served, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """Who did what, the newest first."""
    return reply(parts.store.audit(limit=limit, cursor=cursor))


@reading.get(
    "/stream",
    response_class=Response,
    responses={
        200: {
            "content": {
                "text/event-stream": {"schema": {"type": "string"}, "example": examples.EVENT}
            }
        }
    },
)
async def stream(
    parts: Served,
    brand: Annotated[Name | None, Query(description="of this one alone")] = None,
    last_event_id: Annotated[
        str | None, Header(max_length=4000, description="of the last event that came")
    ] = None,
) -> Response:
    """Windows and alerts as they are recorded: events ``window`` and ``alert``.

    With ``Last-Event-ID`` it goes on exactly where that event stood, nothing lost or repeated.
    A comment comes each 15 seconds; who reads too slowly is cut off.
    """
    try:
        last = decode_positions(last_event_id) if last_event_id else None
    except ValueError as error:
        raise FieldProblem("header.last-event-id", str(error)) from error
    listener = await parts.broadcast.join(brand)
    if listener is None:
        raise HTTPException(503, f"{MOST_LISTENERS} listen already", {"Retry-After": "60"})
    return EventStream(parts.broadcast, listener, last)
