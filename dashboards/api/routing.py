"""What every route stands on: its application's parts, its guard, its way to answer."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, ClassVar, Final

import orjson
from fastapi import Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from badbuzz.config.brands import Brands
from badbuzz.config.settings import Settings
from badbuzz.store.database import Store
from dashboards.api.auth import Authenticator, Caller
from dashboards.api.broadcast import Broadcast
from dashboards.api.champion_sync import Following
from dashboards.api.metrics import Metrics
from dashboards.api.openapi import SECURITY
from dashboards.api.scorers import ScorerPool

_MOST_NAMED: Final = 5
_MOST_SHOWN: Final = 100


@dataclass(frozen=True)
class AppState:
    """What an application is made of."""

    settings: Settings
    watched: Brands
    store: Store
    judging: ScorerPool
    following: Following
    gate: Authenticator
    metrics: Metrics
    broadcast: Broadcast


async def _parts(request: Request) -> AppState:
    parts: AppState = request.app.state.parts
    return parts


async def _caller(request: Request) -> Caller:
    caller: Caller = request.state.caller
    return caller


Served = Annotated[AppState, Depends(_parts)]
"""An endpoint's argument: its application's parts."""
CalledBy = Annotated[Caller, Depends(_caller)]
"""An endpoint's argument: who asks."""


class ReadRoute(APIRoute):
    """A route that a key with the scope ``read`` may take.

    The caller is let in before the body is read; the body is bounded, and is JSON. What the route
    does not ask is refused: whoever misspells a parameter would get another question answered.
    """

    needed: ClassVar[str] = "read"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        said = {"security": SECURITY, "x-scope": self.needed}
        kwargs["openapi_extra"] = said | (kwargs.get("openapi_extra") or {})
        super().__init__(*args, **kwargs)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Give the route's own handler, behind the gate."""
        handle, needed = super().get_route_handler(), self.needed
        known = [parameter.alias for parameter in self.dependant.query_params]
        has_body = self.body_field is not None

        async def guarded(request: Request) -> Response:
            gate = (await _parts(request)).gate
            request.state.caller = await gate.admit(request, needed)
            _check_query(request, known)
            if has_body:
                _check_is_json(request)
            return await handle(Request(request.scope, gate.bounded(request)))

        return guarded


class WriteRoute(ReadRoute):
    """A route that needs the scope ``write``."""

    needed = "write"


class AdminRoute(ReadRoute):
    """A route that needs the scope ``admin``."""

    needed = "admin"


def _check_query(request: Request, known: list[str]) -> None:
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        told = (
            f"unknown here; known: {', '.join(known)}" if known else "unknown: none is known here"
        )
        named = [{"loc": ("query", name[:_MOST_SHOWN]), "msg": told} for name in unknown]
        raise RequestValidationError(named[:_MOST_NAMED])


def _check_is_json(request: Request) -> None:
    """Refuse a body that is said to be something else; whether one is missing is seen later."""
    said = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_json = said == "application/json" or (
        said.startswith("application/") and said.endswith("+json")
    )
    is_empty = request.headers.get("content-length", "0") == "0"
    if not is_json and not (is_empty and "transfer-encoding" not in request.headers):
        raise HTTPException(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send Content-Type: application/json"
        )


def reply(value: Any, status: int = 200) -> Response:
    """A value as JSON, dataclasses included.

    Examples
    --------
    >>> reply({"n": 1}).body
    b'{"n":1}'
    """
    body = orjson.dumps(value, default=_plain)
    return Response(body, status, media_type="application/json")


def _plain(value: Any) -> Any:
    if isinstance(value, frozenset):
        return sorted(value)
    raise TypeError(type(value).__name__)
