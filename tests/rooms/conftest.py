"""Deployments for the tests of rooms: topics of their own, ended with the test."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from click.testing import CliRunner

from badbuzz.registry import Registry, model_name
from producers.commands import simulate
from tests.e2e.stream import Stream
from tests.mlflow_server import MlflowServer


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
