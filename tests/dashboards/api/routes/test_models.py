"""``GET /models``: bundles in use, registered versions, and an unreachable registry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from badbuzz.models.history import ModelHistory
from badbuzz.models.registry import Registry, Version
from badbuzz.models.scorer import Scorer
from dashboards.api.routes.models import overview
from dashboards.responses import LanguageModels, RegistryState
from demo.processes import free_port
from tests.support.registered import put, variant
from tests.support.served import Served
from tests.support.stream import await_that
from training.registry.promotion import promote


def models(served: Served, scope: str = "read") -> dict[str, Any]:
    with served.client(scope) as client:
        answer = client.get("/models")
    assert answer.status_code == 200
    parsed: dict[str, Any] = answer.json()
    return parsed


def english(*versions: Version, scorer: Scorer | None = None) -> LanguageModels:
    scorers = {} if scorer is None else {"en": scorer}
    registry = RegistryState("answers", 1, 1)
    (models,) = overview(scorers, registry, {"en": ModelHistory(versions)}).languages
    return models


def test_an_unreachable_registry_is_reported_beside_the_bundles_in_use(tmp_path: Path) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    with Served(tmp_path, MLFLOW_URI=nobody, REGISTRY_POLL_S=1) as served:
        await_that(lambda: models(served)["registry"]["state"] == "unreachable", "the failure")
        answer = models(served)
    assert answer["registry"]["since_ms"] > 0
    assert answer["registry"]["read_ms"] is None
    assert [language["serving"]["card"]["name"] for language in answer["languages"]] == [
        "airline-en",
        "tweets-fr",
    ]


def test_an_invalid_card_is_null() -> None:
    versions = [Version("en", n, f"x@{n}", tags={"card": text}) for n, text in enumerate(("{", ""))]
    models = english(*versions)
    assert [version.card for version in models.versions] == [None, None]


def test_an_old_champion_is_listed_after_the_newest_thirty() -> None:
    versions = [Version("en", n, f"x@{n}", ("champion",) if n == 1 else ()) for n in range(1, 41)]
    models = english(*versions)
    assert [version.number for version in models.versions] == [*range(40, 10, -1), 1]
    assert models.n_versions == 40


def test_the_bundle_in_use_has_its_version_number() -> None:
    scorer = Scorer.load("airline-en")
    versions = Version("en", 1, "other@1"), Version("en", 2, scorer.version)
    models = english(*versions, scorer=scorer)
    assert models.serving is not None
    assert models.serving.version == 2


@pytest.mark.services
@pytest.mark.slow
def test_versions_and_promotions_are_listed(registry: Registry, tmp_path: Path) -> None:
    first = put(registry, variant(tmp_path / "one"))
    digest = Scorer.load(str(tmp_path / "one")).digest
    promote(registry, first, [], digest=digest, who="ana", why="the first")
    second = put(registry, variant(tmp_path / "two"))
    with Served(tmp_path, MLFLOW_URI=registry.uri, REGISTRY_POLL_S=1) as served:

        def serving() -> bool:
            english = models(served)["languages"][0]
            return bool(english["serving"]["version"] == 1)

        await_that(serving, "the champion")
        english, french = models(served)["languages"]
    assert (english["champion"], english["challenger"]) == (1, 2)
    assert [version["bundle"] for version in english["versions"]] == [second.bundle, first.bundle]
    assert [version["card"]["name"] for version in english["versions"]] == ["two", "one"]
    (event,) = english["events"]
    assert (event["what"], event["who"], event["why"], event["after"]) == (
        "promote", "ana", "the first", 1,
    )  # fmt: skip
    assert french["versions"] == []
