"""Deployments for the tests of rooms: topics of their own, ended with the test."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.stream import Stream


@pytest.fixture
def stream(kafka: str, topic_prefix: str, tmp_path: Path) -> Iterator[Stream]:
    stream = Stream(kafka, topic_prefix, tmp_path)
    stream.create_topics()
    yield stream
    stream.close()


@pytest.fixture
def real_stream(
    real_kafka: str, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Stream]:
    prefix = re.sub(r"[^A-Za-z0-9]+", "-", request.node.name)
    stream = Stream(real_kafka, f"{prefix[:80]}.", tmp_path)
    stream.create_topics()
    yield stream
    stream.close()
