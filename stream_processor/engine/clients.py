"""The end of aiokafka's clients, also of those whose broker does not answer.

``stop()`` marks a client as closed and then waits for its broker. If it is cancelled there, the
client's tasks and connections stay open, and a second ``stop()`` does nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.errors import ProducerClosed

from badbuzz.errors import BrokerDownError, KafkaError
from stream_processor.engine.broker_errors import call_broker

_STOP_S: Final = 5.0
_CUT_S: Final = 1.0
_Step = Callable[[], Coroutine[Any, Any, None]]


async def stop_consumer(consumer: AIOKafkaConsumer) -> None:
    """Leave the group, if there is one, and disconnect a consumer."""
    coordinator, fetcher = consumer._coordinator, consumer._fetcher
    steps: list[_Step] = []
    if isinstance(coordinator, GroupCoordinator):
        steps += [coordinator._stop_heartbeat_task, coordinator._stop_commit_offsets_refresh_task]
    if fetcher is not None:
        steps.append(fetcher.close)
    await _stop(consumer.stop, [*steps, consumer._client.close])


async def stop_producer(producer: AIOKafkaProducer) -> None:
    """Send what is pending and disconnect a producer."""

    async def fail_pending() -> None:
        producer._message_accumulator.fail_all(ProducerClosed())

    await _stop(producer.stop, [producer._sender.close, fail_pending, producer.client.close])


async def _stop(stop: _Step, steps: Sequence[_Step]) -> None:
    """Stop a client; if its broker does not answer, close its parts instead."""
    with suppress(BrokerDownError):
        try:
            await call_broker(stop(), _STOP_S)
        except KafkaError:
            for step in steps:
                with suppress(KafkaError):
                    await call_broker(step(), _CUT_S)
            raise
