"""Tests of the export of baselines from workers that run."""

from __future__ import annotations

from pathlib import Path

import pytest

from badbuzz.detection.baseline_file import decode_baselines
from badbuzz.detection.state import BrandState
from tests.support.events import BUCKET_MS, START_MS
from tests.support.source import RecordProducer, run_to_end
from tests.support.stream import Deployment

pytestmark = pytest.mark.kafka


def test_a_running_worker_gives_its_baseline_to_another_deployment(
    stream: Deployment, tmp_path: Path
) -> None:
    producer = RecordProducer(stream)
    producer.tweet(START_MS)
    producer.beat(START_MS + BUCKET_MS + 120_000)
    worker = run_to_end(stream)
    path = tmp_path / "baseline.json"
    export = stream.command("baseline", "export", "-o", str(path))
    assert export.finish() == 0, export.log_text()
    assert export.log_text() == "Air Paradis: 1 hour with tweets exported\n"
    (learnt,) = decode_baselines(path.read_bytes())
    packed = worker.get("/state/Air%20Paradis")
    assert packed is not None
    live = BrandState.unpack(packed)
    assert learnt.state.baseline == live.baseline
    assert (learnt.state.n_hours, learnt.state.closed_ms) == (live.n_hours, -1)


def test_a_deployment_without_topics_has_nothing_to_export(
    real_kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    stream = Deployment(real_kafka, topic_prefix, tmp_path)
    try:
        export = stream.command("baseline", "export", "-o", str(tmp_path / "baseline.json"))
        assert export.finish() == 4
        assert f"there is no topic {topic_prefix}processor-state" in export.log_text()
    finally:
        stream.close()
