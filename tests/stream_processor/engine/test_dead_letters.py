"""Tests of dead letters: their headers, their limit, and how they are written."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError, LeaderNotAvailableError

from badbuzz.errors import (
    BrokerDownError,
    DeadLettersError,
    KafkaError,
    StoreDownError,
    UnstorableError,
)
from demo.processes import free_port
from stream_processor.engine.dead_letters import (
    MAX_VALUE_BYTES,
    DeadLetterCounter,
    DeadLetters,
    Failure,
    to_dead_letter,
)
from tests.support.servers import settings_for

MINUTE_MS = 60_000
FAILURE = Failure("fold", "failed", "KeyError('delay')")


@dataclass
class Record:
    offset: int = 7
    timestamp: int = 0
    value: bytes | None = b"{}"
    key: bytes | None = b"Air Paradis"
    topic: str = "tweets"
    partition: int = 3


def test_the_headers_say_where_and_why() -> None:
    _, _, headers = to_dead_letter(Record(), Failure("decode", "missing", "required", "id"))
    assert dict(headers) == {
        "step": b"decode",
        "reason": b"missing",
        "detail": b"required",
        "field": b"id",
        "topic": b"tweets",
        "partition": b"3",
        "offset": b"7",
    }


def test_the_notifier_adds_its_sink() -> None:
    assert dict(to_dead_letter(Record(), FAILURE, "azure")[2])["sink"] == b"azure"


def test_a_lone_surrogate_in_the_detail_is_replaced() -> None:
    failure = Failure("decode", "value", "not a name: \ud800")
    assert dict(to_dead_letter(Record(), failure)[2])["detail"] == b"not a name: ?"


def test_key_value_and_detail_are_bounded() -> None:
    large = b"x" * (MAX_VALUE_BYTES + 1)
    failure = Failure("decode", "value", "é" * 10_000)
    key, value, headers = to_dead_letter(Record(key=large, value=large), failure)
    assert key == value == large[:-1]
    assert dict(headers)["size"] == str(len(large)).encode()
    assert dict(headers)["detail"].decode() == "é" * 500


def test_a_record_without_key_or_value_has_a_dead_letter() -> None:
    assert to_dead_letter(Record(key=None, value=None), FAILURE)[:2] == (None, b"")


@pytest.mark.parametrize(
    "error", [KafkaError("x"), StoreDownError("x"), KafkaConnectionError(), MemoryError()]
)
def test_an_error_of_the_surroundings_is_not_the_records_fault(error: Exception) -> None:
    with pytest.raises(type(error)):
        Failure.at("encode", error)


def test_a_row_that_the_database_refuses_is_the_records_fault() -> None:
    assert Failure.at("encode", UnstorableError("too large")).reason == "refused"


def count(counter: DeadLetterCounter, *records: Record) -> int:
    return sum(counter.count(record, FAILURE) for record in records)


def test_one_more_than_the_limit_in_a_minute_stops_the_worker() -> None:
    counter = DeadLetterCounter(2)
    count(counter, Record(0), Record(1, MINUTE_MS - 1))
    with pytest.raises(DeadLettersError, match=r"tweets/3: more than 2 .* offset 2 in step fold"):
        count(counter, Record(2, MINUTE_MS - 1))


def test_minutes_are_those_of_the_records_however_fast_they_are_read() -> None:
    counter = DeadLetterCounter(1)
    assert count(counter, *(Record(n, n * MINUTE_MS) for n in range(100))) == 100


def test_a_record_that_is_read_again_counts_once() -> None:
    counter = DeadLetterCounter(2)
    assert count(counter, *(Record(n) for n in (0, 2, 0, 2, 0, 2))) == 2


def test_a_record_before_the_last_one_counts_too() -> None:
    assert count(DeadLetterCounter(3), Record(7), Record(3), Record(7)) == 2


def test_the_offsets_remembered_are_bounded() -> None:
    counter = DeadLetterCounter(1)
    count(counter, *(Record(n, n * MINUTE_MS) for n in range(20_000)))
    assert len(counter._counted) <= 10_001


@pytest.mark.kafka
def test_a_dead_letter_that_the_broker_does_not_store_is_an_error_to_wait_out(
    embedded_kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def have_no_leader(*_: object, **__: object) -> None:
        raise LeaderNotAvailableError

    async def write() -> None:
        letters = DeadLetters(settings_for(embedded_kafka))
        await letters.open()
        monkeypatch.setattr(AIOKafkaProducer, "send_and_wait", have_no_leader)
        try:
            async with asyncio.timeout(5):
                await letters.write(Record(), FAILURE)
        finally:
            await letters.close()

    with pytest.raises(BrokerDownError, match="LeaderNotAvailable"):
        asyncio.run(write())


def test_an_attempt_to_connect_disconnects_the_former_one() -> None:
    async def open_twice() -> bool:
        letters = DeadLetters(settings_for(f"127.0.0.1:{free_port()}"))
        with pytest.raises(BrokerDownError):
            await letters.open()
        former = letters._producer
        assert former is not None
        with pytest.raises(BrokerDownError):
            await letters.open()
        await letters.close()
        closed: bool = former._closed
        return closed

    assert asyncio.run(open_twice())
