"""Tests that the store holds the outputs of the fold, whatever is killed, suspended or down."""

from __future__ import annotations

import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from badbuzz import wire
from badbuzz.store.database import Store
from tests.e2e.records import await_recorded, locked, positions, rows, sample, whole_sample
from tests.e2e.scenario import ENVIRON, by_fold, write_scenario
from tests.support.servers import PostgresServer
from tests.support.stream import Deployment, WorkerProcess, await_that, difference

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.kafka, pytest.mark.services]

PACE = ("--speed", "6000")
"""Replays 38 hours in 23 seconds, long enough to kill a process in between."""

MOMENTS = (0.15, 0.4, 0.65)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_scenario(tmp_path_factory.mktemp("recorder"), brands=3, tweets_per_day=2500)


@pytest.fixture(scope="module")
def expected(recording: Path) -> dict[str, list[bytes]]:
    return by_fold(recording)


@pytest.fixture
def deployment(real_kafka: str, topic_prefix: str, tmp_path: Path) -> Iterator[Deployment]:
    stream = Deployment(real_kafka, topic_prefix, tmp_path, ENVIRON)
    stream.create_topics()
    yield stream
    stream.close()


def n_recorded(store_url: str) -> int:
    with Store.open(store_url, migrate=False) as store:
        return len(rows(store)[wire.WINDOWS])


def await_share(store_url: str, share: float, expected: dict[str, list[bytes]]) -> None:
    n_windows = share * len(expected[wire.WINDOWS])
    await_that(lambda: n_recorded(store_url) >= n_windows, f"{share:.0%} of the windows")


def suspend(recorder: WorkerProcess, store_url: str) -> None:
    """Suspend a recorder outside of a transaction, which would lock SQLite for all others."""

    def is_suspended() -> bool:
        recorder.signal(signal.SIGSTOP)
        try:
            with locked(store_url):
                return True
        except sqlite3.OperationalError:
            recorder.signal(signal.SIGCONT)
            return False

    await_that(is_suspended, "a moment between transactions")


def test_a_recorder_killed_with_its_postgres_records_the_fold(
    deployment: Deployment, recording: Path, expected: dict[str, list[bytes]]
) -> None:
    stream = deployment
    with PostgresServer() as server:
        url = server.url()
        stream.worker().await_ready()
        recorder = stream.recorder(url)
        recorder.await_ready()
        replay = stream.command("replay", str(recording), "--quiet", *PACE)
        for n, moment in enumerate(MOMENTS):
            await_share(url, moment, expected)
            server.kill()
            if n % 2 == 0:
                recorder.kill()
                recorder = stream.recorder(url)
            server.start()
        assert replay.finish() == 0, replay.log_text()
        stream.await_done()
        await_recorded(stream, url)
        with Store.open(url) as store:
            assert difference(rows(store), expected) == ""


def test_a_killed_recorder_records_the_fold_and_the_sample_in_sqlite(
    deployment: Deployment, recording: Path, expected: dict[str, list[bytes]], tmp_path: Path
) -> None:
    stream = deployment
    url = f"sqlite:///{tmp_path / 'killed.db'}"
    stream.worker().await_ready()
    recorder = stream.recorder(url)
    recorder.await_ready()
    replay = stream.command("replay", str(recording), "--quiet", *PACE)
    for moment in MOMENTS:
        await_share(url, moment, expected)
        recorder.kill()
        recorder = stream.recorder(url)
    assert replay.finish() == 0, replay.log_text()
    stream.await_done()
    await_recorded(stream, url)
    with Store.open(url) as store:
        assert difference(rows(store), expected) == ""
        whole = whole_sample(stream, tmp_path)
        assert difference({"sample": sample(store)}, {"sample": whole}) == ""


def test_a_recorder_suspended_past_its_session_does_no_harm(
    deployment: Deployment, recording: Path, expected: dict[str, list[bytes]], tmp_path: Path
) -> None:
    stream = deployment
    url = f"sqlite:///{tmp_path / 'suspended.db'}"
    stream.worker().await_ready()
    suspended = stream.recorder(url)
    suspended.await_ready()
    other = stream.recorder(url)
    other.await_ready()
    replay = stream.command("replay", str(recording), "--quiet", *PACE)
    await_share(url, 0.2, expected)
    suspend(suspended, url)
    everything = list(range(stream.settings.partitions))

    def owns_all() -> bool:
        shares = other.readiness().get("partitions", {})
        return bool(shares) and all(share == everything for share in shares.values())

    await_that(owns_all, "all partitions at the other recorder")
    await_share(url, 0.8, expected)
    suspended.signal(signal.SIGCONT)
    assert replay.finish() == 0, replay.log_text()
    stream.await_done()
    await_recorded(stream, url)
    with Store.open(url) as store:
        assert difference(rows(store), expected) == ""
        ends = positions(stream)
        assert {place: store.positions()[place] for place in ends} == ends
