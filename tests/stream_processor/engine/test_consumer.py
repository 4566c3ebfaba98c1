"""Tests of the consumer with handlers that fail."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from badbuzz.config.settings import Settings
from badbuzz.errors import BrokerDownError, StoreDownError
from stream_processor.engine.consumer import PartitionedConsumer
from stream_processor.engine.partition import ConsumerRecord


class FailingHandler:
    """A handler that fails at its first checkpoint and would write at the next."""

    partition = 0
    next_offset = 0
    topic_id = ""

    def __init__(self) -> None:
        self.n_checkpoints = 0

    async def open(self) -> None: ...

    def take(self, records: Sequence[ConsumerRecord]) -> None: ...

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
