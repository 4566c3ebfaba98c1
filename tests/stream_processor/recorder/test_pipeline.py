"""Tests of the recorder on real brokers: holes, losses, and empty or unavailable stores."""

from __future__ import annotations

import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from confluent_kafka.admin import (
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from badbuzz import wire
from badbuzz.model import Scored, Tweet
from badbuzz.store.database import Store
from badbuzz.store.model import SourcePartition
from tests.e2e.records import await_recorded, locked, positions, rows, sample
from tests.support.events import START_MS
from tests.support.outlet import OutputProducer
from tests.support.recorded import alert, later, window
from tests.support.source import metric
from tests.support.stream import Deployment, WorkerProcess, await_that

pytestmark = [pytest.mark.kafka, pytest.mark.services]

PARTITIONS = [0, 1, 2, 3]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'badbuzz.db'}"


@pytest.fixture
def producer(real_stream: Deployment) -> OutputProducer:
    return OutputProducer(real_stream)


@pytest.fixture
def recorder(real_stream: Deployment, url: str) -> WorkerProcess:
    recorder = real_stream.recorder(url)
    recorder.await_ready()
    return recorder


def shares(recorder: WorkerProcess) -> list[int]:
    """Return the number of owned partitions of each topic."""
    return [len(owned) for owned in recorder.readiness().get("partitions", {}).values()]


def ready(recorder: WorkerProcess) -> bool:
    return bool(recorder.readiness().get("ready"))


def stop(recorder: WorkerProcess) -> None:
    recorder.signal(signal.SIGTERM)
    assert recorder.finish() == 0, recorder.log_text()


def delete_before(stream: Deployment, topic: str, offset: int) -> None:
    """Delete records as retention would, in the only partition that holds any."""
    (partition,) = stream.ends(topic)
    stream.delete_records(topic, {partition: offset})


def set_cleanup_policy(stream: Deployment, topic: str, policy: str) -> None:
    admin = stream.admin()
    entry = ConfigEntry("cleanup.policy", policy, incremental_operation=AlterConfigOpType.SET)
    changed = ConfigResource(
        ResourceType.TOPIC, stream.settings.topic(topic), incremental_configs=[entry]
    )
    admin.incremental_alter_configs([changed])[changed].result()


# Holes


def test_a_transactions_marker_is_no_gap(
    real_stream: Deployment, producer: OutputProducer, recorder: WorkerProcess, url: str
) -> None:
    for number in range(3):
        producer.windows(window(number))
    await_recorded(real_stream, url)
    assert metric(recorder, "badbuzz_gaps_total") == 0


def test_the_position_passes_the_last_marker(
    real_stream: Deployment, producer: OutputProducer, recorder: WorkerProcess, url: str
) -> None:
    producer.windows(window())
    await_recorded(real_stream, url)
    with Store.open(url) as store:
        ends = positions(real_stream)
        assert {place: store.positions()[place] for place in ends} == ends


# Losses


def test_windows_deleted_unread_stop_the_recorder(
    real_stream: Deployment, producer: OutputProducer, recorder: WorkerProcess, url: str
) -> None:
    producer.windows(window())
    await_recorded(real_stream, url)
    stop(recorder)
    producer.windows(*map(window, range(1, 6)))
    delete_before(real_stream, wire.WINDOWS, 5)
    recorder = real_stream.recorder(url)
    assert recorder.finish() == 4
    assert "records 2 to 4 were deleted" in recorder.log_text().splitlines()[-1]


def test_with_skip_deleted_it_continues_after_deleted_windows(
    real_stream: Deployment, producer: OutputProducer, recorder: WorkerProcess, url: str
) -> None:
    producer.windows(window())
    await_recorded(real_stream, url)
    stop(recorder)
    producer.windows(*map(window, range(1, 6)))
    delete_before(real_stream, wire.WINDOWS, 5)
    real_stream.recorder(url, "--skip-deleted")
    await_recorded(real_stream, url)
    with Store.open(url) as store:
        assert len(rows(store)[wire.WINDOWS]) == 3


def test_alerts_replaced_by_later_phases_are_no_loss(
    real_stream: Deployment, producer: OutputProducer, recorder: WorkerProcess, url: str
) -> None:
    producer.alerts(alert())
    await_recorded(real_stream, url)
    stop(recorder)
    producer.alerts(later(alert(), 1, phase="escalated"), later(alert(), 2, phase="resolved"))
    set_cleanup_policy(real_stream, wire.ALERTS, "delete")
    delete_before(real_stream, wire.ALERTS, 3)
    set_cleanup_policy(real_stream, wire.ALERTS, "compact")
    real_stream.recorder(url)
    await_recorded(real_stream, url)
    with Store.open(url) as store:
        stored = store.alert(alert().id)
        assert stored is not None
        assert [phase.phase for phase in stored.phases] == ["firing", "resolved"]


def test_an_empty_store_is_filled_again(
    real_stream: Deployment,
    producer: OutputProducer,
    recorder: WorkerProcess,
    url: str,
    tmp_path: Path,
) -> None:
    producer.windows(*map(window, range(5)))
    await_recorded(real_stream, url)
    stop(recorder)
    empty = f"sqlite:///{tmp_path / 'empty.db'}"
    real_stream.recorder(empty)
    await_recorded(real_stream, empty)
    with Store.open(empty) as store:
        assert len(rows(store)[wire.WINDOWS]) == 5


def test_an_unreadable_record_is_counted_and_becomes_a_dead_letter(
    real_stream: Deployment, producer: OutputProducer, recorder: WorkerProcess, url: str
) -> None:
    producer.raw(wire.WINDOWS, [("Air Paradis", "Air Paradis", b"{}")])
    producer.windows(window())
    await_recorded(real_stream, url)
    assert metric(recorder, "badbuzz_unrecorded_total", topic="windows") == 1
    assert "windows/2: 1 records from offset 0 to 0 cannot be read" in recorder.log_text()
    ((_, value),) = real_stream.committed(wire.DEAD_LETTERS)
    (headers,) = real_stream.headers(wire.DEAD_LETTERS)
    assert value == b"{}"
    assert (headers["step"], headers["offset"]) == (b"decode", b"0")


def test_a_row_that_the_database_refuses_becomes_a_dead_letter(
    real_stream: Deployment, producer: OutputProducer, url: str
) -> None:
    refused = window(4)
    with Store.open(url), closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database:
        database.execute(
            f"CREATE TRIGGER full BEFORE INSERT ON windows WHEN NEW.start_ms = {refused.start_ms} "
            "BEGIN SELECT RAISE(ABORT, 'not this one'); END"
        )
    producer.windows(*map(window, range(9)))
    real_stream.recorder(url)
    await_recorded(real_stream, url)
    with Store.open(url) as store:
        kept = [window(number) for number in range(9) if number != 4]
        assert rows(store)[wire.WINDOWS] == sorted(map(wire.encode_window, kept))
    ((_, value),) = real_stream.committed(wire.DEAD_LETTERS)
    (headers,) = real_stream.headers(wire.DEAD_LETTERS)
    assert value == wire.encode_window(refused)
    assert (headers["step"], headers["reason"]) == (b"encode", b"refused")
    assert headers["offset"] == b"4"


# An unavailable store


def test_its_first_line_names_the_store(recorder: WorkerProcess, url: str) -> None:
    place = url.removeprefix("sqlite:///")
    assert recorder.log_text().splitlines()[0] == f"store: SQLite file {place}"


def test_while_its_store_is_unavailable_it_is_not_ready(
    producer: OutputProducer, recorder: WorkerProcess, url: str
) -> None:
    with locked(url):
        producer.windows(window())
        await_that(lambda: not ready(recorder), "a recorder that is not ready")
        assert "the database" in recorder.readiness()["reason"]
    await_that(lambda: ready(recorder), "a recorder that is ready again")


def test_while_its_store_is_unavailable_it_stays_in_its_group(
    real_stream: Deployment, producer: OutputProducer, recorder: WorkerProcess, url: str
) -> None:
    n_before = metric(recorder, "badbuzz_rebalances_total")
    with locked(url):
        producer.windows(window())
        await_that(lambda: not ready(recorder), "a recorder that is not ready")
        producer.windows(window(1))
    await_recorded(real_stream, url)
    assert metric(recorder, "badbuzz_rebalances_total") == n_before
    assert recorder.log_text().count("waiting for it") == 1


def test_while_its_store_is_unavailable_it_ends_on_sigterm(
    producer: OutputProducer, recorder: WorkerProcess, url: str
) -> None:
    with locked(url):
        producer.windows(window())
        await_that(lambda: not ready(recorder), "a recorder that is not ready")
        recorder.signal(signal.SIGTERM)
        assert recorder.finish(limit_s=20) == 5
    assert recorder.log_text().splitlines()[-1].startswith("badbuzz: ")


def test_while_its_store_is_unavailable_it_releases_partitions(
    real_stream: Deployment, producer: OutputProducer, recorder: WorkerProcess, url: str
) -> None:
    with locked(url):
        producer.windows(window())
        await_that(lambda: not ready(recorder), "a recorder that is not ready")
        joining = real_stream.recorder(url)
        await_that(
            lambda: shares(recorder) == [0, 0, 0], "the release of the first recorder's partitions"
        )
    await_that(lambda: shares(recorder) == shares(joining) == [2, 2, 2], "two partitions each")
    await_recorded(real_stream, url)
    assert recorder.running


def test_an_impossible_store_is_reported_in_one_line(
    real_stream: Deployment, tmp_path: Path
) -> None:
    recorder = real_stream.recorder(f"sqlite:///{tmp_path}/missing/badbuzz.db")
    assert recorder.finish() == 5
    assert "make its folder" in recorder.log_text().splitlines()[-1]


# Retention


def test_old_tweets_are_deleted(real_stream: Deployment, url: str) -> None:
    tweet = Tweet("1", "Air Paradis", "Lost my bag", START_MS, START_MS)
    with Store.open(url) as store:
        store.record_windows(SourcePartition(wire.WINDOWS, 0), [(0, window())], 0)
        place = SourcePartition(wire.SCORED_TWEETS, 0)
        store.record_tweets(place, [(0, Scored(tweet, 0.9, True, "airline-en@1"))], 0, at_ms=0)
        assert len(sample(store)) == 1
        real_stream.recorder(url)
        await_that(lambda: not sample(store), "an empty sample")
