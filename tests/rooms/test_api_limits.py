"""What no caller can make grow, or hold up for the others."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.rooms.served import Served


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("limits")) as started:
        yield started


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[httpx.Client]:
    with served.client() as opened:
        yield opened


def test_methods_that_are_none_are_counted_together(served: Served) -> None:
    with served.client(None) as nobody:
        for n in range(3):
            nobody.request(f"MADE-UP-{n}", "/healthz")
        told = nobody.get("/metrics").text
    assert 'badbuzz_api_requests_total{method="other",route="/healthz",status="405"} 3.0' in told
    assert "MADE-UP" not in told
