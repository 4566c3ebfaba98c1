"""Servers in place of the sinks, and a producer of alerts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.http_server import ACCEPTS, EMPTY, HttpServer
from tests.support.outlet import OutputProducer
from tests.support.stream import Deployment


@pytest.fixture
def azure() -> Iterator[HttpServer]:
    with HttpServer(ACCEPTS) as server:
        yield server


@pytest.fixture
def manager() -> Iterator[HttpServer]:
    """Start a server that answers like Alertmanager."""
    with HttpServer(EMPTY) as server:
        yield server


@pytest.fixture
def outlet(real_stream: Deployment) -> OutputProducer:
    return OutputProducer(real_stream)
