"""A comparison of labelled rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.compare.small import TINY, compared
from training.compare.comparison import Comparison
from training.compare.views import View, views
from training.datasets.corpus import Corpus


@pytest.fixture(scope="session")
def random_view(corpus: Corpus) -> View:
    return views(corpus, TINY)[0]


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mlflow") / "store"


@pytest.fixture(scope="session")
def comparisons(corpus: Corpus, store: Path) -> list[Comparison]:
    return compared(corpus, str(store))
