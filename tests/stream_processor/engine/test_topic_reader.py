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

pytestmark = pytest.mark.kafka


def test_to_wait_for_transactions_reads_no_record(
    kafka_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests: list[object] = []
    send = AIOKafkaClient.send

    async def note(client: AIOKafkaClient, node: int, request: object, **options: Any) -> Any:
        requests.append(request)
        return await send(client, node, request, **options)

    async def write_then_wait() -> None:
        await prepare_topics(kafka_settings, create=True)
        topic = kafka_settings.topic(wire.ALERTS)
        async with AIOKafkaProducer(**kafka_settings.kafka_client()) as producer:
            await producer.send_and_wait(topic, b"{}", b"key", partition=0)
        monkeypatch.setattr(AIOKafkaClient, "send", note)
        await await_transactions(kafka_settings, [TopicPartition(topic, 0)])

    asyncio.run(write_then_wait())
    assert requests
    assert not [request for request in requests if isinstance(request, FetchRequest)]
