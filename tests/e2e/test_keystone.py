"""Tests that the same events give byte-identical alerts with and without Kafka."""

from __future__ import annotations

from pathlib import Path

import pytest

from badbuzz import wire
from badbuzz.wire import decode_alert
from tests.e2e.scenario import ENVIRON, by_fold, write_scenario
from tests.support.stream import Deployment, await_that, difference

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

FAST = ("--speed", "max")
PACED = ("--speed", "600", "--fast-until", "36h")


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_scenario(tmp_path_factory.mktemp("keystone"), brands=3, tweets_per_day=2500)


@pytest.fixture(scope="module")
def expected(recording: Path) -> dict[str, list[bytes]]:
    return by_fold(recording)


def replay_through(
    stream: Deployment, recording: Path, pace: tuple[str, ...], *, kill: bool = False
) -> dict[str, list[bytes]]:
    stream.create_topics()
    worker = stream.worker()
    worker.await_ready()
    replay = stream.command("replay", str(recording), "--quiet", *pace)
    if kill:
        await_that(lambda: sum(stream.positions().values()) > 2000, "a third of the stream")
        worker.kill()
        stream.worker().await_ready()
    assert replay.finish() == 0, replay.log_text()
    stream.await_done()
    return stream.outputs(wire.WINDOWS, wire.ALERTS)


def test_the_scenario_has_alerts_to_compare(expected: dict[str, list[bytes]]) -> None:
    alerts = [decode_alert(alert) for alert in expected[wire.ALERTS]]
    opened = {alert.brand for alert in alerts if alert.phase == "firing"}
    assert {"Air Paradis", "Nordwind"} <= opened


def test_the_alerts_to_compare_have_evidence(expected: dict[str, list[bytes]]) -> None:
    alerts = [decode_alert(alert) for alert in expected[wire.ALERTS]]
    evidences = [alert.evidence for alert in alerts if alert.phase != "resolved"]
    assert all(evidence is not None and evidence.terms for evidence in evidences)


@pytest.mark.kafka
@pytest.mark.parametrize("pace", [FAST, PACED], ids=["max", "600"])
def test_a_replay_through_kafka_equals_the_fold(
    kafka: str,
    topic_prefix: str,
    pace: tuple[str, ...],
    recording: Path,
    expected: dict[str, list[bytes]],
    tmp_path: Path,
) -> None:
    stream = Deployment(kafka, topic_prefix, tmp_path, ENVIRON)
    try:
        assert difference(replay_through(stream, recording, pace), expected) == ""
    finally:
        stream.close()


@pytest.mark.kafka
@pytest.mark.services
def test_a_replay_with_a_killed_worker_equals_the_fold(
    real_kafka: str,
    recording: Path,
    expected: dict[str, list[bytes]],
    tmp_path: Path,
) -> None:
    stream = Deployment(real_kafka, "keystone-kill.", tmp_path, ENVIRON)
    try:
        assert difference(replay_through(stream, recording, FAST, kill=True), expected) == ""
    finally:
        stream.close()
