"""Fixtures for brokers, stores and servers, and the data shared beside the repository.

Fixtures import what they start when they are used: the pure packages' tests need none of it.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

import hypothesis
import pytest

from badbuzz.config.settings import Settings
from tests.support.servers import (
    ROOT,
    KafkaServer,
    PostgresServer,
    lacking,
    new_prefix,
    settings_for,
)

if TYPE_CHECKING:
    from badbuzz.models.registry import Registry
    from badbuzz.store.database import Store
    from tests.support.mlflow_server import MlflowServer
    from tests.support.stream import Deployment

hypothesis.settings.register_profile("search", deadline=None)
hypothesis.settings.register_profile("repeat", deadline=None, derandomize=True)
hypothesis.settings.load_profile("repeat" if "CI" in os.environ else "search")

_SECONDS: Final = {"slow": 60, "e2e": 10, "kafka": 3, "services": 1}
"""Typical time of a test with a mark; it only orders the modules."""
_SHARED_DATA: Final = ROOT.parent / "shared" / "data"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that use Apache Kafka by its fixture, and put the longest modules first.

    The workers of pytest-xdist take module after module in this order, so that they end together.
    """
    weights: Counter[str] = Counter()
    for item in items:
        if "real_kafka" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.services)
        weights[_module(item)] += max(
            (_SECONDS.get(mark.name, 0) for mark in item.iter_markers()), default=0
        )
    items.sort(key=lambda item: (-weights[_module(item)], _module(item)))


def _module(item: pytest.Item) -> str:
    """Return the path of a test's module."""
    return item.nodeid.partition("::")[0]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of shared data, described by its README."""
    if not _SHARED_DATA.is_dir():
        lacking("there is no ../shared/data beside the repository", "REQUIRE_SHARED_DATA")
    return _SHARED_DATA


@pytest.fixture(scope="session")
def embedded_kafka() -> Iterator[str]:
    """Yield the address of the embedded broker."""
    broker = pytest.importorskip("demo.broker", exc_type=ImportError)
    with broker.EmbeddedBroker() as started:
        yield started.bootstrap_servers


@pytest.fixture(scope="session")
def real_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the address of Apache Kafka."""
    with KafkaServer(tmp_path_factory.mktemp("kafka")) as server:
        yield server.bootstrap_servers


@pytest.fixture(
    params=[
        pytest.param("embedded", marks=pytest.mark.kafka),
        pytest.param("real", marks=[pytest.mark.kafka, pytest.mark.services]),
    ]
)
def kafka(request: pytest.FixtureRequest) -> str:
    """Return the address of a broker: the embedded one, then Apache Kafka."""
    address: str = request.getfixturevalue(f"{request.param}_kafka")
    return address


@pytest.fixture
def topic_prefix() -> str:
    """Return a topic prefix that no other test uses."""
    return new_prefix()


@pytest.fixture
def kafka_settings(kafka: str, topic_prefix: str) -> Settings:
    """Return settings for either broker, with topics and a group that no other test uses."""
    return settings_for(kafka, topic_prefix)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """Yield a PostgreSQL server, for tests that leave it running."""
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session")
def postgres(postgres_server: PostgresServer) -> str:
    """Return the address of PostgreSQL."""
    return postgres_server.url()


@pytest.fixture(
    params=["sqlite", pytest.param("postgres", marks=pytest.mark.services)],
)
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of a new store: in SQLite, then in PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'badbuzz.db'}"
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.new_schema()


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """Yield an empty store: in SQLite, then in PostgreSQL."""
    from badbuzz.store.database import Store

    with Store.open(store_url) as opened:
        yield opened


@pytest.fixture
def stream(kafka: str, topic_prefix: str, tmp_path: Path) -> Iterator[Deployment]:
    """Yield a deployment with topics of its own on either broker."""
    from tests.support.stream import Deployment

    stream = Deployment(kafka, topic_prefix, tmp_path)
    stream.create_topics()
    yield stream
    stream.close()


@pytest.fixture
def real_stream(
    real_kafka: str, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Deployment]:
    """Yield a deployment on Apache Kafka whose topics are named after the test."""
    from tests.support.stream import Deployment

    prefix = re.sub(r"[^A-Za-z0-9]+", "-", request.node.name)
    stream = Deployment(real_kafka, f"{prefix[:80]}.", tmp_path)
    stream.create_topics()
    yield stream
    stream.close()


@pytest.fixture(scope="session")
def mlflow_server() -> Iterator[MlflowServer]:
    """Yield MLflow on PostgreSQL and S3."""
    from tests.support.mlflow_server import MlflowServer

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
    """Return an empty model registry."""
    from badbuzz.models.registry import Registry, model_name

    registry = Registry(mlflow_server.uri)
    for language in registry.languages():
        registry.client.delete_registered_model(model_name(language))
    return registry


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file of labelled tweets about three brands, written by ``badbuzz simulate``."""
    from click.testing import CliRunner

    from producers.commands import simulate

    path = tmp_path_factory.mktemp("labelled") / "own.jsonl"
    made = CliRunner().invoke(
        simulate,
        ["--days", "1", "--tweets-per-day", "500", "--incidents", "none", "--lang", "en",
         "--labelled", "--quiet", "-o", str(path)],
    )  # fmt: skip
    assert made.exit_code == 0, made.output
    return path
