"""Tests of the transactional writer on Apache Kafka."""

from __future__ import annotations

import asyncio
import os

import pytest

from badbuzz import wire
from badbuzz.errors import KafkaError
from stream_processor.engine.transaction import Output, TakenOverError, TransactionalWriter
from tests.support.stream import Deployment

pytestmark = [pytest.mark.kafka, pytest.mark.services]


def test_a_fenced_writer_names_its_partition(real_stream: Deployment) -> None:
    settings = real_stream.settings
    outputs: dict[str, list[Output]] = {settings.topic(wire.WINDOWS): [(b"Air Paradis", b"{}", [])]}

    async def write_twice() -> None:
        writers = [TransactionalWriter(settings, f"{settings.group}-2") for _ in range(2)]
        try:
            for writer in writers:
                await writer.open()
            await writers[1].write(2, outputs)
            await writers[0].write(2, outputs)
        finally:
            for writer in writers:
                await writer.close()

    with pytest.raises(TakenOverError, match="another worker took over partition 2 of this one"):
        asyncio.run(write_twice())
    assert len(real_stream.committed(wire.WINDOWS)) == 1


def test_a_record_that_is_too_large_is_a_refusal(real_stream: Deployment) -> None:
    settings = real_stream.settings
    record: Output = (b"Air Paradis", os.urandom(2_000_000), [])
    outputs: dict[str, list[Output]] = {settings.topic(wire.WINDOWS): [record]}

    async def write() -> None:
        writer = TransactionalWriter(settings, f"{settings.group}-2")
        await writer.open()
        try:
            await writer.write(2, outputs)
        finally:
            await writer.close()

    with pytest.raises(KafkaError, match="refused a request"):
        asyncio.run(write())
