"""The middleware that bounds the time until a response begins."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboards.api.problems import store_down_response

LIMIT_S: Final = 8.0
"""Below the time-out of the front, and above what the slowest route takes."""


class TimeLimitMiddleware:
    """Answers 503 if the response to a request has not begun within a time limit.

    A frozen database accepts a query and never answers. The thread of such a request cannot be
    ended: it goes on, and what it sends is dropped.

    Parameters
    ----------
    app
        The application that it wraps.
    limit_s
        Time limit in seconds.
    """

    def __init__(self, app: ASGIApp, limit_s: float = LIMIT_S) -> None:
        self._app = app
        self._limit_s = limit_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = expired = False

        async def send_in_time(message: Message) -> None:
            nonlocal begun
            if not expired:
                begun = True
                await send(message)

        serving = asyncio.ensure_future(self._app(scope, receive, send_in_time))
        try:
            await asyncio.wait({serving}, timeout=self._limit_s)
            if begun or serving.done():
                await serving
                return
        except asyncio.CancelledError:
            serving.cancel()
            raise
        expired = True
        serving.add_done_callback(lambda done: done.cancelled() or done.exception())
        await store_down_response()(scope, receive, send)
