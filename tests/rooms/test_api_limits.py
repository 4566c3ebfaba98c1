"""What no caller can make grow, or hold up for the others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import orjson
import pytest

from dashboards.metrics import Metrics
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


def test_what_is_no_bundle_is_not_shown_to_everybody(client: httpx.Client) -> None:
    for n in range(3):
        said = {"text": "x", "right": True, "predicted": False, "bundle": f"{n} jane@example.org"}
        client.post("/feedback", json=said)
    told = client.get("/metrics").text
    assert 'badbuzz_mispredictions_total{bundle="other"} 3.0' in told
    assert "jane" not in told


def test_a_label_that_people_choose_does_not_grow_without_end() -> None:
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
def test_what_is_wrong_with_a_body_takes_no_more_than_the_body(
    crowded: dict[str, Any], client: httpx.Client
) -> None:
    sent = orjson.dumps(crowded)
    answer = client.post("/score", content=sent, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert len(answer.content) < len(sent)
