"""The API serves the champions of a real registry."""

from __future__ import annotations

from pathlib import Path

import pytest

from badbuzz.models.registry import Registry
from badbuzz.models.scorer import Scorer
from tests.support.registered import crown, put, put_broken, variant
from tests.support.served import Served
from tests.support.stream import await_that

pytestmark = [pytest.mark.services, pytest.mark.slow]

SHORT, LONG = "Lost my bag, again", "Lost my bag, again. " * 300
"""Texts that are scored on the event loop and in a thread."""


def bundles_of(served: Served, text: str) -> set[str]:
    """Return the bundles that predicted a text."""
    with served.client() as client:
        answer = client.post("/score", json={"texts": [{"text": text, "lang": "en"}]})
    return {verdict["bundle"] for verdict in answer.json()["verdicts"]}


def test_the_api_serves_a_new_champion_and_skips_a_broken_one(
    registry: Registry, tmp_path: Path
) -> None:
    version = put(registry, variant(tmp_path / "one"))
    with Served(tmp_path, MLFLOW_URI=registry.uri, REGISTRY_POLL_S=1) as served:
        shipped = Scorer.load("airline-en").version
        assert bundles_of(served, SHORT) == {shipped}
        crown(registry, version)
        await_that(lambda: bundles_of(served, SHORT) == {version.bundle}, "the champion")
        assert bundles_of(served, LONG) == {version.bundle}
        crown(registry, put_broken(registry, tmp_path / "broken"))

        def noticed() -> bool:
            with served.client() as client:
                return 'failures_total{kind="broken",language="en"}' in client.get("/metrics").text

        await_that(noticed, "a failure")
        assert bundles_of(served, SHORT) == {version.bundle}
