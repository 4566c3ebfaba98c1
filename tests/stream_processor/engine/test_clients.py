"""Tests of the end of clients whose broker does not answer."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.producer.sender import Sender

from badbuzz import wire
from stream_processor.engine import clients
from stream_processor.engine.clients import stop_producer
from stream_processor.engine.group_client import GroupClient, RebalanceListener
from tests.support.servers import settings_for

pytestmark = pytest.mark.kafka


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "_STOP_S", 0.1)
    monkeypatch.setattr(clients, "_CUT_S", 0.1)


async def never_answer(*_: Any) -> None:
    await asyncio.Event().wait()


async def do_nothing(_: Any) -> None: ...


async def n_tasks_left() -> int:
    """Return the number of tasks beside the caller's, once those that were cancelled have ended."""
    for _ in range(20):
        await asyncio.sleep(0)
    return len(asyncio.all_tasks()) - 1


def test_a_member_whose_coordinator_is_frozen_leaves_nothing_open(
    embedded_kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for(embedded_kafka)

    async def join_then_leave() -> int:
        member = GroupClient(settings, settings.topic(wire.TWEETS), settings.group)
        await member.join(RebalanceListener(do_nothing, lambda _: None, do_nothing))
        monkeypatch.setattr(GroupCoordinator, "_maybe_leave_group", never_answer)
        await member.leave()
        return await n_tasks_left()

    assert asyncio.run(join_then_leave()) == 0


def test_a_producer_whose_broker_is_frozen_leaves_nothing_open(
    embedded_kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for(embedded_kafka)

    async def send_then_stop() -> int:
        producer = AIOKafkaProducer(**settings.kafka_client())
        await producer.start()
        monkeypatch.setattr(Sender, "_send_produce_req", never_answer)
        await producer.send(settings.topic(wire.DEAD_LETTERS), b"{}")
        await stop_producer(producer)
        return await n_tasks_left()

    assert asyncio.run(send_then_stop()) == 0
