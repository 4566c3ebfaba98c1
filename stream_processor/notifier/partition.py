"""Sends one partition of ``alerts`` to one sink, in order.

The group's offset is the position. It is committed once the sink has accepted everything below it,
so delivery is at least once: after a crash the last notification may be sent again, with the same
idempotency key. Open alerts are read from the topic, which is compacted by alert.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from badbuzz import wire
from badbuzz.config.brands import Brands
from badbuzz.config.settings import Settings
from badbuzz.errors import SinkAwayError, WireError
from badbuzz.messages.mail import Mark, write
from badbuzz.messages.text import counted
from badbuzz.messages.translator import Language
from badbuzz.model import Alert
from stream_processor.engine import metrics
from stream_processor.engine.partition import ConsumerRecord
from stream_processor.notifier.delivery import Delivery
from stream_processor.notifier.notification import Notification
from stream_processor.notifier.sinks.sink import RefusedError, UnansweredError
from stream_processor.notifier.snapshot import PartitionSnapshot, read_snapshot

log = logging.getLogger(__name__)

_PATIENCE_S: Final = 2.0


@dataclass(frozen=True)
class NotificationFactory:
    """Creates notifications from records.

    Parameters
    ----------
    brands
        Watched brands with their time zones.
    language
        Language of the messages.
    dashboard
        URL that messages link to, or an empty string.
    replays
        Whether replays are notified too, marked as such.
    """

    brands: Brands
    language: Language
    dashboard: str
    replays: bool

    def from_record(self, record: ConsumerRecord) -> Notification | None:
        """Return the notification of a record; None if it must not be sent.

        Raises
        ------
        WireError
            If the record cannot be decoded.
        """
        if record.value is None:
            return None
        alert = wire.decode_alert(record.value)
        if alert.replay and not self.replays:
            return None
        return self.from_alert(alert, record.timestamp, "replay" if alert.replay else "")

    def from_alert(self, alert: Alert, published_ms: int, mark: Mark) -> Notification:
        """Return the notification of an alert."""
        zone = self.brands.of(alert.brand).zone
        message = write(alert, zone, self.language, self.dashboard, mark)
        return Notification(alert, message, published_ms, mark)


class NotifierHandler:
    """The handler of one partition of ``alerts`` for one sink.

    Parameters
    ----------
    settings
        Broker address and interval of repetitions.
    factory
        Creates notifications.
    delivery
        Delivery to the sink.
    group
        Consumer group of the sink.
    partition
        Number of the partition.
    """

    def __init__(
        self,
        settings: Settings,
        factory: NotificationFactory,
        delivery: Delivery,
        group: str,
        partition: int,
    ) -> None:
        self.partition = partition
        self.next_offset = -1
        self._settings = settings
        self._factory = factory
        self._delivery = delivery
        self._group = group
        self._open: dict[str, Notification] = {}
        self._skipped: set[int] = set()
        self._waiting: deque[ConsumerRecord] = deque()
        self._arrived = asyncio.Event()
        self._done = asyncio.Event()
        self._done.set()
        self._work: asyncio.Task[None] | None = None

    @property
    def notifications(self) -> list[Notification]:
        """The open alerts, as sent last."""
        return list(self._open.values())

    async def open(self) -> None:
        """Read the group's position and the open alerts; a new group starts with open alerts."""
        topic = self._settings.topic(wire.ALERTS)
        found = await read_snapshot(self._settings, topic, self._group, self.partition)
        if found.committed is None:
            self._begin(found)
        else:
            self.next_offset = found.committed
            sent = [record for record in found.records if record.offset < found.committed]
            self._add_open(self._still_open(sent))
        self._work = asyncio.create_task(self._deliver(), name=f"{self._group}-{self.partition}")

    def _still_open(self, records: Iterable[ConsumerRecord]) -> Iterable[ConsumerRecord]:
        """Yield the last record of each alert that is not resolved."""
        last = {record.key: record for record in records}
        for record in last.values():
            with suppress(WireError):  # became a dead letter when it arrived
                notification = self._factory.from_record(record)
                if notification is not None and notification.alert.phase != "resolved":
                    yield record

    def _add_open(self, records: Iterable[ConsumerRecord]) -> None:
        for record in records:
            notification = self._factory.from_record(record)
            assert notification is not None
            self._open[notification.alert.id] = notification

    def _begin(self, found: PartitionSnapshot) -> None:
        """Start at the first open alert and skip resolved ones."""
        still_open = {record.offset for record in self._still_open(found.records)}
        self.next_offset = min(still_open, default=found.end)
        self._skipped = {record.offset for record in found.records} - still_open
        if self._skipped:
            log.info(
                "%s: first start: skipped %d records of resolved alerts in %s/%d",
                self._delivery.sink.name, len(self._skipped), wire.ALERTS, self.partition,
            )  # fmt: skip

    def take(self, records: Sequence[ConsumerRecord]) -> None:
        """Queue records for delivery."""
        self.next_offset = records[-1].offset + 1
        taken = [record for record in records if record.offset not in self._skipped]
        if taken:
            self._waiting.extend(taken)
            self._delivery.wait(len(taken))
            self._done.clear()
            self._arrived.set()

    async def checkpoint(self) -> None:
        """Return once every queued record was accepted or given up."""
        assert self._work is not None
        if self._done.is_set() and not self._work.done():
            return
        done = asyncio.create_task(self._done.wait())
        await asyncio.wait({done, self._work}, timeout=_PATIENCE_S, return_when="FIRST_COMPLETED")
        done.cancel()
        if self._work.done():
            self._work.result()
        if self._waiting:
            reason = self._delivery.reason or "no answer yet"
            name = self._delivery.sink.name
            raise SinkAwayError(
                f"{name} has not accepted {counted(len(self._waiting), 'notification')} "
                f"({reason}): sent at the next start"
            )

    async def close(self) -> None:
        """Stop delivery; the next owner sends what is left."""
        if self._work is not None:
            self._work.cancel()
            await asyncio.wait({self._work})
        self._delivery.wait(-len(self._waiting))
        self._waiting.clear()

    async def _deliver(self) -> None:
        repeat_s = 0.0
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(max(repeat_s - time.monotonic(), 0.0)):
                    await self._arrived.wait()
            while self._waiting:
                await self._send(self._waiting[0])
                self._waiting.popleft()
                self._delivery.wait(-1)
            self._arrived.clear()
            self._done.set()
            if time.monotonic() >= repeat_s:
                repeat_s = time.monotonic() + self._settings.notify_repeat_s
                await self._repeat()

    async def _send(self, record: ConsumerRecord) -> None:
        if record.value is None:
            return
        try:
            notification = self._factory.from_record(record)
        except WireError as error:
            await self._delivery.give_up(record, "unreadable", str(error))
            return
        if notification is None:
            metrics.NOTIFIED.labels(self._delivery.sink.name, "replay").inc()
            return
        self._open[notification.alert.id] = notification
        if notification.alert.phase == "resolved":
            del self._open[notification.alert.id]
        await self._delivery.deliver(notification, record)

    async def _repeat(self) -> None:
        if not self._open:
            return
        notifications = self.notifications
        with suppress(UnansweredError, RefusedError):  # logged by the delivery; repeated soon
            await self._delivery.attempt(lambda: self._delivery.sink.repeat(notifications))
