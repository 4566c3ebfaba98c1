"""A cache of each test's own, a recording and the shipped verdicts."""

from __future__ import annotations

from pathlib import Path

import pytest

from badbuzz.models.scorer import ScorerSet
from tests.e2e.scenario import write_scenario


@pytest.fixture(autouse=True)
def cache_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of this test's own."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty-eight hours with two crises at their end."""
    return write_scenario(tmp_path_factory.mktemp("backtest"), brands=3, tweets_per_day=2000)


@pytest.fixture(scope="module")
def judges() -> ScorerSet:
    return ScorerSet.read("en=airline-en,fr=tweets-fr")
