"""What the notifier passes on from the store: what people do in the API, and how brands stand.

An acknowledgement silences reminders, a correction that contradicts a label becomes a trace, and a
brand's last window becomes metrics. A store that is away delays none of the alerts.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Final, TypeVar

from badbuzz.config.settings import Settings
from badbuzz.errors import StoreError
from badbuzz.store.database import Store
from badbuzz.store.model import Feedback
from stream_processor.engine import metrics
from stream_processor.engine.store_thread import StoreThread
from stream_processor.notifier.delivery import Delivery
from stream_processor.notifier.notification import Notification
from stream_processor.notifier.sinks.sink import Observes, RefusedError, Silences

log = logging.getLogger(__name__)

_OPEN_LIMIT_S: Final = 30.0
_AT_ONCE: Final = 100
_STALE_MS: Final = 600_000
_Answer = TypeVar("_Answer")


class StoreFollower:
    """Reads the store for the sinks that have a use for it.

    Parameters
    ----------
    settings
        The store's address, and how often metrics are told.

    Attributes
    ----------
    reason
        Why nothing was passed on the last time; empty when the store answered.
    """

    def __init__(self, settings: Settings) -> None:
        self._store_thread = StoreThread()
        self._opening = asyncio.Lock()
        self.reason = ""
        self._address = settings.store
        self._pace_s = float(settings.notify_repeat_s)
        self._store: Store | None = None
        self._attempts: Counter[str] = Counter()
        self._measured_s: dict[str, float] = {}

    @property
    def stuck(self) -> bool:
        """Whether the store still holds a call: Python would wait for its thread at the end."""
        return self._store_thread.stuck

    async def pass_on(
        self, delivery: Delivery, notices: Sequence[Notification], *, is_first: bool
    ) -> None:
        """Give one sink what it was not told yet.

        Parameters
        ----------
        delivery
            To the sink.
        notices
            The open alerts that this notifier tells it.
        is_first
            Whether what belongs to no partition falls to this notifier: one of them at a time.

        Raises
        ------
        UnansweredError
            When the sink took something not; it is told the next time.
        """
        sink = delivery.sink
        with suppress(StoreError):  # noted where it was asked
            if isinstance(sink, Silences) and notices:
                await self._silence(delivery, sink, notices)
            if isinstance(sink, Observes) and is_first:
                await self._correct(delivery, sink)
                await self._measure(delivery, sink)

    async def _ask(self, call: Callable[[Store], _Answer]) -> _Answer:
        """What the store gives; whether it answers is noted here, whatever a sink does."""
        try:
            async with self._opening:
                if self._store is None:
                    opened = partial(Store.open, self._address, migrate=False, create=False)
                    self._store = await self._store_thread.call(opened, _OPEN_LIMIT_S)
            answer = await self._store_thread.call(partial(call, self._store))
        except StoreError as error:
            self._note(str(error))
            raise
        self._note("")
        return answer

    async def _silence(
        self, delivery: Delivery, sink: Silences, notices: Sequence[Notification]
    ) -> None:
        open_ = {notice.alert.id: notice for notice in notices}
        known = await self._ask(lambda store: store.acknowledgers(list(open_)))
        for alert_id, by in known.items():
            with suppress(RefusedError):  # noted by the delivery; the others are silenced
                await delivery.attempt(partial(sink.silence, open_[alert_id], by))

    async def _correct(self, delivery: Delivery, sink: Observes) -> None:
        name = delivery.sink.name
        for said in await self._ask(lambda store: store.unsent(name, _AT_ONCE)):
            outcome = await self._hand_over(delivery, sink, said)
            metrics.CORRECTED.labels(name, outcome).inc()
            await self._ask(partial(Store.mark_sent, sink=name, feedback_id=said.id))
            del self._attempts[said.id]

    async def _hand_over(self, delivery: Delivery, sink: Observes, said: Feedback) -> str:
        self._attempts[said.id] += 1
        try:
            await delivery.attempt(partial(sink.correct, said, self._attempts[said.id]))
        except RefusedError as error:
            log.warning("%s: refused correction %s: %s", delivery.sink.name, said.id, error)
            return "refused"
        return "told"

    async def _measure(self, delivery: Delivery, sink: Observes) -> None:
        """Tell the newest windows, those of a replay left out: they are of long ago."""
        name = delivery.sink.name
        if time.monotonic() < self._measured_s.get(name, 0.0):
            return
        since_ms = time.time() * 1000 - _STALE_MS
        found = await self._ask(Store.last_windows)
        windows = [window for window in found if window.end_ms > since_ms]
        if windows:
            await delivery.attempt(partial(sink.measure, windows))
        self._measured_s[name] = time.monotonic() + self._pace_s

    def _note(self, reason: str) -> None:
        if reason and not self.reason:
            log.warning("corrections and acknowledgements are not passed on: %s", reason)
        self.reason = reason

    def close(self) -> None:
        """Disconnect from the store, if it lets go."""
        if self._store is not None and not self._store_thread.stuck:
            self._store.close()
