"""``/alerts``: list, acknowledgement and rulings."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Query, Response
from starlette.convertors import Convertor, register_url_convertor

from badbuzz.errors import UnknownError
from badbuzz.model import Severity
from badbuzz.store.model import AlertPhase, Page, Ruling
from dashboards.api import examples
from dashboards.api.descriptions import LanguageQuery, describe_history
from dashboards.api.paging import Limit, find_brand
from dashboards.api.requests import AlertPath, Cursor, Instant, Name, RulingRequest
from dashboards.api.routing import CallerDep, ReadRoute, StateDep, WriteRoute, reply
from dashboards.responses import DescribedAlertHistory


class _AlertId(Convertor[str]):
    """A path converter for the id of an alert, which may contain ``/`` but not a subresource."""

    regex = ".*(?<!/ack)(?<!/ruling)"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("alert", _AlertId())

read_router = APIRouter(route_class=ReadRoute, tags=["alerts"])
write_router = APIRouter(route_class=WriteRoute, tags=["alerts"])


@read_router.get(
    "/alerts",
    response_model=Page[DescribedAlertHistory],
    responses=examples.responses(examples.page(examples.ALERT_HISTORY)),
)
def alerts(
    state: StateDep,
    brand: Annotated[Name | None, Query()] = None,
    phase: Annotated[
        AlertPhase | None, Query(description="current phase; `open`: every one but `resolved`")
    ] = None,
    severity: Annotated[Severity | None, Query()] = None,
    from_: Annotated[Instant | None, Query(alias="from", description="opened at or after")] = None,
    to: Annotated[Instant | None, Query(description="opened before")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    language: LanguageQuery = "en",
) -> Response:
    """List alerts, newest first, with their phases, acknowledgements and rulings."""
    if brand is not None:
        find_brand(state.store, brand)
    page = state.store.alerts(
        brand=brand,
        phase=phase,
        severity=severity,
        from_ms=from_,
        to_ms=to,
        limit=limit,
        cursor=cursor,
    )
    return reply(
        Page(tuple(describe_history(history, language) for history in page.items), page.cursor)
    )


@write_router.post(
    "/alerts/{id:path}/ack",
    response_model=DescribedAlertHistory,
    responses=examples.responses(examples.ALERT_HISTORY),
)
def acknowledge(
    state: StateDep,
    caller: CallerDep,
    id: AlertPath,  # noqa: A002
    language: LanguageQuery = "en",
) -> Response:
    """Acknowledge an alert. The first acknowledgement is kept."""
    history = state.store.acknowledge(id, caller.name, time.time_ns() // 1_000_000)
    return reply(describe_history(history, language))


@write_router.post(
    "/alerts/{id:path}/ruling",
    response_model=DescribedAlertHistory,
    responses=examples.responses(examples.ALERT_HISTORY),
)
def rule(
    state: StateDep,
    caller: CallerDep,
    id: AlertPath,  # noqa: A002
    body: RulingRequest,
    language: LanguageQuery = "en",
) -> Response:
    """Rule on an alert: real, false alarm or benign. The latest ruling of each caller counts."""
    now_ms = time.time_ns() // 1_000_000
    ruling = Ruling(id, body.verdict, caller.name, now_ms, body.note)
    return reply(describe_history(state.store.rule(ruling), language))


@read_router.get(
    "/alerts/{id:alert}",
    response_model=DescribedAlertHistory,
    responses=examples.responses(examples.ALERT_HISTORY),
)
def alert(state: StateDep, id: AlertPath, language: LanguageQuery = "en") -> Response:  # noqa: A002
    """Return one alert. The ``/`` in its id may be encoded as ``%2F``."""
    history = state.store.alert(id)
    if history is None:
        raise UnknownError(f"there is no alert {id}; see: GET /alerts")
    return reply(describe_history(history, language))
