"""Topics that change under the workers; each test then does what the message says."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, Producer
from confluent_kafka.admin import AdminClient, NewPartitions

from badbuzz import wire
from badbuzz.detection.baseline_file import decode_baselines
from badbuzz.detection.fold import Fold
from badbuzz.detection.state import Rules
from badbuzz.messages.text import example
from stream_processor.processor.state_topic import PARTITION_KEY
from tests.e2e.records import await_recorded
from tests.support.events import BUCKET_MS, START_MS
from tests.support.http_server import EMPTY, HttpServer
from tests.support.outlet import OutputProducer
from tests.support.recorded import window
from tests.support.source import RecordProducer, metric, run_to_end
from tests.support.stream import Deployment, Record, WorkerProcess, await_that

pytestmark = [pytest.mark.kafka, pytest.mark.services]


def last_line(worker: WorkerProcess, code: int = 4) -> str:
    """Wait until a worker has ended with a code, and return its last line."""
    assert worker.finish() == code, worker.log_text()
    assert "Traceback" not in worker.log_text()
    return worker.log_text().splitlines()[-1]


def stop(worker: WorkerProcess) -> None:
    worker.signal(signal.SIGTERM)
    assert worker.finish() == 0, worker.log_text()


def test_a_topic_with_more_records_than_were_read_is_known_to_be_new(
    real_stream: Deployment,
) -> None:
    RecordProducer(real_stream).tweet(START_MS)
    stop(run_to_end(real_stream))
    real_stream.delete_topic(wire.TWEETS)
    real_stream.create_topics()
    producer = RecordProducer(real_stream)
    for n in range(5):
        producer.tweet(START_MS + n, id=f"new {n}", seq=100 + n)
    said = last_line(real_stream.worker())
    assert "the topic was deleted and created again" in said
    assert "badbuzz process --skip-deleted" in said
    worker = real_stream.worker(options=("--skip-deleted",))
    real_stream.await_done()
    assert len(real_stream.committed(wire.SCORED_TWEETS)) == 6
    stop(worker)
    real_stream.worker().await_ready()


def test_a_topic_that_is_deleted_while_it_is_read_is_noticed(real_stream: Deployment) -> None:
    RecordProducer(real_stream).tweet(START_MS)
    worker = run_to_end(real_stream)
    real_stream.delete_topic(wire.TWEETS)
    said = last_line(worker)
    assert "was deleted while this worker ran; run badbuzz topics, then start" in said
    real_stream.create_topics()
    worker = real_stream.worker(options=("--skip-deleted",))
    worker.await_ready()
    RecordProducer(real_stream).tweet(START_MS + 1, seq=7, id="7")
    real_stream.await_done()
    assert len(real_stream.committed(wire.SCORED_TWEETS)) == 2


def test_partitions_added_to_a_topic_that_is_read_are_noticed(
    real_stream: Deployment, tmp_path: Path
) -> None:
    producer = RecordProducer(real_stream)
    producer.tweet(START_MS)
    producer.beat(START_MS + BUCKET_MS + 120_000)
    worker = run_to_end(real_stream)
    name, client = real_stream.settings.topic(wire.TWEETS), real_stream.admin()
    client.create_partitions([NewPartitions(name, 6)])[name].result()
    said = last_line(worker)
    assert "was given 6 partitions instead of 4; move to new topics" in said
    assert "set BADBUZZ_PARTITIONS" not in last_line(real_stream.worker())

    baseline = tmp_path / "baseline.json"
    export = real_stream.command("baseline", "export", "-o", str(baseline))
    assert export.finish() == 0, export.log_text()
    moved = Deployment(
        real_stream.settings.kafka_bootstrap_servers,
        f"moved-{real_stream.settings.topic_prefix}",
        tmp_path / "moved",
        {"BADBUZZ_PARTITIONS": "6"},
    )
    try:
        moved.create_topics()
        load = moved.command("baseline", "load", str(baseline))
        assert load.finish() == 0, load.log_text()
        worker = moved.worker()
        worker.await_ready()
        (learnt,) = decode_baselines(baseline.read_bytes())
        assert (learnt.state.brand, learnt.state.n_hours) == ("Air Paradis", 1)
        assert worker.get("/state/Air%20Paradis") is not None
    finally:
        moved.close()


def test_a_recorded_topic_with_more_records_is_known_to_be_new(
    real_stream: Deployment, tmp_path: Path
) -> None:
    store = f"sqlite:///{tmp_path / 'badbuzz.db'}"
    OutputProducer(real_stream).windows(window())
    recorder = real_stream.recorder(store)
    recorder.await_ready()
    await_recorded(real_stream, store)
    stop(recorder)
    real_stream.delete_topic(wire.WINDOWS)
    real_stream.create_topics()
    OutputProducer(real_stream).windows(*map(window, range(5)))
    said = last_line(real_stream.recorder(store))
    assert "the topic was deleted and created again" in said
    assert "set BADBUZZ_STORE to a new database" in said
    store = f"sqlite:///{tmp_path / 'new.db'}"
    real_stream.recorder(store).await_ready()
    await_recorded(real_stream, store)


def test_a_topic_that_is_created_again_while_it_is_notified_is_noticed(
    real_stream: Deployment,
) -> None:
    with HttpServer(EMPTY) as manager:
        environ = {"BADBUZZ_ALERTMANAGER_URL": manager.url, "BADBUZZ_LANGUAGE": "en"}
        OutputProducer(real_stream).alerts(example())
        notifier = real_stream.notifier(environ)
        await_that(lambda: example().id in str(manager.bodies), "the alert")
        real_stream.delete_topic(wire.ALERTS)
        real_stream.create_topics()
        said = last_line(notifier)
        assert "stop the notifier and delete its consumer groups" in said
        group = f"{real_stream.settings.group}.notify.alertmanager"
        client = real_stream.admin()
        await_that(lambda: _deleted(client, group), "the end of the group")
        real_stream.notifier(environ).await_ready()


def _deleted(client: AdminClient, group: str) -> bool:
    """Delete a group, unless it has members; return whether it is gone."""
    described = client.describe_consumer_groups([group])[group].result()
    if described.members:
        return False
    client.delete_consumer_groups([group])[group].result()
    return True


def send_state(stream: Deployment, partition: int, *records: Record) -> None:
    """Write records to a partition of the state, as somebody does who restores it."""
    producer = Producer({"bootstrap.servers": stream.settings.kafka_bootstrap_servers})
    for key, value in records:
        topic = stream.settings.topic(wire.PROCESSOR_STATE)
        producer.produce(topic, value or None, key=key, partition=partition)
    producer.flush()


def test_state_that_is_deleted_while_it_is_used_can_be_restored(real_stream: Deployment) -> None:
    RecordProducer(real_stream).tweet(START_MS)
    worker = run_to_end(real_stream)
    (partition,) = real_stream.ends()
    backup = real_stream.committed(wire.PROCESSOR_STATE)
    real_stream.delete_topic(wire.PROCESSOR_STATE)
    assert last_line(worker).endswith(
        "was deleted while this worker ran; run badbuzz topics, then restore the topic, or start "
        "anew, see docs/kafka.md, Recovery"
    )
    real_stream.create_topics()
    send_state(real_stream, partition, *backup)
    RecordProducer(real_stream).tweet(START_MS + 1, seq=7, id="7")
    run_to_end(real_stream)
    assert len(real_stream.committed(wire.SCORED_TWEETS)) == 2


def test_after_its_state_was_deleted_a_deployment_can_start_anew(
    real_stream: Deployment, tmp_path: Path
) -> None:
    RecordProducer(real_stream).tweet(START_MS)
    worker = run_to_end(real_stream)
    real_stream.delete_topic(wire.PROCESSOR_STATE)
    assert "start anew" in last_line(worker)
    anew = Deployment(
        real_stream.settings.kafka_bootstrap_servers,
        real_stream.settings.topic_prefix,
        tmp_path / "anew",
        {"BADBUZZ_APP_ID": "anew"},
    )
    try:
        anew.create_topics()
        run_to_end(anew)
        assert len(anew.committed(wire.SCORED_TWEETS)) == 2
    finally:
        anew.close()


def test_a_skipped_record_is_counted(real_stream: Deployment) -> None:
    producer = RecordProducer(real_stream)
    producer.tweet(START_MS)
    stop(run_to_end(real_stream))
    for n in range(1, 6):
        producer.tweet(START_MS + n)
    (partition,) = real_stream.ends()
    real_stream.delete_records(wire.TWEETS, {partition: 4})
    worker = real_stream.worker(options=("--skip-deleted",))
    worker.await_ready()
    real_stream.await_done()
    assert "records 1 to 3 were deleted unread; continues at offset 4" in worker.log_text()
    name = real_stream.settings.topic(wire.TWEETS)
    assert metric(worker, "badbuzz_deleted_unread_total", topic=name) == 3


def skip_deleted(stream: Deployment, positions: dict[int, int]) -> None:
    """Run a worker with the flag until its state has positions, then kill it."""
    worker = stream.worker(options=("--skip-deleted",))
    await_that(lambda: stream.positions() == positions or not worker.running, "the positions")
    assert worker.running, worker.log_text()
    worker.kill()


def offsets(stream: Deployment) -> dict[int, int]:
    """Return the offsets that the group of the processors has committed."""
    asked, client = ConsumerGroupTopicPartitions(stream.settings.group), stream.admin()
    answer = client.list_consumer_group_offsets([asked])[asked.group_id].result()
    return {one.partition: one.offset for one in answer.topic_partitions if one.offset >= 0}


def test_a_position_after_records_that_were_all_deleted_is_kept(real_stream: Deployment) -> None:
    producer = RecordProducer(real_stream)
    producer.tweet(START_MS)
    stop(run_to_end(real_stream))
    for n in range(1, 6):
        producer.tweet(START_MS + n)
    ends = real_stream.ends()
    real_stream.delete_records(wire.TWEETS, ends)
    worker = real_stream.worker(options=("--skip-deleted",))
    await_that(lambda: offsets(real_stream) == ends, "the group's offset")
    worker.kill()
    assert real_stream.positions() == ends
    real_stream.worker().await_ready()


def test_a_position_in_a_topic_that_was_created_again_is_kept(real_stream: Deployment) -> None:
    RecordProducer(real_stream).tweet(START_MS)
    stop(run_to_end(real_stream))
    (partition,) = real_stream.ends()
    real_stream.delete_topic(wire.TWEETS)
    real_stream.create_topics()
    skip_deleted(real_stream, {partition: 0})
    real_stream.worker().await_ready()


PARTITION = 2
"""Partition of Air Paradis."""


def send_position(stream: Deployment, next_offset: int) -> None:
    """Write a position to the state, as a worker did before the topic was truncated."""
    own = Fold(lambda _: Rules()).pack(PARTITION, next_offset)
    send_state(stream, PARTITION, (PARTITION_KEY, own))


def test_a_position_at_the_end_of_a_truncated_topic_is_kept(real_stream: Deployment) -> None:
    producer = RecordProducer(real_stream)
    producer.tweet(START_MS)
    send_position(real_stream, 100)
    skip_deleted(real_stream, {PARTITION: 1})
    producer.tweet(START_MS + 1)
    run_to_end(real_stream)
    assert len(real_stream.committed(wire.SCORED_TWEETS)) == 1
