"""The ids of topics: an id tells a topic from another one that was created later by its name.

aiokafka asks for metadata of version 5 at most, which has no topic ids. The request here has
version 10, of Kafka 2.8; the embedded broker answers it too.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final
from uuid import UUID

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import UnknownTopicOrPartitionError, for_code
from aiokafka.protocol.abstract import AbstractType
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

from badbuzz.config.settings import Settings
from badbuzz.errors import BrokerDownError
from stream_processor.engine.broker_errors import call_broker

log = logging.getLogger(__name__)

_LIMIT_S: Final = 5.0
_NO_ID: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class TopicIdentity:
    """The id and size of a topic, as the broker describes it.

    Parameters
    ----------
    id
        Id of the topic, which no other topic has; empty if the broker gives topics no ids.
    n_partitions
        Number of partitions.
    """

    id: str
    n_partitions: int


class TopicLookup:
    """Asks a broker for the ids of topics, over a connection of its own.

    Parameters
    ----------
    settings
        Settings of the deployment, with the address of the broker.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: AIOKafkaClient | None = None
        self._has_ids = True

    async def identify(self, topics: Sequence[str]) -> dict[str, TopicIdentity]:
        """Return the identities of topics by name; a topic that does not exist is left out.

        Raises
        ------
        BrokerDownError
            When the broker does not answer.
        """
        try:
            return await call_broker(self._identify(topics), _LIMIT_S)
        except BrokerDownError:
            await self.close()
            raise

    async def _identify(self, topics: Sequence[str]) -> dict[str, TopicIdentity]:
        if self._client is None:
            self._client = AIOKafkaClient(**self._settings.kafka_client())
            await self._client.bootstrap()
        request = _MetadataRequest(topics)
        try:
            answer = await self._client.send(self._client.get_random_node(), request)
        except NotImplementedError:
            self._warn()
            return {topic: TopicIdentity("", 0) for topic in topics}
        return dict(_identities(answer.to_object()["topics"]))

    def _warn(self) -> None:
        if self._has_ids:
            log.warning("the broker is older than Kafka 2.8: a topic created again is not noticed")
        self._has_ids = False

    async def close(self) -> None:
        """Disconnect from the broker; the next call connects again."""
        client, self._client = self._client, None
        if client is not None:
            with suppress(BrokerDownError):
                await call_broker(client.close(), _LIMIT_S)


def _identities(topics: Sequence[dict[str, Any]]) -> list[tuple[str, TopicIdentity]]:
    found = []
    for topic in topics:
        error = for_code(topic["error_code"])
        if error is UnknownTopicOrPartitionError:
            continue
        if topic["error_code"]:
            raise error(topic["name"])
        found.append((topic["name"], TopicIdentity(str(topic["id"]), len(topic["partitions"]))))
    return found


class _Uuid(AbstractType[UUID]):
    @classmethod
    def encode(cls, value: UUID) -> bytes:
        return value.bytes

    @classmethod
    def decode(cls, data: BytesIO) -> UUID:
        return UUID(bytes=data.read(16))


_TEXT: Final = CompactString("utf-8")
_NUMBERS: Final = CompactArray(Int32)
_PARTITION: Final = CompactArray(
    ("error_code", Int16),
    ("partition", Int32),
    ("leader", Int32),
    ("leader_epoch", Int32),
    ("replicas", _NUMBERS),
    ("isr", _NUMBERS),
    ("offline_replicas", _NUMBERS),
    ("tags", TaggedFields),
)


class _MetadataResponse(Response):
    API_KEY = 3
    API_VERSION = 10
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32),
                ("host", _TEXT),
                ("port", Int32),
                ("rack", _TEXT),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_id", _TEXT),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("name", _TEXT),
                ("id", _Uuid),
                ("is_internal", Boolean),
                ("partitions", _PARTITION),
                ("authorized_operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("authorized_operations", Int32),
        ("tags", TaggedFields),
    )


class _MetadataRequestV10(RequestStruct):
    API_KEY = 3
    API_VERSION = 10
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = _MetadataResponse
    SCHEMA = Schema(
        ("topics", CompactArray(("id", _Uuid), ("name", _TEXT), ("tags", TaggedFields))),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_authorized_operations", Boolean),
        ("include_topic_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class _MetadataRequest(Request[_MetadataRequestV10]):
    API_KEY = 3

    def __init__(self, topics: Sequence[str]) -> None:
        self._topics = topics

    def build(self, request_struct_class: type[_MetadataRequestV10]) -> _MetadataRequestV10:
        topics: list[tuple[UUID, str, dict[int, bytes]]]
        topics = [(_NO_ID, topic, {}) for topic in self._topics]
        return request_struct_class(topics, False, False, False, {})
