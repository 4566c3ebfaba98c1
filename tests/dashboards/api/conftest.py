"""An API process that serves a filled store."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from badbuzz.store.database import Store
from tests.support.served import Served, fill


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("api")) as started:
        with Store.open(started.address) as store:
            fill(store)
        yield started


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[httpx.Client]:
    with served.client() as opened:
        yield opened
