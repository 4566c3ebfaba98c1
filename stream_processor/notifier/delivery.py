"""Delivery to one sink, with retries, back-off and dead letters."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import count
from typing import Final, TypeVar

from badbuzz.config.settings import Settings
from stream_processor.engine import metrics
from stream_processor.engine.backoff import Backoff
from stream_processor.engine.dead_letters import DeadLetterCounter, DeadLetters, Failure
from stream_processor.engine.partition import ConsumerRecord
from stream_processor.notifier.notification import Notification
from stream_processor.notifier.sinks.sink import RefusedError, Sink, UnansweredError

log = logging.getLogger(__name__)

_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 30.0
_GRACE_S: Final = 30.0
_LONGEST_WAIT_S: Final = 300.0
"""Limit of the pause that a sink may ask for: a crisis cannot wait for longer."""
_Answer = TypeVar("_Answer")


class Delivery:
    """Delivers to a sink, one call at a time.

    Parameters
    ----------
    sink
        The destination.
    dead_letters
        Receives records that the sink never accepts.
    settings
        Retry time.

    Attributes
    ----------
    reason
        Reason why the last call failed; empty if it succeeded.
    n_waiting
        Number of notifications that wait.
    """

    def __init__(self, sink: Sink, dead_letters: DeadLetters, settings: Settings) -> None:
        self.sink = sink
        self.reason = ""
        self.n_waiting = 0
        self._dead_letters = dead_letters
        self._counters: defaultdict[int, DeadLetterCounter] = defaultdict(dead_letters.new_counter)
        self._retry_s = float(settings.notify_retry_s)
        self._turn = asyncio.Lock()
        self._not_before_s = 0.0
        metrics.SINK_WAITING.labels(sink.name).set(0)

    def wait(self, n: int) -> None:
        """Add n, which may be negative, to the number of waiting notifications."""
        self.n_waiting += n
        metrics.SINK_WAITING.labels(self.sink.name).set(self.n_waiting)

    async def deliver(self, notification: Notification, record: ConsumerRecord) -> None:
        """Send a notification until the sink accepts it or the retry time is over.

        Parameters
        ----------
        notification
            Notification to send.
        record
            Record of the alert, written to the dead letters if delivery fails.
        """
        backoff = Backoff(_FIRST_PAUSE_S, _LONGEST_PAUSE_S, self._retry_s)
        for attempt in count(1):
            try:
                await self.attempt(partial(self.sink.send, replace(notification, attempt=attempt)))
            except RefusedError as error:
                await self.give_up(record, Failure("deliver", "refused", str(error)))
                return
            except UnansweredError as error:
                if backoff.expired:
                    await self.give_up(record, Failure("deliver", "given_up", str(error)))
                    return
                await backoff.sleep()
            except Exception as error:  # noqa: BLE001 - no record ends a process
                await self.give_up(record, Failure.at("deliver", error))
                return
            else:
                metrics.NOTIFIED.labels(self.sink.name, "told").inc()
                seconds = max(time.time() - notification.published_ms / 1000, 0.0)
                metrics.NOTIFY_SECONDS.labels(self.sink.name).observe(seconds)
                return

    async def attempt(self, call: Callable[[], Awaitable[_Answer]]) -> _Answer:
        """Call the sink once, after the pause that it asked for, at most five minutes.

        Raises
        ------
        UnansweredError, RefusedError
            As the call does; also kept in ``reason``.
        """
        async with self._turn:
            await asyncio.sleep(max(self._not_before_s - time.monotonic(), 0.0))
            try:
                async with asyncio.timeout(3 * self.sink.timeout_s + _GRACE_S):
                    answer = await call()
            except RefusedError as error:
                self._note(f"refused: {error}")
                raise
            except (UnansweredError, OSError) as error:
                unanswered = _unanswered(error)
                self._note(self._wait_as_asked(unanswered))
                raise unanswered from error
            self._note("")
            return answer

    def _wait_as_asked(self, error: UnansweredError) -> str:
        """Pause as long as the sink asked, at most five minutes, and return the reason."""
        pause_s = min(error.retry_after_s, _LONGEST_WAIT_S)
        self._not_before_s = time.monotonic() + pause_s
        if not pause_s:
            return str(error)
        until = datetime.fromtimestamp(time.time() + pause_s, UTC)
        return f"{error}; next attempt at {until:%H:%M:%S} UTC"

    async def give_up(self, record: ConsumerRecord, failure: Failure) -> None:
        """Write a record that was not delivered to the dead letters, and log it."""
        name = self.sink.name
        log.error(
            "%s: gave up %s/%d offset %d (%s): written to dead-letters",
            name, record.topic, record.partition, record.offset, failure.detail,
        )  # fmt: skip
        self._counters[record.partition].count(record, failure)
        outcome = "unreadable" if failure.step == "decode" else failure.reason
        metrics.NOTIFIED.labels(name, outcome).inc()
        await self._dead_letters.write(record, failure, name)

    def _note(self, reason: str) -> None:
        name = self.sink.name
        if reason:
            metrics.SINK_RETRIES.labels(name).inc()
        if reason and not self.reason:
            log.warning("%s: %s; retrying", name, reason)
        elif self.reason and not reason:
            log.info("%s: accepts messages again", name)
        self.reason = reason
        metrics.SINK_REACHED.labels(name).set(not reason)


def _unanswered(error: UnansweredError | OSError) -> UnansweredError:
    if isinstance(error, UnansweredError):
        return error
    return UnansweredError("never returned" if isinstance(error, TimeoutError) else repr(error))
