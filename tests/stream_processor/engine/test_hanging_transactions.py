"""Transactions that nothing ends any more, planted on Apache Kafka."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import TopicPartition
from kafka.admin import AbortTransactionSpec, KafkaAdminClient
from kafka.structs import TopicPartition as AdminPartition

from badbuzz import wire
from badbuzz.errors import KafkaError
from stream_processor.engine import topic_reader
from stream_processor.engine.topic_reader import await_transactions
from tests.support.events import START_MS
from tests.support.source import RecordProducer, open_transaction, run_to_end
from tests.support.stream import CommandProcess, Deployment, await_that

pytestmark = [pytest.mark.kafka, pytest.mark.services]

IMPATIENT = (
    "-c",
    "from badbuzz.cli import main; from stream_processor.engine import topic_reader; "
    "topic_reader._OPEN_S = 5.0; main()",
)
"""A command that waits for the end of a transaction for five seconds only."""

PARTITION = 2
"""Partition of Air Paradis."""


@pytest.fixture
def hanging(real_stream: Deployment) -> Iterator[TopicPartition]:
    """Begin a transaction in a partition of the state and leave it open."""
    topic = real_stream.settings.topic(wire.PROCESSOR_STATE)
    producer = open_transaction(real_stream.settings, wire.PROCESSOR_STATE, PARTITION)
    yield TopicPartition(topic, PARTITION)
    del producer


def abort(stream: Deployment, command: str) -> None:
    """Do what ``kafka-transactions.sh abort`` does with the command's arguments."""
    said = re.search(r"abort --topic (\S+) --partition (\d+) --start-offset (\d+)", command)
    assert said is not None, command
    place, start = AdminPartition(said[1], int(said[2])), int(said[3])
    client = KafkaAdminClient(bootstrap_servers=stream.settings.kafka_bootstrap_servers)
    try:
        states = client.describe_producers([place])[place].active_producers
        (found,) = [one for one in states if one.current_transaction_start_offset == start]
        client.abort_transaction(
            AbortTransactionSpec(place, found.producer_id, found.producer_epoch)
        )
    finally:
        client.close()


def test_a_hanging_transaction_is_named_with_the_command_that_ends_it(
    real_stream: Deployment, hanging: TopicPartition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topic_reader, "_OPEN_S", 0.2)
    with pytest.raises(KafkaError, match="a transaction is open that nothing will end") as raised:
        asyncio.run(await_transactions(real_stream.settings, [hanging]))
    abort(real_stream, str(raised.value))
    asyncio.run(await_transactions(real_stream.settings, [hanging]))


def test_a_worker_does_not_load_state_below_a_hanging_transaction(
    real_stream: Deployment, hanging: TopicPartition
) -> None:
    RecordProducer(real_stream).tweet(START_MS)
    worker = real_stream.worker(IMPATIENT)
    assert worker.finish() == 4, worker.log_text()
    abort(real_stream, worker.log_text().splitlines()[-1])
    run_to_end(real_stream)
    assert len(real_stream.committed(wire.SCORED_TWEETS)) == 1


def test_a_worker_waits_for_a_transaction_that_ends(
    real_stream: Deployment, hanging: TopicPartition
) -> None:
    worker = real_stream.worker()
    await_that(lambda: "keys loaded" in worker.log_text(), "the other partitions")
    assert not worker.readiness().get("ready")
    command = f"abort --topic {hanging.topic} --partition {hanging.partition} --start-offset 0"
    abort(real_stream, command)
    worker.await_ready()


def test_clocks_are_not_reset_below_a_hanging_transaction(
    real_stream: Deployment, hanging: TopicPartition, tmp_path: Path
) -> None:
    arguments = [sys.executable, *IMPATIENT, "topics", "reset-clock"]
    command = CommandProcess(arguments, real_stream.environ, tmp_path / "reset.log")
    code = command.finish()
    command.close()
    assert code == 4, command.log_text()
    abort(real_stream, command.log_text().splitlines()[-1])
    again = real_stream.command("topics", "reset-clock")
    assert again.finish() == 0, again.log_text()
