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
from typing import Final

from aiokafka import TopicPartition

from badbuzz import wire
from badbuzz.config.settings import Settings
from badbuzz.errors import SinkDownError
from badbuzz.messages.text import counted
from stream_processor.engine import metrics
from stream_processor.engine.broker_errors import call_broker
from stream_processor.engine.dead_letters import Failure
from stream_processor.engine.groups import committed_offsets
from stream_processor.engine.partition import ConsumerRecord
from stream_processor.engine.topic_reader import open_reader, read_to_end
from stream_processor.notifier.delivery import Delivery
from stream_processor.notifier.notification import Notification, NotificationFactory
from stream_processor.notifier.sinks.sink import RefusedError, UnansweredError

log = logging.getLogger(__name__)

_PATIENCE_S: Final = 2.0


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

    needs_open = False

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
        self.topic_id = ""
        self._settings = settings
        self._factory = factory
        self._delivery = delivery
        self._group = group
        self._open_alerts: dict[str, Notification] = {}
        self._skipped: set[int] = set()
        self._waiting: deque[ConsumerRecord] = deque()
        self._arrived = asyncio.Event()
        self._done = asyncio.Event()
        self._done.set()
        self._work: asyncio.Task[None] | None = None

    @property
    def notifications(self) -> list[Notification]:
        """The open alerts, as sent last."""
        return list(self._open_alerts.values())

    async def open(self) -> None:
        """Read the group's position and the open alerts; a new group starts with open alerts."""
        at = TopicPartition(self._settings.topic(wire.ALERTS), self.partition)
        group = await committed_offsets(self._settings, self._group, at.topic, [self.partition])
        committed = group[self.partition]
        async with open_reader(self._settings, [at]) as consumer:
            records = [record async for batch in read_to_end(consumer) for record in batch]
            end = await call_broker(consumer.position(at))
        if committed.offset < 0:
            self._skip_resolved(records, end)
        else:
            self.next_offset, self.topic_id = committed.offset, committed.topic_id
            self._open_alerts = self._sent_alerts(records, committed.offset)
        self._work = asyncio.create_task(self._deliver(), name=f"{self._group}-{self.partition}")

    def _sent_alerts(
        self, records: Sequence[ConsumerRecord], next_offset: int
    ) -> dict[str, Notification]:
        """Return the open alerts to repeat: none that a record to be sent changes.

        After a crash the sink may have accepted such a record: repeating the phase before it would
        open an alert again that the sink has resolved.
        """
        changing = {record.key for record in records if record.offset >= next_offset}
        sent = [record for record in records if record.key not in changing]
        return {one.alert.id: one for one in self._still_open(sent).values()}

    def _still_open(self, records: Iterable[ConsumerRecord]) -> dict[int, Notification]:
        """Return the last notification of each alert that is not resolved, by offset."""
        still_open = {}
        for record in {record.key: record for record in records}.values():
            notification = self._factory.from_record(record)
            # A failure became a dead letter when it arrived.
            if isinstance(notification, Notification) and notification.alert.phase != "resolved":
                still_open[record.offset] = notification
        return still_open

    def _skip_resolved(self, records: Sequence[ConsumerRecord], end: int) -> None:
        """Start at the first open alert and skip resolved ones."""
        still_open = self._still_open(records).keys()
        self.next_offset = min(still_open, default=end)
        self._skipped = {record.offset for record in records} - still_open
        if self._skipped:
            log.info(
                "%s: first start: skipped %d records of resolved alerts in %s/%d",
                self._delivery.sink.name, len(self._skipped), wire.ALERTS, self.partition,
            )  # fmt: skip

    def move(self, next_offset: int, topic_id: str) -> None:
        """Continue at another offset; the group's offset is the position."""
        self.next_offset, self.topic_id = next_offset, topic_id

    async def take(self, records: Sequence[ConsumerRecord]) -> int:
        """Queue records for delivery."""
        self.next_offset = records[-1].offset + 1
        taken = [record for record in records if record.offset not in self._skipped]
        if taken:
            self._waiting.extend(taken)
            self._delivery.wait(len(taken))
            self._done.clear()
            self._arrived.set()
        return len(records)

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
            raise SinkDownError(
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
                await self._repeat(self.notifications)

    async def _send(self, record: ConsumerRecord) -> None:
        if record.value is None:
            return
        notification = self._factory.from_record(record)
        if isinstance(notification, Failure):
            await self._delivery.give_up(record, notification)
            return
        if notification is None:
            metrics.NOTIFIED.labels(self._delivery.sink.name, "replay").inc()
            return
        self._open_alerts[notification.alert.id] = notification
        if notification.alert.phase == "resolved":
            del self._open_alerts[notification.alert.id]
        await self._delivery.deliver(notification, record)

    async def _repeat(self, notifications: Sequence[Notification]) -> None:
        """Repeat open alerts; one that cannot be repeated is left out from now on."""
        if not notifications:
            return
        try:
            with suppress(UnansweredError, RefusedError):  # logged by the delivery; repeated soon
                await self._delivery.attempt(lambda: self._delivery.sink.repeat(notifications))
        except Exception as error:  # noqa: BLE001 - no record ends a process
            failure = Failure.at("deliver", error)
            if len(notifications) == 1:
                alert_id = notifications[0].alert.id
                name = self._delivery.sink.name
                log.error(  # noqa: TRY400 - one line, without a traceback
                    "%s: %s is not repeated: %s", name, alert_id, failure.detail
                )
                del self._open_alerts[alert_id]
                return
            for notification in notifications:
                await self._repeat([notification])
