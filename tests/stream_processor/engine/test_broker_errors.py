"""Tests of the errors of a broker, and of calls that it never answers."""

from __future__ import annotations

import asyncio
import inspect

import pytest
from aiokafka import errors

from badbuzz.errors import BrokerDownError, KafkaError, ServiceDownError
from stream_processor.engine.broker_errors import call_broker, is_transient, retry

ALL: list[type[errors.KafkaError]] = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, errors.KafkaError) and kind is not errors.KafkaError
]
RETRIABLE = [kind for kind in ALL if kind.retriable]
SEEN_IN_RESTARTS = [
    errors.UnknownTopicOrPartitionError,
    errors.LeaderNotAvailableError,
    errors.NotLeaderForPartitionError,
    errors.RequestTimedOutError,
    errors.KafkaTimeoutError,
    errors.UnknownError,
    errors.GroupCoordinatorNotAvailableError,
    errors.NotCoordinatorForGroupError,
    errors.GroupLoadInProgressError,
    errors.NotEnoughReplicasError,
    errors.KafkaStorageError,
    errors.KafkaConnectionError,
    errors.NodeNotReadyError,
    errors.OutOfOrderSequenceNumber,
    errors.InvalidTxnState,
    errors.ConcurrentTransactions,
    errors.UnknownMemberIdError,
    errors.IllegalGenerationError,
    errors.RebalanceInProgressError,
    errors.StaleLeaderEpochCodeError,
]
LASTING = [
    errors.TopicAuthorizationFailedError,
    errors.GroupAuthorizationFailedError,
    errors.ClusterAuthorizationFailedError,
    errors.TransactionalIdAuthorizationFailed,
    errors.AuthenticationFailedError,
    errors.MessageSizeTooLargeError,
    errors.InvalidTopicError,
    errors.PolicyViolationError,
    errors.UnsupportedVersionError,
]


async def fail(error: BaseException) -> None:
    raise error


@pytest.mark.parametrize("kind", RETRIABLE + SEEN_IN_RESTARTS)
def test_an_error_that_passes_is_one_to_wait_out(kind: type[errors.KafkaError]) -> None:
    with pytest.raises(BrokerDownError, match=kind.__name__) as raised:
        asyncio.run(call_broker(fail(kind())))
    assert isinstance(raised.value, ServiceDownError)


@pytest.mark.parametrize("kind", LASTING)
def test_a_refusal_is_not_waited_out(kind: type[errors.KafkaError]) -> None:
    with pytest.raises(KafkaError, match=f"refused a request: {kind.__name__}") as raised:
        asyncio.run(call_broker(fail(kind())))
    assert not isinstance(raised.value, ServiceDownError)


def test_a_code_that_aiokafka_does_not_know_passes() -> None:
    assert is_transient(errors.for_code(9_999)())


@pytest.mark.parametrize(
    ("cause", "passes"),
    [
        (errors.UnknownError(), True),
        (errors.TopicAuthorizationFailedError(), False),
        (ValueError("a bug"), True),
        (None, True),
    ],
)
def test_the_cause_of_an_unexpected_error_decides(
    cause: BaseException | None, passes: bool
) -> None:
    error = errors.KafkaError("Unexpected error during batch delivery")
    error.__cause__ = cause
    assert is_transient(error) == passes


@pytest.mark.parametrize(
    "kind",
    [
        errors.NoOffsetForPartitionError,
        errors.OffsetOutOfRangeError,
        errors.ProducerFenced,
        errors.CommitFailedError,
        errors.IllegalStateError,
    ],
)
def test_an_error_for_the_caller_stays_as_it_is(kind: type[errors.KafkaError]) -> None:
    with pytest.raises(kind):
        asyncio.run(call_broker(fail(kind())))


def test_a_call_without_an_answer_ends() -> None:
    async def wait() -> None:
        await call_broker(asyncio.sleep(3600), limit_s=0.01)

    with pytest.raises(BrokerDownError, match=r"did not answer within 0\.01 s"):
        asyncio.run(wait())


def test_a_call_that_refuses_to_be_cancelled_is_left_alone() -> None:
    async def stubborn(released: asyncio.Event) -> None:
        while not released.is_set():
            try:
                await released.wait()
            except asyncio.CancelledError:
                continue

    async def wait() -> None:
        released = asyncio.Event()
        try:
            await call_broker(stubborn(released), limit_s=0.01)
        finally:
            released.set()

    with pytest.raises(BrokerDownError):
        asyncio.run(wait())


def test_a_call_that_cancels_itself_does_not_cancel_its_caller() -> None:
    with pytest.raises(BrokerDownError, match="cancelled its call"):
        asyncio.run(call_broker(fail(asyncio.CancelledError())))


def test_a_cancelled_caller_cancels_its_call() -> None:
    async def cancel() -> bool:
        inner = asyncio.Event()

        async def call() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                inner.set()

        task = asyncio.create_task(call_broker(call()))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        await asyncio.sleep(0)
        return inner.is_set()

    assert asyncio.run(cancel())


@pytest.mark.parametrize("kind", SEEN_IN_RESTARTS[:3])
def test_a_call_is_repeated_until_the_error_has_passed(kind: type[errors.KafkaError]) -> None:
    failures = [kind()]

    async def call() -> None:
        if failures:
            await call_broker(fail(failures.pop()))

    asyncio.run(retry(call))
    assert not failures


def test_a_refused_call_is_not_repeated() -> None:
    n_calls = 0

    async def call() -> None:
        nonlocal n_calls
        n_calls += 1
        await call_broker(fail(errors.TopicAuthorizationFailedError()))

    with pytest.raises(KafkaError):
        asyncio.run(retry(call))
    assert n_calls == 1


def test_repeating_ends_with_its_limit() -> None:
    with pytest.raises(BrokerDownError):
        asyncio.run(retry(lambda: call_broker(fail(errors.UnknownError())), limit_s=0.0))
