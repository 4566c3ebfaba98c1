"""One sink's pace: what it does not take is given to it again, ever more slowly, then given up."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Final, TypeVar

from badbuzz.config.settings import Settings
from stream_processor.engine import metrics
from stream_processor.engine.backoff import Backoff
from stream_processor.engine.partition import ConsumerRecord
from stream_processor.notifier.deadletters import DeadLetters
from stream_processor.notifier.notification import Notification
from stream_processor.notifier.sinks.sink import RefusedError, Sink, UnansweredError

log = logging.getLogger(__name__)

_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 30.0
_GRACE_S: Final = 30.0
_Answer = TypeVar("_Answer")


class Delivery:
    """Gives a sink what it must take, one thing at a time.

    Parameters
    ----------
    sink
        Where to.
    dead_letters
        For what it never takes.
    settings
        How long it is asked again.

    Attributes
    ----------
    reason
        Why it took nothing the last time; empty when it did.
    n_waiting
        Changes that it has not taken yet.
    """

    def __init__(self, sink: Sink, dead_letters: DeadLetters, settings: Settings) -> None:
        self.sink = sink
        self.reason = ""
        self.n_waiting = 0
        self._dead_letters = dead_letters
        self._retry_s = float(settings.notify_retry_s)
        self._turn = asyncio.Lock()
        self._not_before_s = 0.0
        metrics.SINK_WAITING.labels(sink.name).set(0)

    def wait(self, n: int) -> None:
        """Count changes that came, or that were done with."""
        self.n_waiting += n
        metrics.SINK_WAITING.labels(self.sink.name).set(self.n_waiting)

    async def deliver(self, notice: Notification, record: ConsumerRecord) -> None:
        """Return when the sink has taken a change, or when that is given up.

        Parameters
        ----------
        notice
            The change.
        record
            What it was read from, which goes to the dead letters then.
        """
        backoff = Backoff(_FIRST_PAUSE_S, _LONGEST_PAUSE_S, self._retry_s)
        for attempt in count(1):
            try:
                await self.attempt(partial(self.sink.tell, replace(notice, attempt=attempt)))
            except RefusedError as error:
                await self.give_up(record, "refused", str(error))
                return
            except UnansweredError as error:
                if backoff.expired:
                    await self.give_up(record, "given_up", str(error))
                    return
                await backoff.sleep()
            else:
                metrics.NOTIFIED.labels(self.sink.name, "told").inc()
                seconds = max(time.time() - notice.told_ms / 1000, 0.0)
                metrics.NOTIFY_SECONDS.labels(self.sink.name).observe(seconds)
                return

    async def attempt(self, call: Callable[[], Awaitable[_Answer]]) -> _Answer:
        """What one call of the sink gives, once it may be asked.

        Raises
        ------
        UnansweredError, RefusedError
            As the call does; noted in ``reason``.
        """
        async with self._turn:
            await asyncio.sleep(max(self._not_before_s - time.monotonic(), 0.0))
            try:
                async with asyncio.timeout(3 * self.sink.timeout_s + _GRACE_S):
                    answer = await call()
            except RefusedError as error:
                self._note(f"refused: {error}")
                raise
            except (UnansweredError, TimeoutError) as error:
                unanswered = _unanswered(error)
                self._not_before_s = time.monotonic() + unanswered.retry_after_s
                self._note(str(unanswered))
                raise unanswered from error
            self._note("")
            return answer

    async def give_up(self, record: ConsumerRecord, outcome: str, detail: str) -> None:
        """Keep a record that nobody will be told of with the dead letters, and say so."""
        name = self.sink.name
        log.error(
            "%s: gave up %s/%d offset %d (%s): it is kept in the dead letters",
            name, record.topic, record.partition, record.offset, detail,
        )  # fmt: skip
        metrics.NOTIFIED.labels(name, outcome).inc()
        await self._dead_letters.dead_letter(record, name, outcome, detail)

    def _note(self, reason: str) -> None:
        name = self.sink.name
        if reason:
            metrics.SINK_RETRIES.labels(name).inc()
        if reason and not self.reason:
            log.warning("%s: %s; waiting for it", name, reason)
        elif self.reason and not reason:
            log.info("%s: takes messages again", name)
        self.reason = reason
        metrics.SINK_REACHED.labels(name).set(not reason)


def _unanswered(error: UnansweredError | TimeoutError) -> UnansweredError:
    if isinstance(error, UnansweredError):
        return error
    return UnansweredError("never returned")
