"""The positions from which a consumer reads: compared with the topic, its group and its offsets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aiokafka import TopicPartition

from badbuzz.config.settings import Settings
from badbuzz.errors import BrokerDownError
from stream_processor.engine import metrics
from stream_processor.engine.group_client import GroupClient
from stream_processor.engine.groups import CommittedOffset, committed_offsets
from stream_processor.engine.partition import PartitionHandler, TopicSemantics
from stream_processor.engine.topic_ids import TopicIdentity, TopicLookup


class TopicPositions:
    """Sets a consumer to the positions of its handlers, if they belong to its topic.

    Parameters
    ----------
    settings
        Settings of the worker.
    topic
        Name of the topic in this deployment.
    group
        Consumer group whose offsets are compared.
    semantics
        Rules by which the topic is read.
    label
        Value of the metrics' label ``topic``.
    """

    def __init__(
        self, settings: Settings, topic: str, group: str, semantics: TopicSemantics, label: str
    ) -> None:
        self.committed: dict[int, int | None] = {}
        self._settings = settings
        self._topic = topic
        self._group = group
        self._semantics = semantics
        self._label = label
        self._lookup = TopicLookup(settings)

    async def close(self) -> None:
        """Disconnect from the broker."""
        await self._lookup.close()

    async def identify(self) -> TopicIdentity:
        """Return the topic's id and number of partitions."""
        identity = (await self._lookup.identify([self._topic])).get(self._topic)
        if identity is None:
            raise BrokerDownError(f"there is no topic {self._topic} at the moment")
        return identity

    async def seek(
        self, client: GroupClient, handlers: Mapping[int, PartitionHandler], topic_id: str
    ) -> None:
        """Fetch from the positions of handlers that were opened.

        Raises
        ------
        KafkaError
            When a position belongs to a topic that was deleted and created again.
        StateError
            When a position is below what was committed.
        """
        committed = await committed_offsets(
            self._settings, self._group, self._topic, list(handlers)
        )
        for number, handler in handlers.items():
            await self._seek(client, handler, topic_id, committed[number])

    async def _seek(
        self,
        client: GroupClient,
        handler: PartitionHandler,
        topic_id: str,
        committed: CommittedOffset,
    ) -> None:
        partition = TopicPartition(self._topic, handler.partition)
        where = f"{self._topic}/{handler.partition}"
        is_same = self._semantics.check_identity(where, handler, topic_id)
        next_offset = handler.next_offset if is_same else -1
        if committed.topic_id in ("", topic_id):
            self._semantics.check_committed(where, next_offset, committed.offset)
        if next_offset < 0:
            next_offset, _ = await client.bounds(partition)
        if handler.next_offset >= 0 and topic_id not in ("", handler.topic_id):
            handler.move(next_offset, topic_id)
        else:
            handler.next_offset, handler.topic_id = next_offset, topic_id
        is_known = committed.topic_id == topic_id or not self._semantics.commits_first_position
        self.committed[handler.partition] = next_offset if is_known else None
        client.seek(partition, next_offset)

    async def resume(
        self,
        client: GroupClient,
        handlers: Mapping[int, PartitionHandler],
        partitions: Iterable[TopicPartition],
    ) -> None:
        """Continue with an offset that exists, where the rules of the topic allow it."""
        identity = await self.identify()
        for partition in partitions:
            handler = handlers.get(partition.partition)
            if handler is not None:
                await self._resume(client, handler, identity.id)

    async def _resume(self, client: GroupClient, handler: PartitionHandler, topic_id: str) -> None:
        partition = TopicPartition(self._topic, handler.partition)
        where = f"{self._topic}/{handler.partition}"
        is_same = self._semantics.check_identity(where, handler, topic_id)
        offset, end = await client.bounds(partition)
        if is_same:
            offset = self._semantics.resume(where, handler.next_offset, offset, end)
            metrics.DELETED_UNREAD.labels(self._label).inc(max(offset - handler.next_offset, 0))
            is_back = offset < handler.next_offset
            # A state below the group's offset would be taken for one that was lost.
            if is_back and not await client.commit({partition: (offset, topic_id)}):
                return  # the next fetch fails again
        handler.move(offset, topic_id)
        client.seek(partition, offset)
