"""The notifier's lane: one partition of ``alerts`` to one sink, in order, at the sink's pace.

Its position is the group's offset, committed once the sink has taken what lies below it: a crash
tells again what was told last, under the same name, and loses nothing. What is open is known from
the topic, which is compacted by alert.
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
    """How records become notices.

    Parameters
    ----------
    brands
        Whose clocks tell the time.
    language, dashboard
        Of messages.
    replays
        Whether replays are told too, marked.
    """

    brands: Brands
    language: Language
    dashboard: str
    replays: bool

    def notice(self, record: ConsumerRecord) -> Notification | None:
        """A record in words; None where nobody is to be told.

        Raises
        ------
        WireError
            When it cannot be read.
        """
        if record.value is None:
            return None
        alert = wire.decode_alert(record.value)
        if alert.replay and not self.replays:
            return None
        return self.told(alert, record.timestamp, "replay" if alert.replay else "")

    def told(self, alert: Alert, told_ms: int, mark: Mark) -> Notification:
        """An alert in words."""
        zone = self.brands.of(alert.brand).zone
        message = write(alert, zone, self.language, self.dashboard, mark)
        return Notification(alert, message, told_ms, mark)


class NotifierHandler:
    """The one owner of a partition of ``alerts``, for one sink.

    Parameters
    ----------
    settings
        Broker, and how often what is open is repeated.
    teller
        How records become notices.
    delivery
        To the sink.
    group
        The sink's.
    partition
        Its number.
    """

    def __init__(
        self,
        settings: Settings,
        teller: NotificationFactory,
        delivery: Delivery,
        group: str,
        partition: int,
    ) -> None:
        self.partition = partition
        self.next_offset = -1
        self._settings = settings
        self._teller = teller
        self._delivery = delivery
        self._group = group
        self._open: dict[str, Notification] = {}
        self._left_out: set[int] = set()
        self._waiting: deque[ConsumerRecord] = deque()
        self._came = asyncio.Event()
        self._done = asyncio.Event()
        self._done.set()
        self._work: asyncio.Task[None] | None = None

    @property
    def notices(self) -> list[Notification]:
        """What is open, as it was told last."""
        return list(self._open.values())

    async def open(self) -> None:
        """Find the group's place, and what is open; whoever comes first is told only that."""
        topic = self._settings.topic(wire.ALERTS)
        found = await read_snapshot(self._settings, topic, self._group, self.partition)
        if found.committed is None:
            self._begin(found)
        else:
            self.next_offset = found.committed
            told = [record for record in found.records if record.offset < found.committed]
            self._note_open(self._still_open(told))
        self._work = asyncio.create_task(self._deliver(), name=f"{self._group}-{self.partition}")

    def _still_open(self, records: Iterable[ConsumerRecord]) -> Iterable[ConsumerRecord]:
        """The last record of each alert that is not over."""
        last = {record.key: record for record in records}
        for record in last.values():
            with suppress(WireError):  # told as unreadable when it came
                notice = self._teller.notice(record)
                if notice is not None and notice.alert.phase != "resolved":
                    yield record

    def _note_open(self, records: Iterable[ConsumerRecord]) -> None:
        for record in records:
            notice = self._teller.notice(record)
            assert notice is not None
            self._open[notice.alert.id] = notice

    def _begin(self, found: PartitionSnapshot) -> None:
        """Begin at the first alert that is open; those that are over are left out."""
        still_open = {record.offset for record in self._still_open(found.records)}
        self.next_offset = min(still_open, default=found.end)
        self._left_out = {record.offset for record in found.records} - still_open
        if self._left_out:
            log.info(
                "%s: first start: %d records of %s/%d are of alerts that are over: not told",
                self._delivery.sink.name, len(self._left_out), wire.ALERTS, self.partition,
            )  # fmt: skip

    def take(self, records: Sequence[ConsumerRecord]) -> None:
        """Queue records; they are told beside the intake."""
        self.next_offset = records[-1].offset + 1
        taken = [record for record in records if record.offset not in self._left_out]
        if taken:
            self._waiting.extend(taken)
            self._delivery.wait(len(taken))
            self._done.clear()
            self._came.set()

    async def checkpoint(self) -> None:
        """Return once everything taken was told, or given up."""
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
                f"{name} has not taken {len(self._waiting)} changes ({reason}): they are told at "
                "the next start"
            )

    async def close(self) -> None:
        """Stop telling; what was not told is left to the next owner."""
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
                    await self._came.wait()
            while self._waiting:
                await self._tell(self._waiting[0])
                self._waiting.popleft()
                self._delivery.wait(-1)
            self._came.clear()
            self._done.set()
            if time.monotonic() >= repeat_s:
                repeat_s = time.monotonic() + self._settings.notify_repeat_s
                await self._repeat()

    async def _tell(self, record: ConsumerRecord) -> None:
        if record.value is None:
            return
        try:
            notice = self._teller.notice(record)
        except WireError as error:
            await self._delivery.give_up(record, "unreadable", str(error))
            return
        if notice is None:
            metrics.NOTIFIED.labels(self._delivery.sink.name, "replay").inc()
            return
        self._open[notice.alert.id] = notice
        if notice.alert.phase == "resolved":
            del self._open[notice.alert.id]
        await self._delivery.deliver(notice, record)

    async def _repeat(self) -> None:
        if not self._open:
            return
        notices = self.notices
        with suppress(UnansweredError, RefusedError):  # noted by the delivery; said again soon
            await self._delivery.attempt(lambda: self._delivery.sink.repeat(notices))
