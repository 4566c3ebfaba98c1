"""Routes for operators: liveness, readiness, metrics and the audit log."""

from __future__ import annotations

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

from badbuzz.store.model import AuditEntry, Page
from dashboards.api import examples
from dashboards.api.metrics import CONTENT_TYPE
from dashboards.api.paging import Limit
from dashboards.api.requests import Cursor
from dashboards.api.routing import AdminRoute, StateDep, reply
from dashboards.responses import Health

public_router = APIRouter(tags=["operations"])
admin_router = APIRouter(route_class=AdminRoute, tags=["operations"])


@public_router.get(
    "/healthz", response_model=Health, responses=examples.responses(Health("ok", ()))
)
async def healthz(state: StateDep) -> Response:
    """Answer if the process is alive. No key is needed."""
    return reply(Health("ok", state.scorers.versions))


@public_router.get("/readyz", response_model=Health, responses=examples.responses(Health("ok", ())))
def readyz(state: StateDep) -> Response:
    """Answer if the store answers and the bundles are loaded. No key is needed."""
    if state.broadcast.closed:
        raise HTTPException(503, "the broadcast has ended: restart the API")
    state.store.positions()
    return reply(Health("ok", state.scorers.versions))


@public_router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(state: StateDep) -> Response:
    """Return the metrics in the text format of Prometheus. No key is needed."""
    return Response(state.metrics.text(), media_type=CONTENT_TYPE)


@admin_router.get(
    "/audit",
    response_model=Page[AuditEntry],
    responses=examples.responses(examples.page(examples.ENTRY)),
)
def audit(state: StateDep, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """List the entries of the audit log, newest first."""
    return reply(state.store.audit(limit=limit, cursor=cursor))
