"""What operators ask: does it live, can it serve, what does it count, who did what."""

from __future__ import annotations

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

from badbuzz.store.model import AuditEntry
from dashboards.api import examples
from dashboards.api.metrics import CONTENT_TYPE
from dashboards.api.paging import Limit
from dashboards.api.routing import AdminRoute, Served, reply
from dashboards.api.schemas import Cursor, Health, Pages

opened = APIRouter(tags=["operations"])
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
async def metrics(parts: Served) -> Response:
    """Counts and times, as Prometheus reads them. No key is needed: no text is among them."""
    return Response(parts.metrics.text(), media_type=CONTENT_TYPE)


@administering.get(
    "/audit", response_model=Pages[AuditEntry], responses=examples.of(examples.page(examples.ENTRY))
)
def audit(parts: Served, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """Who did what, the newest first."""
    return reply(parts.store.audit(limit=limit, cursor=cursor))
