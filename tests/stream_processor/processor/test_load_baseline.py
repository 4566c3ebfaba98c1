"""Tests of baselines that are learnt from a recording and loaded into the state."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from badbuzz import wire
from badbuzz.detection.baseline_file import BrandBaseline, decode_baselines, extract_baseline
from badbuzz.detection.state import BrandState
from stream_processor.engine.groups import group_members
from tests.support.stream import Deployment, WorkerProcess, await_that

DAY = 86_400_000
START_MS = 1_793_577_600_000  # 2 November 2026
BRAND = "Air Paradis"


def simulate(folder: Path, name: str, start: str, days: str, incidents: object = None) -> Path:
    """Simulate a recording of one brand and return its path."""
    plan, path = folder / f"{name}.incidents.json", folder / f"{name}.jsonl"
    plan.write_bytes(orjson.dumps(incidents or {"incidents": [], "benign": []}))
    subprocess.run(
        [sys.executable, "-m", "badbuzz", "simulate", "--days", days, "--start", start, "--brands",
         "1", "--tweets-per-day", "3000", "--incidents", str(plan), "--quiet", "-o", str(path)],
        check=True,
    )  # fmt: skip
    return path


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a recording of two calm days."""
    folder = tmp_path_factory.mktemp("history")
    return simulate(folder, "history", "2026-11-02T00:00:00+00:00", "2")


@pytest.fixture(scope="module")
def first_day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a recording of the next fourteen hours, with a strike in the last two."""
    at_ms = START_MS + 2 * DAY + DAY // 2
    strike = {"brand": BRAND, "kind": "strike", "start_ms": at_ms, "end_ms": at_ms + 5_400_000,
              "magnitude": 9.0}  # fmt: skip
    folder = tmp_path_factory.mktemp("first-day")
    plan = {"incidents": [strike], "benign": []}
    return simulate(folder, "day", "2026-11-04T00:00:00+00:00", "0.6", plan)


@pytest.fixture(scope="module")
def built(history: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the baseline file of the two days and return its path."""
    folder = tmp_path_factory.mktemp("built")
    path = folder / "baseline.json"
    result = subprocess.run(
        [sys.executable, "-m", "badbuzz", "baseline", "build", str(history), "-o", str(path)],
        env={"XDG_CACHE_HOME": str(folder), "HOME": str(folder), "BADBUZZ_WARMUP_H": "24"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert f"{BRAND}: 48 hours with tweets" in result.stdout
    return path


@pytest.fixture
def stream(kafka: str, topic_prefix: str, tmp_path: Path) -> Iterator[Deployment]:
    stream = Deployment(kafka, topic_prefix, tmp_path, {"BADBUZZ_WARMUP_H": "24"})
    stream.create_topics()
    yield stream
    stream.close()


def load(stream: Deployment, path: Path, *options: str, code: int = 0, **environ: str) -> str:
    process = stream.command("baseline", "load", str(path), *options, **environ)
    assert process.finish() == code, process.log_text()
    return process.log_text()


def replay(stream: Deployment, path: Path) -> None:
    process = stream.command("replay", str(path), "--quiet")
    assert process.finish() == 0, process.log_text()
    stream.await_done()


def n_processed(worker: WorkerProcess) -> float:
    """Return the number of records that a worker has processed."""
    page = (worker.get("/metrics") or b"").decode()
    return sum(map(float, re.findall(r"^badbuzz_tweets_total{.*} (.*)", page, re.MULTILINE)))


def state_of(stream: Deployment) -> BrandState:
    """Return the newest state of the brand in the topic."""
    records = stream.committed(wire.PROCESSOR_STATE)
    return BrandState.unpack([value for key, value in records if key == BRAND.encode()][-1])


def only(path: Path) -> BrandBaseline:
    (learnt_brand,) = decode_baselines(path.read_bytes())
    return learnt_brand


@pytest.mark.kafka
def test_a_loaded_brand_is_watched_from_its_first_day(
    stream: Deployment, built: Path, first_day: Path
) -> None:
    assert f"{BRAND}: loaded, partition 2" in load(stream, built)
    stream.worker().await_ready()
    replay(stream, first_day)
    alerts = [wire.decode_alert(value) for _, value in stream.committed(wire.ALERTS)]
    assert "warning" in {alert.severity for alert in alerts if alert.phase == "firing"}


@pytest.mark.kafka
def test_a_built_baseline_equals_that_of_a_worker(
    stream: Deployment, built: Path, history: Path
) -> None:
    stream.worker().await_ready()
    replay(stream, history)
    assert extract_baseline(state_of(stream), only(built).zone) == only(built)


@pytest.mark.kafka
def test_a_live_state_is_replaced_only_on_request(
    stream: Deployment, built: Path, first_day: Path
) -> None:
    worker = stream.worker()
    worker.await_ready()
    replay(stream, first_day)
    before = state_of(stream)
    worker.signal(signal.SIGTERM)
    worker.finish()
    output = load(stream, built, code=3)
    assert f"{BRAND} already have a state" in output
    assert state_of(stream) == before
    load(stream, built, "--replace")
    after = state_of(stream)
    assert (after.newest_ms, after.closed_ms) == (before.newest_ms, before.closed_ms)
    assert after.baseline == only(built).state.baseline


@pytest.mark.kafka
def test_it_refuses_while_a_worker_runs(stream: Deployment, built: Path) -> None:
    worker = stream.worker()
    worker.await_ready()
    output = load(stream, built, code=4, BADBUZZ_WEB_PORT=str(worker.port))
    assert "stop them all, run this command again, then start them" in output
    assert not [key for key, _ in stream.committed(wire.PROCESSOR_STATE) if key == BRAND.encode()]
    assert worker.running


@pytest.mark.kafka
def test_a_suspended_worker_cannot_overwrite_it(
    real_kafka: str, topic_prefix: str, built: Path, first_day: Path, tmp_path: Path
) -> None:
    environ = {"BADBUZZ_WARMUP_H": "24", "BADBUZZ_CHECKPOINT_MS": "600000"}
    stream = Deployment(real_kafka, topic_prefix, tmp_path, environ)
    try:
        stream.create_topics()
        worker = stream.worker()
        worker.await_ready()
        replayed = stream.command("replay", str(first_day), "--quiet")
        assert replayed.finish() == 0, replayed.log_text()
        n_records = sum(stream.ends().values())
        await_that(
            lambda: n_processed(worker) == n_records, "all records, processed and not yet committed"
        )
        worker.signal(signal.SIGSTOP)
        await_that(
            lambda: not asyncio.run(group_members(stream.settings)), "the end of the session"
        )
        load(stream, built, "--replace")
        worker.signal(signal.SIGCONT)
        assert worker.finish() != 0
        assert state_of(stream).baseline == only(built).state.baseline
    finally:
        stream.close()


@pytest.mark.kafka
def test_another_time_zone_is_refused(stream: Deployment, built: Path, tmp_path: Path) -> None:
    brands = tmp_path / "brands.toml"
    brands.write_text(f'[[brand]]\nname = "{BRAND}"\nzone = "Asia/Tokyo"\n')
    output = load(stream, built, code=3, BADBUZZ_BRANDS=str(brands))
    assert "in time zone Europe/Paris, but the brands file has Asia/Tokyo" in output


@pytest.mark.kafka
def test_a_brand_missing_from_the_file_is_reported(stream: Deployment, built: Path) -> None:
    assert f"has no brand 'Nobody'; it has {BRAND}" in load(
        stream, built, "--brand", "Nobody", code=3
    )
