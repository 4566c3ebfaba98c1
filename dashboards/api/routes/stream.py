"""``GET /stream``: server-sent events, to each listener as fast as it reads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Final

from fastapi import APIRouter, Header, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from dashboards.api import examples
from dashboards.api.broadcast import (
    MOST_LISTENERS,
    Broadcast,
    Listener,
    Positions,
    decode_positions,
    encode_positions,
)
from dashboards.api.paging import known
from dashboards.api.problems import FieldProblem
from dashboards.api.responses import SpokenIn
from dashboards.api.routing import ReadRoute, Served
from dashboards.api.schemas import Name

router = APIRouter(route_class=ReadRoute, tags=["stream"])

HEARTBEAT_S: Final = 15.0
CHECK_S: Final = 5.0
SEND_S: Final = 60.0
"""Seconds that a client may leave what was sent unread."""
_COMMENT: Final = b": %s\n\n"


@router.get(
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
    request: Request,
    brand: Annotated[Name | None, Query(description="of this one alone")] = None,
    last_event_id: Annotated[
        str | None, Header(max_length=4000, description="of the last event that came")
    ] = None,
    language: SpokenIn = "en",
) -> Response:
    """Windows and alerts as they are recorded: events ``window`` and ``alert``.

    With ``Last-Event-ID`` it goes on exactly where that event stood, nothing lost or repeated.
    A comment comes each 15 seconds; who reads too slowly is cut off, whose key is revoked too.
    """
    try:
        last = decode_positions(last_event_id) if last_event_id else None
    except ValueError as error:
        raise FieldProblem("header.last-event-id", str(error)) from error
    if brand is not None:
        await run_in_threadpool(known, parts.store, brand)
    listener = await parts.broadcast.join(brand, language)
    if listener is None:
        raise HTTPException(503, f"{MOST_LISTENERS} listen already", {"Retry-After": "60"})

    async def allowed() -> bool:
        return await parts.gate.still_admits(request)

    return EventStream(parts.broadcast, listener, last, allowed)


class EventStream(Response):
    """A response that goes on until the client leaves, is too slow, or the server goes down.

    Parameters
    ----------
    broadcast
        What the listener listens to.
    listener
        Whose events are sent.
    last
        The position that the client had reached; None to begin with what comes.
    allowed
        Says whether the client may still listen; asked every five seconds.
    heartbeat_s
        Seconds of silence until the client hears that the connection lives.
    send_s
        Seconds that a client may read nothing.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        broadcast: Broadcast,
        listener: Listener,
        last: Positions | None,
        allowed: Callable[[], Awaitable[bool]],
        *,
        heartbeat_s: float = HEARTBEAT_S,
        check_s: float = CHECK_S,
        send_s: float = SEND_S,
    ) -> None:
        super().__init__(media_type=self.media_type)
        del self.headers["content-length"]
        self._broadcast = broadcast
        self._listener = listener
        self._last = last
        self._allowed = allowed
        self._heartbeat_s = heartbeat_s
        self._check_s = check_s
        self._send_s = send_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the end."""
        gone = asyncio.create_task(_until_gone(receive))
        gone.add_done_callback(lambda _: self._listener.close())
        try:
            await send(
                {
                    "type": "http.response.start",
                    "status": self.status_code,
                    "headers": self.raw_headers,
                }
            )
            async for chunk in self._chunks():
                async with asyncio.timeout(self._send_s):
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            self._listener.cut_off = True
        finally:
            gone.cancel()
            self._broadcast.leave(self._listener)

    async def _chunks(self) -> AsyncIterator[bytes]:
        listener = self._listener
        start = listener.start if self._last is None else self._last
        yield b"retry: 2000\nid: %s\n\n" % encode_positions(start).encode()
        if self._last is not None:
            async for events in self._broadcast.missed(listener, self._last):
                if events:
                    yield events
        async for chunk in self._live():
            yield chunk
        if listener.cut_off:
            yield _COMMENT % b"cut off: too slow; come back with Last-Event-ID"

    async def _live(self) -> AsyncIterator[bytes]:
        """What is recorded, or a comment where nothing is, while the client may listen."""
        clock = asyncio.get_running_loop().time
        spoke_s = checked_s = clock()
        while not self._listener.closed:
            events = await self._listener.take(min(self._heartbeat_s, self._check_s))
            if clock() - checked_s >= self._check_s:
                checked_s = clock()
                if not await self._allowed():
                    return
            if events or clock() - spoke_s >= self._heartbeat_s:
                spoke_s = clock()
                yield events or _COMMENT % b"still here"


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
