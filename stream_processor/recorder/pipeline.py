"""The recorder's pipeline: the store, a consumer of each recorded topic, and the retention."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from functools import partial
from typing import Any, Final

from mode import Service

from badbuzz.config.settings import Settings
from badbuzz.errors import StoreDownError
from badbuzz.model import DAY_MS
from badbuzz.store.database import Store
from stream_processor.engine.backoff import Backoff
from stream_processor.engine.broker_errors import retry
from stream_processor.engine.consumer import PartitionedConsumer
from stream_processor.engine.dead_letters import DeadLetters
from stream_processor.engine.partition import PartitionHandler, TopicSemantics
from stream_processor.engine.pipeline import Pipeline
from stream_processor.engine.store_thread import StoreThread
from stream_processor.recorder.partition import RecordedTopic, RecorderHandler, recorded_topics

log = logging.getLogger(__name__)

_DELETE_INTERVAL_S: Final = 3600.0
_DELETE_LIMIT_S: Final = 60.0
_PROBE_S: Final = 5.0
_START_S: Final = 60.0
_OPEN_LIMIT_S: Final = 30.0
_FIRST_PAUSE_S: Final = 0.2
_LONGEST_PAUSE_S: Final = 5.0


class RecorderPipeline(Pipeline):
    """The services of the recorder.

    Parameters
    ----------
    settings
        Settings of the worker.
    skip_deleted
        Whether to continue after records that retention deleted unread.
    """

    def __init__(self, settings: Settings, *, skip_deleted: bool) -> None:
        super().__init__(settings)
        self.store_thread = StoreThread()
        self._store: Store | None = None
        self._dead_letters = DeadLetters(settings)
        topics = recorded_topics(skip_deleted=skip_deleted)
        self.consumers = [self._new_consumer(topic) for topic in topics]

    def _new_consumer(self, topic: RecordedTopic) -> PartitionedConsumer:
        skip = topic.skip_deleted
        return PartitionedConsumer(
            self.settings,
            topic=self.settings.topic(topic.name),
            group=f"{self.settings.group}.recorder.{topic.name}",
            new_handler=partial(self._new_handler, topic),
            semantics=TopicSemantics.STORE_SKIP_DELETED if skip else TopicSemantics.STORE,
            min_interval_ms=topic.min_interval_ms,
        )

    def _new_handler(self, topic: RecordedTopic, partition: int) -> PartitionHandler:
        assert self._store is not None
        return RecorderHandler(topic, self._store, self.store_thread, self._dead_letters, partition)

    async def prepare(self) -> None:
        """Open the store; if it does not answer, wait for it for a minute.

        The producer of dead letters is connected first.
        """
        await retry(self._dead_letters.open, _START_S)
        backoff = Backoff(_FIRST_PAUSE_S, _LONGEST_PAUSE_S, _START_S)
        while self._store is None:
            try:
                self._store = await self.store_thread.call(
                    lambda: Store.open(self.settings.store), _OPEN_LIMIT_S
                )
            except StoreDownError:
                if self.should_stop or backoff.expired:
                    raise
                await backoff.sleep()

    async def on_stop(self) -> None:
        """Disconnect from the store, unless a call is stuck."""
        if self._store is not None and not self.store_thread.stuck:
            self._store.close()

    async def on_shutdown(self) -> None:
        """Disconnect the producer of dead letters after the consumers have stopped."""
        await self._dead_letters.close()

    def readiness(self) -> dict[str, Any]:
        """Return the answer of ``/readyz``: partitions by topic, and why the store is down."""
        answer = super().readiness()
        reason = self.store_thread.reason
        answer["ready"] = answer["ready"] and not reason
        answer["partitions"] = {one.topic: sorted(one.handlers) for one in self.consumers}
        if reason:
            answer["reason"] = reason
        return answer

    @Service.timer(_PROBE_S)
    async def _probe_store(self) -> None:
        if self._store is not None:
            with suppress(StoreDownError):  # the store thread logs it and sets its reason
                await self.store_thread.call(self._store.positions)

    @Service.task
    async def _apply_retention(self) -> None:
        """Delete sampled tweets that are older than the setting allows, once an hour."""
        while not self.should_stop:
            if self._store is not None:
                await self._delete_old_tweets(self._store)
            await self.sleep(_DELETE_INTERVAL_S)

    async def _delete_old_tweets(self, store: Store) -> None:
        n_days = self.settings.retention_days
        before_ms = int(time.time() * 1000) - n_days * DAY_MS
        try:
            n_tweets = await self.store_thread.call(
                lambda: store.forget(before_ms), _DELETE_LIMIT_S
            )
        except StoreDownError as error:
            log.warning("old tweets were not deleted, next attempt in an hour: %s", error)
            return
        if n_tweets:
            log.info("%d sampled tweets deleted, older than %d days", n_tweets, n_days)
