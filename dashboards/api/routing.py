"""The base of every route: application state, permission check, checks of the request, reply."""

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
from dashboards.api.champion_sync import ChampionSync
from dashboards.api.metrics import Metrics
from dashboards.api.openapi import SECURITY
from dashboards.api.scorers import ScorerPool

_MAX_UNKNOWN: Final = 5
_MAX_NAME: Final = 100


@dataclass(frozen=True)
class AppState:
    """The objects that an application's routes share."""

    settings: Settings
    brands: Brands
    store: Store
    scorers: ScorerPool
    champion_sync: ChampionSync
    authenticator: Authenticator
    metrics: Metrics
    broadcast: Broadcast


async def _state(request: Request) -> AppState:
    state: AppState = request.app.state.badbuzz
    return state


async def _caller(request: Request) -> Caller:
    caller: Caller = request.state.caller
    return caller


StateDep = Annotated[AppState, Depends(_state)]
"""Parameter of an endpoint: the application's state."""
CallerDep = Annotated[Caller, Depends(_caller)]
"""Parameter of an endpoint: the authenticated caller."""


class ReadRoute(APIRoute):
    """A route that needs the scope ``read``.

    The permission is checked before the body is read. The size of the body is limited, and its
    content type must be JSON. Unknown query parameters are refused, so that a misspelt one does
    not change the meaning of the request unnoticed.
    """

    required_scope: ClassVar[str] = "read"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        extra = {"security": SECURITY, "x-scope": self.required_scope}
        kwargs["openapi_extra"] = extra | (kwargs.get("openapi_extra") or {})
        super().__init__(*args, **kwargs)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the route's handler, preceded by the checks."""
        handle, scope = super().get_route_handler(), self.required_scope
        names = [parameter.alias for parameter in self.dependant.query_params]
        has_body = self.body_field is not None

        async def check_and_handle(request: Request) -> Response:
            authenticator = (await _state(request)).authenticator
            request.state.caller = await authenticator.authorize(request, scope)
            _check_query(request, names)
            if has_body:
                _check_content_type(request)
            return await handle(Request(request.scope, authenticator.limit_body(request)))

        return check_and_handle


class WriteRoute(ReadRoute):
    """A route that needs the scope ``write``."""

    required_scope = "write"


class AdminRoute(ReadRoute):
    """A route that needs the scope ``admin``."""

    required_scope = "admin"


def _check_query(request: Request, names: list[str]) -> None:
    unknown = [name for name in request.query_params if name not in names]
    if unknown:
        detail = f"unknown; known: {', '.join(names)}" if names else "unknown; none is known here"
        errors = [{"loc": ("query", name[:_MAX_NAME]), "msg": detail} for name in unknown]
        raise RequestValidationError(errors[:_MAX_UNKNOWN])


def _check_content_type(request: Request) -> None:
    """Refuse a body whose content type is not JSON; FastAPI refuses a missing body."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_json = media_type == "application/json" or (
        media_type.startswith("application/") and media_type.endswith("+json")
    )
    is_empty = request.headers.get("content-length", "0") == "0"
    if not is_json and not (is_empty and "transfer-encoding" not in request.headers):
        raise HTTPException(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send Content-Type: application/json"
        )


def reply(value: Any, status: int = 200) -> Response:
    """Return a value as a JSON response; dataclasses become objects.

    Examples
    --------
    >>> reply({"n": 1}).body
    b'{"n":1}'
    """
    return Response(orjson.dumps(value), status, media_type="application/json")
