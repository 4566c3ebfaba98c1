"""The API in this process, asked over ASGI."""

from __future__ import annotations

import asyncio
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from urllib.parse import quote
from zlib import crc32

import httpx

from badbuzz.config.settings import Settings
from badbuzz.store.database import Store
from dashboards.api.app import create_app
from tests.support.served import BRAND, START_MS, fill

_PATHS = (
    "/alerts", f"/alerts/{BRAND}/{START_MS}", f"/brands/{BRAND}/windows", f"/brands/{BRAND}/tweets",
    f"/brands/{BRAND}/terms", "/labelling", "/errors", "/export",
)  # fmt: skip
_PARAMETERS = (
    "cursor", "brand", "lang", "from", "to", "step", "limit", "order", "phase", "kind", "format",
)  # fmt: skip


class InProcessApi:
    """An API with a filled store, whose every answer must be one of the documented ones."""

    def __init__(self) -> None:
        folder = mkdtemp(prefix="badbuzz-fuzz-")
        store = Store.open(f"sqlite:///{Path(folder) / 'badbuzz.db'}")
        fill(store)
        app = create_app(Settings(api_rate=10**9), store, with_keys=False)
        self._loop = asyncio.new_event_loop()
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://api", timeout=None
        )

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Return the response to a request."""
        response = self._loop.run_until_complete(self._client.request(method, path, **options))
        assert response.status_code < 500, response.text
        return response


@cache
def api() -> InProcessApi:
    """Return the API, which the first call starts."""
    return InProcessApi()


def post(path: str, data: bytes) -> None:
    """Send a body."""
    api().send("POST", path, content=data, headers={"Content-Type": "application/json"})


def ask(text: str) -> None:
    """Send a text as parameters of a query, one by one and together, and in a path."""
    value = text.encode(errors="replace").decode()[:100]
    chosen = crc32(value.encode())
    path = _PATHS[chosen % len(_PATHS)]
    api().send("GET", path, params=dict.fromkeys(_PARAMETERS, value))
    name = _PARAMETERS[(chosen >> 8) % len(_PARAMETERS)]
    api().send("GET", path, params={name: value})
    api().send("GET", f"/brands/{quote(value, safe='')}/windows")
