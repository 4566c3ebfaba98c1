"""What every route stands on: its application's parts, its guard, its way to answer."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import orjson
from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute

from badbuzz.settings import Settings
from badbuzz.store import Store
from dashboards.access import Caller, Gate
from dashboards.document import SECURITY
from dashboards.judging import Judging
from dashboards.metrics import Metrics
from dashboards.streaming import Broadcast


@dataclass(frozen=True)
class Parts:
    """What an application is made of."""

    settings: Settings
    store: Store
    judging: Judging
    gate: Gate
    metrics: Metrics
    broadcast: Broadcast


async def _parts(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


async def _caller(request: Request) -> Caller:
    caller: Caller = request.state.caller
    return caller


Served = Annotated[Parts, Depends(_parts)]
"""An endpoint's argument: its application's parts."""
CalledBy = Annotated[Caller, Depends(_caller)]
"""An endpoint's argument: who asks."""


class ReadRoute(APIRoute):
    """A route that a key with the scope ``read`` may take.

    The caller is let in before the body is read; the body is bounded.
    """

    needed: ClassVar[str] = "read"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        said = {"security": SECURITY, "x-scope": self.needed}
        kwargs["openapi_extra"] = said | (kwargs.get("openapi_extra") or {})
        super().__init__(*args, **kwargs)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Give the route's own handler, behind the gate."""
        handle, needed = super().get_route_handler(), self.needed

        async def guarded(request: Request) -> Response:
            gate = (await _parts(request)).gate
            request.state.caller = await gate.admit(request, needed)
            return await handle(Request(request.scope, gate.bounded(request)))

        return guarded


class WriteRoute(ReadRoute):
    """A route that needs the scope ``write``."""

    needed = "write"


class AdminRoute(ReadRoute):
    """A route that needs the scope ``admin``."""

    needed = "admin"


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
