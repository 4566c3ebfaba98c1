"""Dead letters: the records that fail at a step of a worker, with the reason in their headers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError as BrokerError

from badbuzz import wire
from badbuzz.config.settings import Settings
from badbuzz.errors import (
    BadbuzzError,
    DeadLettersError,
    UnstorableError,
    WireError,
)
from stream_processor.engine import metrics
from stream_processor.engine.broker_errors import call_broker
from stream_processor.engine.clients import stop_producer
from stream_processor.engine.partition import ConsumerRecord
from stream_processor.engine.transaction import Headers, Output

Step = Literal["decode", "score", "fold", "encode", "render", "deliver"]
MAX_VALUE_BYTES: Final = 256 * 1024
"""A longer key or value is cut in the dead letter."""

_MAX_DETAIL_BYTES: Final = 1000
_MINUTE_MS: Final = 60_000
_MAX_COUNTED: Final = 10_000
_FOREIGN: Final = (BadbuzzError, BrokerError, MemoryError)
"""Errors of the worker's surroundings, which say nothing about a record."""


@dataclass(frozen=True, slots=True)
class Failure:
    """The step at which a record failed, and why.

    Parameters
    ----------
    step
        Step of the worker.
    reason
        One of :data:`badbuzz.wire.REASONS`; ``refused`` or ``given_up`` by a sink or database;
        ``failed`` for an error that nobody expected.
    detail
        Explanation for people.
    field
        Name of the invalid field; empty if the failure is not one of decoding.
    """

    step: Step
    reason: str
    detail: str
    field: str = ""

    @classmethod
    def at(cls, step: Step, error: Exception) -> Self:
        """Return the failure of the record that was processed when an error was raised.

        Raises
        ------
        Exception
            The error itself, if it is not the record's fault.

        Examples
        --------
        >>> Failure.at("fold", OverflowError("int too big"))
        Failure(step='fold', reason='failed', detail="OverflowError('int too big')", field='')
        >>> Failure.at("decode", WireError("id", "missing", "this field is required")).field
        'id'
        """
        if isinstance(error, WireError):
            return cls(step, error.reason, _cut(error.detail), error.field)
        if isinstance(error, UnstorableError):
            return cls(step, "refused", _cut(str(error)))
        if isinstance(error, _FOREIGN):
            raise error
        return cls(step, "failed", _cut(repr(error)))


def to_dead_letter(record: ConsumerRecord, failure: Failure, sink: str = "") -> Output:
    """Return key, value and headers of the dead letter of a record.

    Parameters
    ----------
    record
        Record that failed.
    failure
        Step and reason.
    sink
        Name of the notifier's sink; empty for other workers.
    """
    texts = {
        "step": failure.step,
        "reason": failure.reason,
        "detail": failure.detail,
        "field": failure.field,
        "sink": sink,
        "topic": record.topic,
        "partition": str(record.partition),
        "offset": str(record.offset),
    }
    headers: Headers = [(name, _cut(text).encode()) for name, text in texts.items() if text]
    key, value = record.key, record.value or b""
    if len(value) > MAX_VALUE_BYTES:
        headers.append(("size", str(len(value)).encode()))
    return key and key[:MAX_VALUE_BYTES], value[:MAX_VALUE_BYTES], headers


def _cut(text: str) -> str:
    """Limit a text that may quote a record, and replace its lone surrogates.

    Examples
    --------
    >>> _cut("a\\ud800b"), len(_cut("€" * 1000))
    ('a?b', 333)
    """
    cut = text[:_MAX_DETAIL_BYTES].encode(errors="replace")[:_MAX_DETAIL_BYTES]
    return cut.decode(errors="ignore")


class DeadLetterCounter:
    """Counts the dead letters of one partition, and limits those of one minute.

    Minutes are those of the records' timestamps, so that a backlog which is read at full speed
    counts as it did when it was written. A record that is read again counts once.

    Parameters
    ----------
    max_per_minute
        Largest number of dead letters whose timestamps are in the same minute.
    """

    def __init__(self, max_per_minute: int) -> None:
        self._max_per_minute = max_per_minute
        self._minute = -1
        self._n = 0
        self._counted: set[int] = set()

    def count(self, record: ConsumerRecord, failure: Failure) -> bool:
        """Count a dead letter, and return whether it is counted for the first time.

        Raises
        ------
        DeadLettersError
            If the minute has more dead letters than the limit.
        """
        if record.offset in self._counted:
            return False
        self._counted.add(record.offset)
        if len(self._counted) > _MAX_COUNTED:
            oldest = record.offset - _MAX_COUNTED
            self._counted = {offset for offset in self._counted if offset > oldest}
        minute = record.timestamp // _MINUTE_MS
        self._n = self._n + 1 if minute == self._minute else 1
        self._minute = minute
        if self._n > self._max_per_minute:
            raise DeadLettersError(
                f"{record.topic}/{record.partition}: more than {self._max_per_minute} records of "
                f"one minute failed, at last offset {record.offset} in step {failure.step} "
                f"({failure.detail}): correct the cause, or raise BADBUZZ_MAX_DEAD_LETTERS"
            )
        metrics.DEAD_LETTERS.labels(failure.step, failure.reason).inc()
        return True


class DeadLetters:
    """Writes records to the topic ``dead-letters`` and waits until the broker has stored them.

    The processor writes its dead letters in its own transactions; the other workers use this.

    Parameters
    ----------
    settings
        Broker address and topic prefix.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._topic = settings.topic(wire.DEAD_LETTERS)
        self._producer: AIOKafkaProducer | None = None

    async def open(self) -> None:
        """Connect the producer; a former attempt that failed is disconnected first."""
        await self.close()
        client = self._settings.kafka_client()
        self._producer = AIOKafkaProducer(**client, acks="all", compression_type="zstd")
        await call_broker(self._producer.start())

    async def close(self) -> None:
        """Disconnect the producer."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await stop_producer(producer)

    def new_counter(self) -> DeadLetterCounter:
        """Return the counter of a partition, with the limit of the settings."""
        return DeadLetterCounter(self._settings.max_dead_letters)

    async def write(self, record: ConsumerRecord, failure: Failure, sink: str = "") -> None:
        """Write the dead letter of a record; it may be written again after a crash.

        Raises
        ------
        BrokerDownError
            When the broker has not stored it in time; the record is then read again.
        """
        producer = self._producer
        assert producer is not None
        key, value, headers = to_dead_letter(record, failure, sink)
        await call_broker(
            producer.send_and_wait(
                self._topic, value, key, partition=record.partition, headers=headers
            )
        )
