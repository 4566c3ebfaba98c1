"""Tests of the consumer with handlers that fail."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka import TopicPartition

from badbuzz.config.settings import Settings
from badbuzz.errors import BrokerDownError, StoreDownError
from stream_processor.engine.consumer import PartitionedConsumer
from stream_processor.engine.group_client import GroupClient
from stream_processor.engine.partition import ConsumerRecord


class FailingHandler:
    """A handler that fails at its first checkpoint and would write at the next."""

    partition = 0
    next_offset = 0
    topic_id = ""
    needs_open = False

    def __init__(self) -> None:
        self.n_checkpoints = 0

    async def open(self) -> None: ...

    def move(self, next_offset: int, topic_id: str) -> None: ...

    async def take(self, records: Sequence[ConsumerRecord]) -> int:
        return len(records)

    async def checkpoint(self) -> None:
        self.n_checkpoints += 1
        if self.n_checkpoints == 1:
            raise ConnectionError("the broker is gone")

    async def close(self) -> None: ...


def failing() -> tuple[PartitionedConsumer, FailingHandler]:
    handler = FailingHandler()
    consumer = PartitionedConsumer(
        Settings(), topic="tweets", group="test", new_handler=lambda _: handler
    )
    consumer.handlers[0] = handler
    return consumer, handler


def test_after_a_failed_checkpoint_no_other_is_written() -> None:
    async def fail_then_revoke() -> int:
        consumer, handler = failing()
        with pytest.raises(ConnectionError):
            await consumer.revoke([])
        await consumer.revoke([0])
        return handler.n_checkpoints

    assert asyncio.run(fail_then_revoke()) == 1


def test_a_failed_last_checkpoint_is_a_crash() -> None:
    async def stop() -> BaseException | None:
        consumer, _ = failing()
        await consumer.on_stop()
        reason: BaseException | None = consumer.crash_reason
        return reason

    assert isinstance(asyncio.run(stop()), ConnectionError)


class UnavailableHandler(FailingHandler):
    """A handler whose store does not answer at the first checkpoint."""

    async def checkpoint(self) -> None:
        self.n_checkpoints += 1
        if self.n_checkpoints == 1:
            raise StoreDownError("the store does not answer")


def unavailable() -> tuple[PartitionedConsumer, UnavailableHandler]:
    handler = UnavailableHandler()
    consumer = PartitionedConsumer(
        Settings(), topic="windows", group="test", new_handler=lambda _: handler
    )
    consumer.handlers[0] = handler
    return consumer, handler


def test_a_handler_without_its_store_stays_consistent() -> None:
    async def revoke() -> tuple[bool, bool]:
        consumer, _ = unavailable()
        await consumer.revoke([])
        return consumer.waiting, consumer.ready

    assert asyncio.run(revoke()) == (True, False)


def test_a_handler_without_its_store_is_closed_when_revoked() -> None:
    async def revoke() -> int:
        consumer, _ = unavailable()
        await consumer.revoke([0])
        return len(consumer.handlers)

    assert asyncio.run(revoke()) == 0


def test_stopping_without_the_store_is_a_crash() -> None:
    async def stop() -> BaseException | None:
        consumer, _ = unavailable()
        await consumer.on_stop()
        reason: BaseException | None = consumer.crash_reason
        return reason

    assert isinstance(asyncio.run(stop()), StoreDownError)


class DisconnectedHandler(FailingHandler):
    """A handler whose broker does not answer at a checkpoint."""

    async def checkpoint(self) -> None:
        raise BrokerDownError("the broker is not available")


def disconnected() -> PartitionedConsumer:
    handler = DisconnectedHandler()
    consumer = PartitionedConsumer(
        Settings(), topic="tweets", group="test", new_handler=lambda _: handler
    )
    consumer.handlers.update({0: handler, 1: handler})
    return consumer


def test_without_a_broker_nothing_of_a_revoked_consumer_is_kept() -> None:
    async def revoke() -> tuple[int, bool, bool]:
        consumer = disconnected()
        await consumer.revoke([0])
        async with consumer._exclusive() as consistent:
            return len(consumer.handlers), consistent, consumer.crashed

    assert asyncio.run(revoke()) == (0, True, False)


def test_stopping_without_a_broker_is_a_crash_with_its_reason() -> None:
    async def stop() -> BaseException | None:
        consumer = disconnected()
        await consumer.on_stop()
        reason: BaseException | None = consumer.crash_reason
        return reason

    assert isinstance(asyncio.run(stop()), BrokerDownError)


class SlowHandler(FailingHandler):
    """A handler that takes one record in each turn of the event loop."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[int] = []

    async def take(self, records: Sequence[ConsumerRecord]) -> int:
        self.taken.append(records[0].offset)
        self.next_offset = records[0].offset + 1
        return 1

    async def checkpoint(self) -> None: ...


def records_up_to(end: int) -> list[Any]:
    return [SimpleNamespace(offset=offset) for offset in range(end)]


def slow() -> tuple[PartitionedConsumer, SlowHandler]:
    handler = SlowHandler()
    consumer = PartitionedConsumer(
        Settings(), topic="tweets", group="test", new_handler=lambda _: handler
    )
    consumer.handlers[0] = handler
    consumer._client = cast("GroupClient", UnassignedClient())
    return consumer, handler


class UnassignedClient:
    """A client to which no partition is assigned."""

    def assigned(self) -> set[TopicPartition]:
        return set()


def test_a_revocation_waits_for_a_turn_and_not_for_the_batch() -> None:
    async def revoke_meanwhile() -> list[int]:
        consumer, handler = slow()
        batch = consumer._process(TopicPartition("tweets", 0), records_up_to(1000))
        working = asyncio.create_task(batch)
        while len(handler.taken) < 3:
            await asyncio.sleep(0)
        await consumer.revoke([0])
        await working
        return handler.taken

    assert len(asyncio.run(revoke_meanwhile())) < 6


def test_all_records_of_a_batch_are_taken_in_order() -> None:
    async def take_all() -> list[int]:
        consumer, handler = slow()
        await consumer._process(TopicPartition("tweets", 0), records_up_to(100))
        return handler.taken

    assert asyncio.run(take_all()) == list(range(100))
