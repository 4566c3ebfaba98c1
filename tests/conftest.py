"""What tests stand on: brokers, and the data that is shared beside the repository."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import hypothesis
import pytest
from click.testing import CliRunner

from badbuzz.config.settings import Settings
from badbuzz.models.registry import Registry, model_name
from badbuzz.store.database import Store
from producers.commands import simulate
from tests.support.mlflow_server import MlflowServer
from tests.support.servers import (
    ROOT,
    KafkaServer,
    PostgresServer,
    lacking,
    new_prefix,
    settings_for,
)
from tests.support.stream import Deployment

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


@pytest.fixture
def stream(kafka: str, topic_prefix: str, tmp_path: Path) -> Iterator[Deployment]:
    stream = Deployment(kafka, topic_prefix, tmp_path)
    stream.create_topics()
    yield stream
    stream.close()


@pytest.fixture
def real_stream(
    real_kafka: str, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Deployment]:
    prefix = re.sub(r"[^A-Za-z0-9]+", "-", request.node.name)
    stream = Deployment(real_kafka, f"{prefix[:80]}.", tmp_path)
    stream.create_topics()
    yield stream
    stream.close()


@pytest.fixture(scope="session")
def mlflow_server() -> Iterator[MlflowServer]:
    """MLflow on PostgreSQL and S3."""
    MlflowServer.require()
    with TemporaryDirectory(prefix="badbuzz-mlflow-test-") as folder:
        Path(folder).chmod(0o755)  # user postgres may have to enter
        server = MlflowServer(Path(folder))
        try:
            yield server.start()
        finally:
            server.close()


@pytest.fixture
def registry(mlflow_server: MlflowServer) -> Registry:
    """A registry without models."""
    found = Registry(mlflow_server.uri)
    for language in found.languages():
        found.client.delete_registered_model(model_name(language))
    return found


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of labelled tweets about three brands, as a user can make one."""
    path = tmp_path_factory.mktemp("labelled") / "own.jsonl"
    made = CliRunner().invoke(
        simulate,
        ["--days", "1", "--tweets-per-day", "500", "--incidents", "none", "--lang", "en",
         "--labelled", "--quiet", "-o", str(path)],
    )  # fmt: skip
    assert made.exit_code == 0, made.output
    return path
