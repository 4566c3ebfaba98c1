"""No caller can grow metrics without bound or delay other callers."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from anyio.to_thread import current_default_thread_limiter

from badbuzz.config.settings import Settings
from badbuzz.store.database import Store
from badbuzz.store.model import BrandSummary
from dashboards.api.app import create_app
from dashboards.api.metrics import Metrics
from dashboards.api.routes.export import encode_cell
from tests.support.served import Served


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("limits")) as started:
        yield started


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[httpx.Client]:
    with served.client() as opened:
        yield opened


def test_unknown_methods_are_counted_together(served: Served) -> None:
    with served.client(None) as anonymous:
        for n in range(3):
            anonymous.request(f"MADE-UP-{n}", "/healthz")
        metrics = anonymous.get("/metrics").text
    assert 'badbuzz_api_requests_total{method="other",route="/healthz",status="405"} 3.0' in metrics
    assert "MADE-UP" not in metrics


def test_an_invalid_bundle_is_not_exposed_in_the_metrics(client: httpx.Client) -> None:
    for n in range(3):
        body = {"text": "x", "right": True, "predicted": False, "bundle": f"{n} jane@example.org"}
        client.post("/feedback", json=body)
    metrics = client.get("/metrics").text
    assert 'badbuzz_mispredictions_total{bundle="other"} 3.0' in metrics
    assert "jane" not in metrics


def test_the_number_of_bundles_in_the_metrics_is_limited() -> None:
    metrics = Metrics()
    for n in range(1000):
        metrics.count_misprediction(f"made-up@{n:08x}")
    assert metrics.text().count(b"badbuzz_mispredictions_total{") == 200


@pytest.mark.parametrize(
    "crowded",
    [
        {"texts": [], **{str(n): 1 for n in range(50_000)}},
        {"texts": [{str(n): 1 for n in range(100)}] * 500},
    ],
    ids=["one", "many"],
)
def test_the_errors_of_a_body_are_smaller_than_the_body(
    crowded: dict[str, Any], client: httpx.Client
) -> None:
    sent = orjson.dumps(crowded)
    answer = client.post("/score", content=sent, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert len(answer.content) < len(sent)


class BusyStore(Store):
    """A store that answers after ``let`` is set."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.let = threading.Event()
        self.waiting: list[int] = []

    def brands(self) -> list[BrandSummary]:
        """Return the brands after ``let`` is set."""
        self.waiting.append(1)
        self.let.wait(60)
        return super().brands()


def test_a_slow_store_does_not_delay_the_routes_of_operators(tmp_path: Path) -> None:
    async def ask(store: BusyStore) -> list[int]:
        transport = httpx.ASGITransport(create_app(Settings(), store, with_keys=False))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            waiting = [asyncio.create_task(client.get("/brands")) for _ in range(100)]
            try:
                async with asyncio.timeout(20):
                    while len(store.waiting) < current_default_thread_limiter().total_tokens:
                        await asyncio.sleep(0)
                    return [
                        (await client.get(path)).status_code for path in ("/healthz", "/metrics")
                    ]
            finally:
                store.let.set()
                await asyncio.gather(*waiting)

    with BusyStore.open(f"sqlite:///{tmp_path / 'busy.db'}") as store:
        assert asyncio.run(ask(store)) == [200, 200]


def test_the_size_of_headers_is_limited(served: Served) -> None:
    url = httpx.URL(served.url)
    with socket.create_connection((url.host, url.port or 0)) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\n")
        with pytest.raises(ConnectionError):
            connection.sendall((b"X-More: %s\r\n" % (b"x" * 50_000)) * 1000)


def test_encoding_a_cell_takes_linear_time() -> None:
    assert encode_cell("\n " * 200_000) == "'" + "\n " * 200_000
