"""The services of the notifier: one consumer of ``alerts`` per sink, heartbeats, the store."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

from mode import Service

from badbuzz import wire
from badbuzz.config.settings import Settings
from stream_processor.engine.backoff import Backoff
from stream_processor.engine.broker_errors import retry
from stream_processor.engine.consumer import PartitionedConsumer
from stream_processor.engine.dead_letters import DeadLetters
from stream_processor.engine.partition import TopicSemantics
from stream_processor.engine.pipeline import Pipeline
from stream_processor.notifier.delivery import Delivery
from stream_processor.notifier.notification import NotificationFactory
from stream_processor.notifier.partition import NotifierHandler
from stream_processor.notifier.sinks import new_sinks
from stream_processor.notifier.sinks.sink import RefusedError, UnansweredError
from stream_processor.notifier.store_follower import StoreFollower

_UNASSIGNED_S: Final = 1.0
_LOOK_S: Final = 2.0
_LONGEST_PAUSE_S: Final = 30.0
_START_S: Final = 60.0


class NotifierPipeline(Pipeline):
    """Runs one consumer group per sink, so that a slow sink does not delay the others.

    Parameters
    ----------
    settings
        Settings of this worker.
    replays
        Whether replays are notified too, marked as such.
    follower
        Reads the store; None if nothing is forwarded from it.

    Raises
    ------
    SettingsError
        If no sink is configured.
    """

    def __init__(
        self, settings: Settings, *, replays: bool, follower: StoreFollower | None
    ) -> None:
        super().__init__(settings)
        self._factory = NotificationFactory(settings, replays=replays)
        self._dead_letters = DeadLetters(settings)
        self._follower = follower
        self.deliveries = [
            Delivery(sink, self._dead_letters, settings) for sink in new_sinks(settings)
        ]
        self.consumers = [self._consumer(delivery) for delivery in self.deliveries]

    def _consumer(self, delivery: Delivery) -> PartitionedConsumer:
        name = delivery.sink.name
        topic = self.settings.topic(wire.ALERTS)
        group = f"{self.settings.group}.notify.{name}"
        return PartitionedConsumer(
            self.settings,
            topic=topic,
            group=group,
            new_handler=lambda partition: NotifierHandler(
                self.settings, self._factory, delivery, group, partition
            ),
            semantics=TopicSemantics.GROUP,
            label=f"{topic} {name}",
        )

    async def prepare(self) -> None:
        """Connect the producer of dead letters."""
        await retry(self._dead_letters.open, _START_S)

    async def on_shutdown(self) -> None:
        """Close all connections after the consumers have stopped."""
        await self._dead_letters.close()
        for delivery in self.deliveries:
            await delivery.sink.close()
        if self._follower is not None:
            self._follower.close()

    def readiness(self) -> dict[str, Any]:
        """Return the body of ``/readyz``: what waits for each sink, and why."""
        answer = super().readiness()
        answer["sinks"] = {
            delivery.sink.name: {
                "partitions": sorted(consumer.handlers),
                "waiting": delivery.n_waiting,
                "reason": delivery.reason,
            }
            for delivery, consumer in zip(self.deliveries, self.consumers, strict=True)
        }
        if self._follower is not None:
            answer["store"] = {"reason": self._follower.reason}
        answer["ready"] &= not any(delivery.reason for delivery in self.deliveries)
        return answer

    @Service.task
    async def _start_sink_tasks(self) -> None:
        for delivery, consumer in zip(self.deliveries, self.consumers, strict=True):
            self.add_future(self._send_heartbeats(delivery, consumer))
            if self._follower is not None:
                self.add_future(self._forward(self._follower, delivery, consumer))

    async def _forward(
        self, follower: StoreFollower, delivery: Delivery, consumer: PartitionedConsumer
    ) -> None:
        """Forward from the store every two seconds, less often while the sink fails."""
        backoff = Backoff(2 * _LOOK_S, _LONGEST_PAUSE_S)
        while not self.should_stop:
            await self.sleep(backoff.pause_s or _LOOK_S)
            notifications = [
                notification
                for handler in consumer.handlers.values()
                if isinstance(handler, NotifierHandler)
                for notification in handler.notifications
            ]
            try:
                await follower.forward(delivery, notifications, is_first=0 in consumer.handlers)
            except (UnansweredError, RefusedError):  # logged by the delivery
                backoff.lengthen()
            else:
                backoff.reset()

    async def _send_heartbeats(self, delivery: Delivery, consumer: PartitionedConsumer) -> None:
        """Send a heartbeat each minute while this sink's alerts are being read."""
        while not self.should_stop:
            if consumer.assigned and consumer.broker_reached and not consumer.crashed:
                with suppress(UnansweredError, RefusedError):  # logged by the delivery
                    await delivery.attempt(delivery.sink.send_heartbeat)
                await self.sleep(self.settings.notify_repeat_s)
            else:
                await self.sleep(_UNASSIGNED_S)
