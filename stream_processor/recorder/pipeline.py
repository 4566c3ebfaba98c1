"""The recorder's pipeline: the store, an intake for each recorded topic, old tweets forgotten."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from functools import partial
from typing import Any, Final

from mode import Service

from badbuzz.config.settings import Settings
from badbuzz.errors import StoreDownError
from badbuzz.store.database import Store
from stream_processor.engine.consumer import PartitionedConsumer
from stream_processor.engine.partition import PartitionHandler
from stream_processor.engine.pipeline import Pipeline
from stream_processor.engine.store_thread import StoreThread
from stream_processor.recorder.partition import RecordedTopic, RecorderHandler, recorded_topics

log = logging.getLogger(__name__)

_DAY_MS: Final = 86_400_000
_FORGET_S: Final = 3600.0
_FORGET_LIMIT_S: Final = 60.0
_PROBE_S: Final = 5.0
_START_S: Final = 60.0
_OPEN_LIMIT_S: Final = 30.0
_FIRST_PAUSE_S: Final = 0.2
_LONGEST_PAUSE_S: Final = 5.0


class RecorderPipeline(Pipeline):
    """The recorder's services.

    Parameters
    ----------
    settings
        Of this worker.
    skip_deleted
        Whether to go on behind records that retention deleted unread.
    """

    def __init__(self, settings: Settings, *, skip_deleted: bool = False, **options: Any) -> None:
        super().__init__(settings, **options)
        self.desk = StoreThread()
        self._store: Store | None = None
        self.intakes = [self._intake(kind) for kind in recorded_topics(skip_deleted=skip_deleted)]

    def _intake(self, kind: RecordedTopic) -> PartitionedConsumer:
        return PartitionedConsumer(
            self.settings,
            topic=self.settings.topic(kind.topic),
            group=f"{self.settings.group}.recorder.{kind.topic}",
            new_lane=partial(self._lane, kind),
            reading=kind.reading,
        )

    def _lane(self, kind: RecordedTopic, partition: int) -> PartitionHandler:
        assert self._store is not None
        return RecorderHandler(kind, self._store, self.desk, partition)

    async def prepare(self) -> None:
        """Open the store, and wait a minute for it where it does not answer."""
        deadline_s = time.monotonic() + _START_S
        pause_s = _FIRST_PAUSE_S
        while self._store is None:
            try:
                self._store = await self.desk.ask(
                    lambda: Store.open(self.settings.store), _OPEN_LIMIT_S
                )
            except StoreDownError:
                if self.should_stop or time.monotonic() > deadline_s:
                    raise
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def on_stop(self) -> None:
        """Disconnect from the store, if it lets go."""
        if self._store is not None and not self.desk.stuck:
            self._store.close()

    def readiness(self) -> dict[str, Any]:
        """What ``/readyz`` says: partitions by topic, and what is waited for."""
        answer = super().readiness()
        answer["ready"] = answer["ready"] and not self.desk.reason
        answer["partitions"] = {intake.topic: sorted(intake.lanes) for intake in self.intakes}
        if self.desk.reason:
            answer["reason"] = self.desk.reason
        return answer

    @Service.timer(_PROBE_S)
    async def _probe_store(self) -> None:
        store = self._store
        if store is None:
            return
        with suppress(StoreDownError):  # noted at the desk: not ready, and logged once
            await self.desk.ask(store.positions)

    @Service.task
    async def _forget(self) -> None:
        """Delete tweets that were sampled longer ago than the setting says, once an hour."""
        while not self.should_stop:
            if self._store is not None:
                await self._forget_once(self._store)
            await self.sleep(_FORGET_S)

    async def _forget_once(self, store: Store) -> None:
        before_ms = int(time.time() * 1000) - self.settings.retention_days * _DAY_MS
        try:
            n_tweets = await self.desk.ask(lambda: store.forget(before_ms), _FORGET_LIMIT_S)
        except StoreDownError as error:
            log.warning("old tweets are forgotten an hour later: %s", error)
            return
        if n_tweets:
            log.info(
                "%d sampled tweets forgotten, of more than %d days ago",
                n_tweets, self.settings.retention_days,
            )  # fmt: skip
