"""Fixtures of the tests of ``replay``: a recording, a broker with a topic, and processes."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from badbuzz import wire
from badbuzz.config.settings import Settings
from producers.airlines import build_airlines
from producers.simulate import Simulation
from tests.producers.replays import MONDAY_MS, command, create_topic, environment


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A day of three brands, some six thousand tweets."""
    path = tmp_path_factory.mktemp("recording") / "day.jsonl"
    simulation = Simulation(build_airlines(3), MONDAY_MS, 1, (), seed=2)
    path.write_bytes(b"\n".join(wire.encode_tweet(each.tweet) for each in simulation.run()))
    return path


@pytest.fixture
def broker(request: pytest.FixtureRequest, kafka_settings: Settings) -> Settings:
    """Either broker, with a topic for tweets."""
    if "real" in request.node.callspec.id:
        create_topic(kafka_settings)
    return kafka_settings


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a replay in a process that does not outlive the test."""
    running: list[subprocess.Popen[str]] = []

    def started(settings: Settings, *arguments: str | Path) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            command(*arguments), env=environment(settings), stderr=subprocess.PIPE, text=True
        )
        running.append(process)
        return process

    yield started
    for process in running:
        with process:
            process.kill()
