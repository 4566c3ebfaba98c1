"""Tests of the topics on both brokers: they are created and checked, and never altered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaConnectionError, NodeNotReadyError, RequestTimedOutError
from aiokafka.errors import KafkaError as BrokerError
from click.testing import CliRunner

from badbuzz import wire
from badbuzz.config.settings import Settings
from badbuzz.errors import BrokerDownError, KafkaError
from demo.processes import free_port
from stream_processor.commands import topics
from stream_processor.engine import groups as groups_module
from stream_processor.engine import topics as topics_module
from stream_processor.engine.broker_errors import CALL_S, call_broker
from stream_processor.engine.groups import group_members
from stream_processor.engine.topics import (
    TopicReport,
    _compare,
    _partitions_remedy,
    check_topics,
    prepare_topics,
    topics_of,
    wait_for_broker,
)
from tests.support.servers import KafkaServer, settings_for

pytestmark = pytest.mark.kafka


@pytest.fixture
def settings(real_kafka: str) -> Settings:
    """Return the settings of a deployment on Apache Kafka without topics."""
    return settings_for(real_kafka)


async def never_answer(*_: Any, **__: Any) -> None:
    await asyncio.Event().wait()


async def call_impatiently(call: Coroutine[Any, Any, Any], limit_s: float = CALL_S) -> Any:
    return await call_broker(call, min(limit_s, 1.0))


def prepare(settings: Settings, *, create: bool = True) -> TopicReport:
    return asyncio.run(prepare_topics(settings, create=create))


def check(settings: Settings) -> None:
    asyncio.run(check_topics(settings))


def names_in(kafka: str) -> set[str]:
    async def names() -> set[str]:
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
        await admin.start()
        try:
            return set(await admin.list_topics())
        finally:
            await admin.close()

    return asyncio.run(names())


def create_otherwise(settings: Settings, name: str, **changed: str) -> None:
    """Create all topics as expected, except for one."""

    async def create() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap_servers)
        await admin.start()
        try:
            answer = await admin.create_topics(
                [
                    NewTopic(
                        topic.name,
                        topic.num_partitions,
                        topic.replication_factor,
                        topic_configs=topic.topic_configs
                        | (changed if topic.name == settings.topic(name) else {}),
                    )
                    for topic in topics_of(settings)
                ]
            )
            assert not any(code for _, code, _ in answer.topic_errors)
            wanted = {topic.name for topic in topics_of(settings)}
            while not wanted <= set(await admin.list_topics()):
                await asyncio.sleep(0.05)
        finally:
            await admin.close()

    asyncio.run(create())


def run(settings: Settings, *arguments: str) -> tuple[int | str | None, str]:
    environ = {
        "BADBUZZ_KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
        "BADBUZZ_TOPIC_PREFIX": settings.topic_prefix,
        "BADBUZZ_PARTITIONS": str(settings.partitions),
    }
    result = CliRunner().invoke(topics, arguments, env=environ)
    return getattr(result.exception, "exit_code", result.exit_code), result.stdout


def test_prepared_topics_pass_the_workers_check(kafka_settings: Settings) -> None:
    prepare(kafka_settings)
    check(kafka_settings)


def test_every_topic_has_the_partitions_of_the_settings(settings: Settings) -> None:
    settings = replace(settings, partitions=6)
    prepare(settings)
    assert not prepare(settings, create=False).differences
    assert prepare(replace(settings, partitions=4), create=False).differences


def test_a_second_preparation_creates_nothing(settings: Settings) -> None:
    assert len(prepare(settings).created) == 6
    assert prepare(settings).created == []


@pytest.mark.services
def test_a_check_creates_nothing(settings: Settings) -> None:
    prepare(settings, create=False)
    assert not any(
        name.startswith(settings.topic_prefix)
        for name in names_in(settings.kafka_bootstrap_servers)
    )


def test_a_worker_reports_missing_topics(settings: Settings) -> None:
    with pytest.raises(KafkaError, match=r"\.tweets, .*are missing: run badbuzz topics"):
        check(settings)


def test_another_number_of_partitions_stops_a_worker(settings: Settings) -> None:
    prepare(replace(settings, partitions=2))
    with pytest.raises(KafkaError, match="partitions is 2, not 4: set BADBUZZ_PARTITIONS=2"):
        check(settings)


def test_another_number_of_partitions_is_not_altered(settings: Settings) -> None:
    prepare(replace(settings, partitions=2))
    assert {difference.found for difference in prepare(settings).differences} == {"2"}


def test_state_that_retention_would_delete_stops_a_worker(settings: Settings) -> None:
    create_otherwise(settings, wire.PROCESSOR_STATE, **{"cleanup.policy": "delete"})
    with pytest.raises(KafkaError, match=r"state: cleanup\.policy is delete, not compact"):
        check(settings)


def test_another_retention_is_logged_and_does_not_stop_a_worker(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    create_otherwise(settings, wire.TWEETS, **{"retention.ms": "86400000"})
    with caplog.at_level(logging.WARNING, "stream_processor.engine.topics"):
        check(settings)
    assert caplog.messages == [
        f"{settings.topic(wire.TWEETS)}: retention.ms is 86400000, not 604800000: kafka-configs "
        f"--alter --entity-type topics --entity-name {settings.topic(wire.TWEETS)} "
        "--add-config retention.ms=604800000"
    ]


def test_on_the_embedded_broker_only_partitions_are_checked(embedded_kafka: str) -> None:
    settings = settings_for(embedded_kafka)
    assert prepare(settings) == TopicReport(
        [topic.name for topic in topics_of(settings)], embedded=True
    )


def test_another_number_of_partitions_on_the_embedded_broker_stops_a_worker(
    embedded_kafka: str,
) -> None:
    with pytest.raises(KafkaError, match="partitions is 4, not 3"):
        check(settings_for(embedded_kafka, partitions=3))


def test_the_command_prints_what_it_created(settings: Settings) -> None:
    assert run(settings) == (
        0, "".join(f"{topic.name}: created\n" for topic in topics_of(settings))
    )  # fmt: skip


def test_the_command_exits_with_4_if_a_topic_differs(settings: Settings) -> None:
    code, output = run(settings, "--check", "--json")
    report = orjson.loads(output)
    assert code == 4
    assert len(report["differences"]) == len(report["topics"]) == 6


def test_an_unreachable_broker_is_logged_once_and_an_error() -> None:
    lines: list[str] = []
    settings = settings_for(f"127.0.0.1:{free_port()}")
    with pytest.raises(KafkaError, match=r"no broker answers at 127.* refused|Connect call failed"):
        asyncio.run(wait_for_broker(settings, 1.0, lines.append))
    assert len(lines) == 1


@pytest.mark.slow
def test_it_waits_for_a_broker_that_starts_late(tmp_path: Path) -> None:
    KafkaServer.require()
    server = KafkaServer(tmp_path)
    lines: list[str] = []

    def appear(line: str) -> None:
        lines.append(line)
        server.start()

    try:
        asyncio.run(wait_for_broker(settings_for(server.bootstrap_servers), 120.0, appear))
    finally:
        server.stop()
    assert len(lines) == 1


ADMIN_CALLS = ["start", "describe_cluster", "describe_topics", "create_topics", "describe_configs"]


@pytest.mark.services
@pytest.mark.parametrize("name", ADMIN_CALLS)
def test_a_request_about_topics_without_an_answer_ends(
    name: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AIOKafkaAdminClient, name, never_answer)
    monkeypatch.setattr(topics_module, "call_broker", call_impatiently)
    monkeypatch.setattr(topics_module, "_VISIBLE_S", 0.0)
    with pytest.raises(BrokerDownError, match=r"did not answer within 1 s|no broker answers"):
        asyncio.run(asyncio.wait_for(prepare_topics(settings, create=True), 30.0))


@pytest.mark.services
def test_a_request_about_a_group_without_an_answer_ends(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AIOKafkaAdminClient, "describe_consumer_groups", never_answer)
    monkeypatch.setattr(groups_module, "call_broker", call_impatiently)
    monkeypatch.setattr(groups_module, "_LIMIT_S", 0.0)
    with pytest.raises(BrokerDownError, match="did not answer within 1 s"):
        asyncio.run(asyncio.wait_for(group_members(settings), 30.0))


@pytest.mark.parametrize("kind", [NodeNotReadyError, KafkaConnectionError, RequestTimedOutError])
def test_topics_are_prepared_although_one_of_several_brokers_is_lost(
    kind: type[BrokerError], embedded_kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for(embedded_kafka)
    describe, failures = AIOKafkaAdminClient.describe_topics, [kind(), kind()]

    async def fail_first(admin: AIOKafkaAdminClient, *arguments: Any) -> Any:
        if failures:
            raise failures.pop()
        return await describe(admin, *arguments)

    monkeypatch.setattr(AIOKafkaAdminClient, "describe_topics", fail_first)
    assert not prepare(settings).differences


def test_a_replica_that_is_not_in_sync_is_no_difference() -> None:
    topic = topics_of(Settings(replication=3))[0]
    partition = {"replicas": [1, 2, 3], "isr": [1, 2], "leader": 1}
    description = {"partitions": [partition] * topic.num_partitions}
    assert not list(_compare(topic, description, dict(topic.topic_configs), "a remedy"))


def test_an_unexpected_number_that_all_topics_have_can_be_set() -> None:
    assert "set BADBUZZ_PARTITIONS=2" in _partitions_remedy([{"partitions": [{}, {}]}] * 6)


def test_partitions_that_were_added_to_one_topic_are_a_move() -> None:
    grown: list[dict[str, Any]] = [{"partitions": [{}] * 6}, {"partitions": [{}] * 4}]
    assert _partitions_remedy(grown).startswith("move to new topics, see docs/kafka.md")
