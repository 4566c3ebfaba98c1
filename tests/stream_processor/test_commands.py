"""Tests of the commands that read or change topics, while their broker is away or frozen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from badbuzz.detection.baseline_file import encode_baselines, extract_baseline
from badbuzz.detection.state import BrandState
from tests.support.servers import KafkaServer, new_prefix
from tests.support.stream import CommandProcess, Deployment

pytestmark = [pytest.mark.kafka, pytest.mark.services, pytest.mark.slow]

UNREACHABLE = "127.0.0.1:1"
LIMIT_S = 180.0


def start_all(stream: Deployment, folder: Path) -> list[CommandProcess]:
    """Start every command that reads or changes topics."""
    baseline = folder / "baseline.json"
    learnt = extract_baseline(BrandState("Air Paradis"), "Europe/Paris")
    baseline.write_bytes(encode_baselines([learnt], []))
    return [
        stream.command("alerts", "--no-follow", "--wait", "0"),
        stream.command("topics", "--wait", "0"),
        stream.command("topics", "reset-clock"),
        stream.command("baseline", "load", str(baseline)),
        stream.command("baseline", "export", "-o", str(folder / "exported.json")),
    ]


def check_all(commands: list[CommandProcess]) -> None:
    """Check that each command ends with the code of a broker and one line of its own."""
    for command in commands:
        assert command.finish(LIMIT_S) == 4, command.log_text()
        assert "Traceback" not in command.log_text()
        lines = [line for line in command.log_text().splitlines() if line.startswith("badbuzz: ")]
        assert len(lines) == 1, command.log_text()
        assert "broker" in lines[0]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[KafkaServer]:
    """Yield a broker that the test may freeze."""
    KafkaServer.require()
    server = KafkaServer(tmp_path / "kafka")
    try:
        yield server.start()
    finally:
        server.stop()


def test_without_a_broker_a_command_ends_with_one_line(tmp_path: Path) -> None:
    stream = Deployment(UNREACHABLE, new_prefix(), tmp_path)
    try:
        check_all(start_all(stream, tmp_path))
    finally:
        stream.close()


def test_on_a_frozen_broker_a_command_ends_with_one_line(
    server: KafkaServer, tmp_path: Path
) -> None:
    stream = Deployment(server.bootstrap_servers, new_prefix(), tmp_path)
    try:
        stream.create_topics()
        with server.frozen():
            check_all(start_all(stream, tmp_path))
    finally:
        stream.close()
