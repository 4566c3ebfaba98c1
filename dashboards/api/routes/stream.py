"""``GET /stream``: windows and alerts as server-sent events."""

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
    MAX_LISTENERS,
    Broadcast,
    Listener,
    Positions,
    decode_positions,
    encode_positions,
)
from dashboards.api.descriptions import LanguageQuery
from dashboards.api.paging import find_brand
from dashboards.api.problems import InvalidFieldError
from dashboards.api.requests import Name
from dashboards.api.routing import ReadRoute, StateDep

router = APIRouter(route_class=ReadRoute, tags=["stream"])

HEARTBEAT_S: Final = 15.0
CHECK_S: Final = 5.0
SEND_S: Final = 60.0
"""Seconds after which a client that does not read is cut off."""
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
    state: StateDep,
    request: Request,
    brand: Annotated[Name | None, Query(description="only events of this brand")] = None,
    last_event_id: Annotated[
        str | None, Header(max_length=4000, description="id of the last event that was received")
    ] = None,
    language: LanguageQuery = "en",
) -> Response:
    """Stream windows and alerts as they are recorded, as events ``window`` and ``alert``.

    With ``Last-Event-ID`` the stream resumes after that event without loss or repetition. A
    comment is sent after 15 seconds without an event. The stream ends if the client reads too
    slowly or its key is revoked.
    """
    try:
        last = decode_positions(last_event_id) if last_event_id else None
    except ValueError as error:
        raise InvalidFieldError("header.last-event-id", str(error)) from error
    if brand is not None:
        await run_in_threadpool(find_brand, state.store, brand)
    listener = await state.broadcast.join(brand, language)
    if listener is None:
        detail = f"{MAX_LISTENERS} clients are connected already"
        raise HTTPException(503, detail, {"Retry-After": "60"})

    async def is_allowed() -> bool:
        return await state.authenticator.is_still_valid(request)

    return EventStream(state.broadcast, listener, last, is_allowed)


class EventStream(Response):
    """A response that lasts until the client disconnects, reads too slowly, or the server stops.

    Parameters
    ----------
    broadcast
        The broadcast of the listener.
    listener
        The listener whose events are sent.
    last
        Positions of the last event that the client received; None to begin with new records.
    is_allowed
        Called to check the permission of the client.
    heartbeat_s
        Seconds without an event after which a comment is sent.
    check_s
        Seconds between checks of the permission.
    send_s
        Seconds after which a client that does not read is cut off.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        broadcast: Broadcast,
        listener: Listener,
        last: Positions | None,
        is_allowed: Callable[[], Awaitable[bool]],
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
        self._is_allowed = is_allowed
        self._heartbeat_s = heartbeat_s
        self._check_s = check_s
        self._send_s = send_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until the response ends."""
        disconnected = asyncio.create_task(_until_disconnected(receive))
        disconnected.add_done_callback(lambda _: self._listener.close())
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
            disconnected.cancel()
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
            yield _COMMENT % b"cut off: too slow; reconnect with Last-Event-ID"

    async def _live(self) -> AsyncIterator[bytes]:
        """Yield new events, or a comment after silence, while the client is allowed to listen."""
        clock = asyncio.get_running_loop().time
        sent_s = checked_s = clock()
        while not self._listener.closed:
            events = await self._listener.take(min(self._heartbeat_s, self._check_s))
            if clock() - checked_s >= self._check_s:
                checked_s = clock()
                if not await self._is_allowed():
                    return
            if events or clock() - sent_s >= self._heartbeat_s:
                sent_s = clock()
                yield events or _COMMENT % b"still here"


async def _until_disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
