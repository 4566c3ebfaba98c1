"""The outermost middleware: security headers, metrics, access log, answer to unknown exceptions."""

from __future__ import annotations

import logging
import time
from http import HTTPMethod
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboards.api.logs import LOG, log_event
from dashboards.api.metrics import Metrics
from dashboards.api.problems import problem_response

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_DEBUG_ROUTES: Final = frozenset({"/healthz", "/readyz", "/metrics"})
_METHODS: Final = frozenset(HTTPMethod)
"""Methods that have a label value of their own, which bounds the number of time series."""


class AccessLogMiddleware:
    """Logs and counts each request; answers 500 to an exception that no handler knows.

    Parameters
    ----------
    app
        The application that it wraps.
    metrics
        The metrics in which requests are counted.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start_s = time.perf_counter()
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                self._record(scope, status, time.perf_counter() - start_s)
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception:
            LOG.exception("failed", extra={"fields": {"path": scope["path"]}})
            if status:
                raise  # the response has begun: the server closes the connection
            await problem_response(500, "internal error: see the log of the API")(
                scope, receive, send_with_headers
            )

    def _record(self, scope: Scope, status: int, duration_s: float) -> None:
        route = getattr(scope.get("route"), "path_format", "none")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.requests.labels(method, route, str(status)).inc()
        self._metrics.latency.labels(route).observe(duration_s)
        log_event(
            "request",
            level=logging.DEBUG if route in _DEBUG_ROUTES else logging.INFO,
            method=scope["method"],
            path=scope["path"],
            status=status,
            ms=round(duration_s * 1000, 1),
            by=scope.get("badbuzz.caller", ""),
            address=scope["client"][0] if scope.get("client") else "",
        )
