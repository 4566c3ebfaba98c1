"""A recording with two crises, and the outputs of the fold without Kafka."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import orjson

from badbuzz import wire
from badbuzz.config.brands import read_brands
from badbuzz.config.settings import Settings
from badbuzz.detection.fold import Fold
from badbuzz.detection.heartbeats import with_heartbeats
from badbuzz.detection.state import Rules
from badbuzz.models.scorer import ScorerSet
from badbuzz.recordings.reader import read_recording

START = "2026-11-02T00:00:00+00:00"
START_MS = 1_793_577_600_000
HOUR_MS = 3_600_000
ENVIRON = {"BADBUZZ_WARMUP_H": "24"}
"""One day of warm-up, so that crises can be detected in a scenario of 38 hours."""


def write_scenario(
    folder: Path, *, brands: int, tweets_per_day: int, magnitude: float = 8.0
) -> Path:
    """Simulate 38 hours with two crises at the end, and return the path of the recording."""
    folder.mkdir(parents=True, exist_ok=True)
    incidents = [
        {"brand": brand, "kind": kind, "start_ms": START_MS + at, "end_ms": START_MS + at + HOUR_MS,
         "magnitude": magnitude}
        for brand, kind, at in (
            ("Air Paradis", "strike", 34 * HOUR_MS), ("Nordwind", "delay", 35 * HOUR_MS)
        )
    ]  # fmt: skip
    plan = folder / "incidents.json"
    plan.write_bytes(orjson.dumps({"incidents": incidents, "benign": []}))
    recording = folder / "scenario.jsonl"
    subprocess.run(
        [sys.executable, "-m", "badbuzz", "simulate", "--days", "1.6", "--start", START,
         "--brands", str(brands), "--tweets-per-day", str(tweets_per_day), "--incidents", str(plan),
         "--quiet", "-o", str(recording)],
        check=True,
    )  # fmt: skip
    return recording


def by_fold(recording: Path) -> dict[str, list[bytes]]:
    """Fold a recording without Kafka and batches; return sorted windows and alerts."""
    settings = Settings.read(ENVIRON)
    scorer_set = ScorerSet.read(settings.bundles)
    rules = Rules(lateness_ms=settings.lateness_s * 1000, warmup_hours=settings.warmup_h)
    fold = Fold(read_brands("", rules).of)
    outputs: dict[str, list[bytes]] = {wire.WINDOWS: [], wire.ALERTS: []}
    for tweet in with_heartbeats(read_recording([str(recording)], source="replay:scenario")):
        prediction = scorer_set.predict([tweet])[0] if tweet.kind == "post" else None
        applied = fold.apply(tweet, prediction)
        outputs[wire.WINDOWS] += map(wire.encode_window, applied.windows)
        outputs[wire.ALERTS] += map(wire.encode_alert, applied.alerts)
    return {name: sorted(values) for name, values in outputs.items()}
