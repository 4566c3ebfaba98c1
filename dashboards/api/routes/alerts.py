"""Alerts: which there were, who has seen them, what people say they were worth."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Query, Response
from starlette.convertors import Convertor, register_url_convertor

from badbuzz.errors import UnknownError
from badbuzz.model import Phase, Severity
from badbuzz.store.model import Page, Ruling
from dashboards.api import examples
from dashboards.api.paging import Limit, known
from dashboards.api.responses import SpokenIn, ToldLife, told_life
from dashboards.api.routing import CalledBy, ReadRoute, Served, WriteRoute, reply
from dashboards.api.schemas import AlertPath, Cursor, Instant, Name, Pages, RulingRequest


class _AlertId(Convertor[str]):
    """An alert's id in a path, in which ``/`` may stand; what is done to an alert is no id."""

    regex = ".*(?<!/ack)(?<!/ruling)"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("alert", _AlertId())

reading = APIRouter(route_class=ReadRoute, tags=["alerts"])
writing = APIRouter(route_class=WriteRoute, tags=["alerts"])


@reading.get(
    "/alerts", response_model=Pages[ToldLife], responses=examples.of(examples.page(examples.LIFE))
)
def alerts(
    parts: Served,
    brand: Annotated[Name | None, Query()] = None,
    phase: Annotated[Phase | None, Query(description="as it is now")] = None,
    severity: Annotated[Severity | None, Query()] = None,
    from_: Annotated[
        Instant | None, Query(alias="from", description="opened then or later")
    ] = None,
    to: Annotated[Instant | None, Query(description="opened before")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    language: SpokenIn = "en",
) -> Response:
    """Alerts, the newest first: each as it is now, with its phases, who saw it, and rulings."""
    if brand is not None:
        known(parts.store, brand)
    page = parts.store.alerts(
        brand=brand,
        phase=phase,
        severity=severity,
        from_ms=from_,
        to_ms=to,
        limit=limit,
        cursor=cursor,
    )
    return reply(Page(tuple(told_life(life, language) for life in page.items), page.cursor))


@writing.post(
    "/alerts/{id:path}/ack", response_model=ToldLife, responses=examples.of(examples.LIFE)
)
def acknowledge(
    parts: Served,
    caller: CalledBy,
    id: AlertPath,  # noqa: A002
    language: SpokenIn = "en",
) -> Response:
    """Say that you have seen it; the first to say so stays named."""
    life = parts.store.acknowledge(id, caller.name, time.time_ns() // 1_000_000)
    return reply(told_life(life, language))


@writing.post(
    "/alerts/{id:path}/ruling", response_model=ToldLife, responses=examples.of(examples.LIFE)
)
def rule(
    parts: Served,
    caller: CalledBy,
    id: AlertPath,  # noqa: A002
    asked: RulingRequest,
    language: SpokenIn = "en",
) -> Response:
    """Say what it was: a real crisis, a false alarm, or benign. Your latest ruling counts."""
    now_ms = time.time_ns() // 1_000_000
    ruling = Ruling(id, asked.verdict, caller.name, now_ms, asked.note)
    return reply(told_life(parts.store.rule(ruling), language))


@reading.get("/alerts/{id:alert}", response_model=ToldLife, responses=examples.of(examples.LIFE))
def alert(parts: Served, id: AlertPath, language: SpokenIn = "en") -> Response:  # noqa: A002
    """One alert, by its id, whose ``/`` may stand as it is or as ``%2F``."""
    life = parts.store.alert(id)
    if life is None:
        raise UnknownError(f"there is no alert {id}; see: GET /alerts")
    return reply(told_life(life, language))
