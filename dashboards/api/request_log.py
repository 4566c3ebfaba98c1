"""What happens around every request: it is measured, logged, and answered whatever breaks."""

from __future__ import annotations

import logging
import time
from http import HTTPMethod
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboards.api.logs import LOG, note
from dashboards.api.metrics import Metrics
from dashboards.api.problems import problem

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_QUIET: Final = frozenset({"/healthz", "/readyz", "/metrics"})
_METHODS: Final = frozenset(HTTPMethod)
"""Those that are counted by name; whoever asks may make up others without end."""


class AccessLogMiddleware:
    """Middleware around all others.

    Parameters
    ----------
    app
        What it is around.
    metrics
        Where requests are counted.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began_s = time.perf_counter()
        status = 0

        async def send_safely(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                self._measure(scope, status, time.perf_counter() - began_s)
            await send(message)

        try:
            await self._app(scope, receive, send_safely)
        except Exception:
            LOG.exception("failed", extra={"fields": {"path": scope["path"]}})
            if status:
                raise  # the answer has begun: the connection is cut
            await problem(500, "this is our mistake; the log says more")(
                scope, receive, send_safely
            )

    def _measure(self, scope: Scope, status: int, took_s: float) -> None:
        route = getattr(scope.get("route"), "path_format", "none")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.requests.labels(method, route, str(status)).inc()
        self._metrics.latency.labels(route).observe(took_s)
        note(
            "request",
            level=logging.DEBUG if route in _QUIET else logging.INFO,
            method=scope["method"],
            path=scope["path"],
            status=status,
            ms=round(took_s * 1000, 1),
            by=scope.get("badbuzz.caller", ""),
            address=scope["client"][0] if scope.get("client") else "",
        )
