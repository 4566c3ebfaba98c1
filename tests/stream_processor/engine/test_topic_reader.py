"""Tests of the reads of whole partitions."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.fetch import FetchRequest

from badbuzz import wire
from badbuzz.config.settings import Settings
from stream_processor.engine.topic_reader import await_transactions
from stream_processor.engine.topics import prepare_topics
from tests.support.servers import settings_for

pytestmark = [pytest.mark.kafka, pytest.mark.services]


async def await_open_transaction(settings: Settings, requests: list[object]) -> None:
    """Wait for the end of a transaction, which is aborted once some requests were sent."""
    await prepare_topics(settings, create=True)
    topic = settings.topic(wire.ALERTS)
    client = settings.kafka_client()
    async with AIOKafkaProducer(**client, transactional_id=settings.group) as producer:
        await producer.begin_transaction()
        await producer.send_and_wait(topic, b"{}", b"key", partition=0)
        requests.clear()
        waiting = asyncio.create_task(await_transactions(settings, [TopicPartition(topic, 0)]))
        while len(requests) < 10 and not waiting.done():
            await asyncio.sleep(0.02)
        await producer.abort_transaction()
        await waiting


def test_no_record_is_read_to_wait_for_a_transaction(
    real_kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests: list[object] = []
    send = AIOKafkaClient.send

    async def note(client: AIOKafkaClient, node: int, request: object, **options: Any) -> Any:
        requests.append(request)
        return await send(client, node, request, **options)

    monkeypatch.setattr(AIOKafkaClient, "send", note)
    asyncio.run(await_open_transaction(settings_for(real_kafka), requests))
    assert len(requests) >= 10
    assert not [request for request in requests if isinstance(request, FetchRequest)]
