"""Calls to a broker: each has a time limit, and its errors are told apart by whether they pass."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from math import inf
from typing import Any, Final, TypeVar

from aiokafka import errors
from aiokafka.errors import KafkaError as BrokerError

from badbuzz.errors import BrokerDownError, KafkaError
from stream_processor.engine.backoff import Backoff

log = logging.getLogger(__name__)

CALL_S: Final = 30.0
"""Longest time to wait for an answer to a call, in seconds."""

_FIRST_PAUSE_S: Final = 0.25
_LONGEST_PAUSE_S: Final = 5.0
_Result = TypeVar("_Result")

_TRANSIENT: Final = (
    errors.BrokerNotAvailableError,
    errors.ConcurrentTransactions,
    errors.IllegalGenerationError,
    errors.InvalidProducerIdMapping,
    errors.InvalidTxnState,
    errors.KafkaTimeoutError,
    errors.KafkaUnavailableError,
    errors.MemberIdRequired,
    errors.OperationNotAttempted,
    errors.OutOfOrderSequenceNumber,
    errors.ProducerClosed,
    errors.RebalanceInProgressError,
    errors.ReplicaNotAvailableError,
    errors.StaleLeaderEpochCodeError,  # code 13, which Kafka calls NETWORK_EXCEPTION
    errors.TransactionCoordinatorFenced,
    errors.UnknownError,  # also each code that aiokafka does not know
    errors.UnknownMemberIdError,
    errors.UnknownProducerId,
)
"""Errors that aiokafka does not call retriable, but that pass when the client starts again."""

_FOR_THE_CALLER: Final = (
    errors.CommitFailedError,
    errors.IllegalStateError,  # the partition was revoked during the call
    errors.NoOffsetForPartitionError,
    errors.OffsetOutOfRangeError,
    errors.ProducerFenced,
)


def is_transient(error: BaseException) -> bool:
    """Tell whether an error of the broker passes without anybody's help.

    aiokafka wraps an error that it did not expect into a plain ``KafkaError``; its cause decides.

    Examples
    --------
    >>> is_transient(errors.LeaderNotAvailableError()), is_transient(errors.ProducerFenced())
    (True, False)
    """
    if isinstance(error, TimeoutError):
        return True
    if type(error) is BrokerError:
        return not isinstance(error.__cause__, BrokerError) or is_transient(error.__cause__)
    return isinstance(error, BrokerError) and (error.retriable or isinstance(error, _TRANSIENT))


async def call_broker(call: Coroutine[Any, Any, _Result], limit_s: float = CALL_S) -> _Result:
    """Await a call to the broker, but not longer than a limit.

    ``asyncio.timeout`` is not enough: aiokafka may wait for its broker again when it is cancelled.
    Such a call is cancelled and left alone.

    Parameters
    ----------
    call
        The call.
    limit_s
        Longest time to wait, in seconds.

    Raises
    ------
    BrokerDownError
        When the broker does not answer in time, or with an error that passes.
    KafkaError
        When it answers with another error.
    aiokafka.errors.KafkaError
        When the caller decides: a rebalance, a fenced writer, an offset that does not exist.

    Examples
    --------
    >>> asyncio.run(call_broker(asyncio.sleep(0, "done")))
    'done'
    """
    task = asyncio.ensure_future(call)
    # asyncio would log the exception of a call that nobody awaits any more.
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    try:
        await asyncio.wait({task}, timeout=limit_s)
    finally:
        if not task.done():
            task.cancel()
    if not task.done():
        raise BrokerDownError(f"the broker did not answer within {limit_s:g} s")
    if task.cancelled():
        raise BrokerDownError("the client cancelled its call to the broker")
    try:
        return task.result()
    except _FOR_THE_CALLER:
        raise
    except (BrokerError, TimeoutError) as error:
        if is_transient(error):
            raise BrokerDownError(f"the broker is not available ({error!r})") from error
        raise KafkaError(f"the broker refused a request: {error!r}") from error


async def retry(call: Callable[[], Awaitable[_Result]], limit_s: float = inf) -> _Result:
    """Repeat a call, with pauses, until the broker is available.

    Parameters
    ----------
    call
        Makes the call; it must do no harm when it is repeated.
    limit_s
        Seconds after which it is not repeated any more; unlimited by default.

    Raises
    ------
    BrokerDownError
        When the broker is not available within the limit.
    """
    backoff = Backoff(_FIRST_PAUSE_S, _LONGEST_PAUSE_S, limit_s)
    while True:
        try:
            return await call()
        except BrokerDownError as error:
            if backoff.expired:
                raise
            if not backoff.pause_s:
                log.warning("%s; waiting for it", error)
        await backoff.sleep()
