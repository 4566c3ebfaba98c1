"""What tests stand on: brokers, and the data that is shared beside the repository."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import hypothesis
import pytest

from badbuzz.settings import Settings
from badbuzz.store import Store
from tests.servers import (
    ROOT,
    KafkaServer,
    PostgresServer,
    lacking,
    new_prefix,
    settings_for,
)

hypothesis.settings.register_profile("search", deadline=None)
hypothesis.settings.register_profile("repeat", deadline=None, derandomize=True)
hypothesis.settings.load_profile("repeat" if "CI" in os.environ else "search")

_SHARED_DATA: Final = ROOT.parent / "shared" / "data"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that ask for Apache Kafka by its fixture."""
    for item in items:
        if "real_kafka" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.services)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of shared data, whose README says what is in it."""
    if not _SHARED_DATA.is_dir():
        lacking("there is no ../shared/data beside the repository", "REQUIRE_SHARED_DATA")
    return _SHARED_DATA


@pytest.fixture(scope="session")
def embedded_kafka() -> Iterator[str]:
    """The address of the embedded broker."""
    broker = pytest.importorskip("demo.broker", exc_type=ImportError)
    with broker.EmbeddedBroker() as started:
        yield started.bootstrap_servers


@pytest.fixture(scope="session")
def real_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of Apache Kafka."""
    with KafkaServer(tmp_path_factory.mktemp("kafka")) as server:
        yield server.bootstrap_servers


@pytest.fixture(
    params=[
        pytest.param("embedded", marks=pytest.mark.kafka),
        pytest.param("real", marks=[pytest.mark.kafka, pytest.mark.services]),
    ]
)
def kafka(request: pytest.FixtureRequest) -> str:
    """The address of a broker: the embedded one, then Apache Kafka."""
    address: str = request.getfixturevalue(f"{request.param}_kafka")
    return address


@pytest.fixture
def topic_prefix() -> str:
    """The prefix of this test's topics, which no other test has."""
    return new_prefix()


@pytest.fixture
def kafka_settings(kafka: str, topic_prefix: str) -> Settings:
    """Settings for either broker, with topics and a group that no other test has."""
    return settings_for(kafka, topic_prefix)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """PostgreSQL, for tests that leave it running."""
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session")
def postgres(postgres_server: PostgresServer) -> str:
    """The address of PostgreSQL."""
    return postgres_server.url()


@pytest.fixture(
    params=["sqlite", pytest.param("postgres", marks=pytest.mark.services)],
)
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a store that nobody has had: in SQLite, then in PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'badbuzz.db'}"
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.new_schema()


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """An empty store: in SQLite, then in PostgreSQL."""
    with Store.open(store_url) as opened:
        yield opened
