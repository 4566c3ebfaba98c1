"""The middleware that bounds the time until a request has arrived and until a response begins."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboards.api.problems import store_down_response

LIMIT_S: Final = 8.0
"""Below the time-out of the front, and above what the slowest route takes."""
BODY_LIMIT_S: Final = 60.0
"""A body of 1 MiB arrives within it at 18 kB/s."""


class TimeLimitMiddleware:
    """Answers 503 if a response has not begun within a time limit, and 408 if a body is late.

    A frozen database accepts a query and never answers. The thread of such a request cannot be
    ended: it goes on, and what it sends is dropped. The time that the application waits for the
    body depends on the client, so it has a limit of its own.

    Parameters
    ----------
    app
        The application that it wraps.
    limit_s
        Time limit until the response begins, in seconds, less the time spent waiting for the body.
    body_limit_s
        Time limit until the body has arrived, in seconds from when the application first reads it.
    """

    def __init__(
        self, app: ASGIApp, limit_s: float = LIMIT_S, body_limit_s: float = BODY_LIMIT_S
    ) -> None:
        self._app = app
        self._limit_s = limit_s
        self._body_limit_s = body_limit_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        clock = _Clock(self._limit_s)
        exchange = _Exchange(receive, send, clock, self._body_limit_s)
        serving = asyncio.ensure_future(self._app(scope, exchange.receive, exchange.send))
        ends: set[asyncio.Future[None]] = {serving, clock.expired}
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if exchange.begun or not clock.expired.done():
                await serving
                return
        except asyncio.CancelledError:
            serving.cancel()
            raise
        finally:
            clock.stop()
        serving.add_done_callback(lambda done: done.cancelled() or done.exception())
        await store_down_response()(scope, receive, send)


class _Clock:
    """A time limit that runs from its creation and can be stopped and restarted.

    Attributes
    ----------
    expired
        Done once the clock has run for the time limit.
    """

    def __init__(self, limit_s: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._left_s = limit_s
        self.expired: asyncio.Future[None] = self._loop.create_future()
        self.restart()

    def stop(self) -> None:
        """Stop the clock; keep the time that is left."""
        self._timer.cancel()
        self._left_s = self._timer.when() - self._loop.time()

    def restart(self) -> None:
        """Let the clock run on for the time that is left."""
        self._timer = self._loop.call_later(self._left_s, self._expire)

    def _expire(self) -> None:
        if not self.expired.done():
            self.expired.set_result(None)


class _Exchange:
    """One request and its response: what the application receives and sends.

    Attributes
    ----------
    begun
        Whether the response has begun.
    """

    def __init__(self, receive: Receive, send: Send, clock: _Clock, body_limit_s: float) -> None:
        self._receive, self._send = receive, send
        self._clock = clock
        self._body_limit_s = body_limit_s
        self._body_ends_s: float | None = None
        self._has_body = False
        self.begun = False

    async def receive(self) -> Message:
        """Return the next message of the client, with the clock stopped while the body arrives.

        Raises
        ------
        HTTPException
            408 when the body has not arrived within its time limit.
        """
        if self._has_body or self.begun:
            return await self._receive()
        if self._body_ends_s is None:
            self._body_ends_s = asyncio.get_running_loop().time() + self._body_limit_s
        self._clock.stop()
        try:
            async with asyncio.timeout_at(self._body_ends_s):
                message = await self._receive()
        except TimeoutError as error:
            raise _body_late(self._body_limit_s) from error
        finally:
            if not self.begun:
                self._clock.restart()
        self._has_body = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Send a message of the application, unless the request has been answered with 503."""
        if self._clock.expired.done() and not self.begun:
            return
        self.begun = True
        self._clock.stop()
        await self._send(message)


def _body_late(limit_s: float) -> HTTPException:
    detail = f"the body did not arrive within {limit_s:g} s"
    return HTTPException(HTTPStatus.REQUEST_TIMEOUT, detail, {"Connection": "close"})
