"""Forwards acknowledgements, mispredictions and metrics from the store to the sinks.

An acknowledgement silences reminders, a correction that contradicts a label becomes a trace, and a
brand's last window becomes metrics. A store that is down does not delay alerts.
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
from stream_processor.engine import metrics
from stream_processor.engine.store_thread import StoreThread
from stream_processor.notifier.delivery import Delivery
from stream_processor.notifier.notification import Notification
from stream_processor.notifier.sinks.sink import RefusedError, SilencingSink, TelemetrySink

log = logging.getLogger(__name__)

_OPEN_LIMIT_S: Final = 30.0
_AT_ONCE: Final = 100
_STALE_MS: Final = 600_000
_Answer = TypeVar("_Answer")


class StoreFollower:
    """Reads the store for the sinks that support silences or telemetry.

    Parameters
    ----------
    settings
        Address of the store and interval of the metrics.

    Attributes
    ----------
    store_thread
        Thread that makes the calls to the store.
    reason
        Reason why the store did not answer the last time; empty if it did.
    """

    def __init__(self, settings: Settings) -> None:
        self.store_thread = StoreThread()
        self._opening = asyncio.Lock()
        self.reason = ""
        self._address = settings.store
        self._pace_s = float(settings.notify_repeat_s)
        self._store: Store | None = None
        self._attempts: Counter[str] = Counter()
        self._next_metrics_s: dict[str, float] = {}

    async def forward(
        self, delivery: Delivery, notifications: Sequence[Notification], *, is_first: bool
    ) -> None:
        """Forward what one sink has not received yet.

        Parameters
        ----------
        delivery
            Delivery to the sink.
        notifications
            Open alerts of this notifier.
        is_first
            Whether this notifier also forwards what belongs to no partition; true for one at a
            time.

        Raises
        ------
        UnansweredError
            If the sink did not accept something; it is sent again next time.
        """
        sink = delivery.sink
        with suppress(StoreError):  # kept in ``reason`` by _ask
            if isinstance(sink, SilencingSink) and notifications:
                await self._silence(delivery, sink, notifications)
            if isinstance(sink, TelemetrySink) and is_first:
                await self._send_mispredictions(delivery, sink)
                await self._send_metrics(delivery, sink)

    async def _ask(self, call: Callable[[Store], _Answer]) -> _Answer:
        """Query the store, and keep whether it answers in ``reason``."""
        try:
            async with self._opening:
                if self._store is None:
                    opened = partial(Store.open, self._address, migrate=False, create=False)
                    self._store = await self.store_thread.call(opened, _OPEN_LIMIT_S)
            answer = await self.store_thread.call(partial(call, self._store))
        except StoreError as error:
            self._note(str(error))
            raise
        self._note("")
        return answer

    async def _silence(
        self, delivery: Delivery, sink: SilencingSink, notifications: Sequence[Notification]
    ) -> None:
        open_ = {notification.alert.id: notification for notification in notifications}
        known = await self._ask(lambda store: store.acknowledgers(list(open_)))
        for alert_id, by in known.items():
            with suppress(RefusedError):  # logged by the delivery; the others are silenced
                await delivery.attempt(partial(sink.silence, open_[alert_id], by))

    async def _send_mispredictions(self, delivery: Delivery, sink: TelemetrySink) -> None:
        name = delivery.sink.name
        for feedback in await self._ask(lambda store: store.unsent(name, _AT_ONCE)):
            self._attempts[feedback.id] += 1
            send = partial(sink.send_misprediction, feedback, self._attempts[feedback.id])
            outcome = "told"
            try:
                await delivery.attempt(send)
            except RefusedError as error:
                log.warning("%s: refused correction %s: %s", name, feedback.id, error)
                outcome = "refused"
            metrics.CORRECTED.labels(name, outcome).inc()
            await self._ask(partial(Store.mark_sent, sink=name, feedback_id=feedback.id))
            del self._attempts[feedback.id]

    async def _send_metrics(self, delivery: Delivery, sink: TelemetrySink) -> None:
        """Send the metrics of recent windows; those of a replay are too old."""
        name = delivery.sink.name
        if time.monotonic() < self._next_metrics_s.get(name, 0.0):
            return
        since_ms = time.time() * 1000 - _STALE_MS
        newest = await self._ask(Store.last_windows)
        windows = [window for window in newest if window.end_ms > since_ms]
        if windows:
            await delivery.attempt(partial(sink.send_metrics, windows))
        self._next_metrics_s[name] = time.monotonic() + self._pace_s

    def _note(self, reason: str) -> None:
        if reason and not self.reason:
            log.warning("corrections and acknowledgements are not forwarded: %s", reason)
        self.reason = reason

    def close(self) -> None:
        """Close the store unless a call still runs."""
        if self._store is not None and not self.store_thread.stuck:
            self._store.close()
