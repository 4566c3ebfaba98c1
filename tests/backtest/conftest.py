"""A cache folder for each test, a recording, and the shipped scorers."""

from __future__ import annotations

from pathlib import Path

import pytest

from badbuzz.models.scorer import ScorerSet
from tests.e2e.scenario import write_scenario


@pytest.fixture(autouse=True)
def cache_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Cache folder of one test."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recording of 38 hours with two crises at the end."""
    return write_scenario(tmp_path_factory.mktemp("backtest"), brands=3, tweets_per_day=2000)


@pytest.fixture(scope="module")
def scorers() -> ScorerSet:
    return ScorerSet.read("en=airline-en,fr=tweets-fr")
