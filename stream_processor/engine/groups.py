"""Consumer groups, as the broker sees them: their members and their committed offsets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import for_code
from aiokafka.structs import OffsetAndMetadata

from badbuzz.config.settings import Settings
from stream_processor.engine.broker_errors import call_broker, retry
from stream_processor.engine.topics import EMBEDDED_CLUSTER, open_admin

_LIMIT_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class CommittedOffset:
    """An offset that a consumer group has committed; -1 if it has not committed any.

    ``topic_id`` is the id of the topic, which badbuzz commits as metadata; empty if not known.
    """

    offset: int
    topic_id: str


async def committed_offsets(
    settings: Settings, group: str, topic: str, numbers: Sequence[int]
) -> dict[int, CommittedOffset]:
    """Return what a consumer group has committed for partitions of a topic, by their number."""
    partitions = [TopicPartition(topic, number) for number in numbers]
    async with open_admin(settings) as admin:
        offsets = await call_broker(admin.list_consumer_group_offsets(group, partitions=partitions))
    none = OffsetAndMetadata(-1, "")
    found = {one.partition: offsets.get(one, none) for one in partitions}
    return {
        number: CommittedOffset(one.offset, one.metadata or "") for number, one in found.items()
    }


async def group_members(settings: Settings) -> list[str] | None:
    """Return the hosts of the workers that are members of a deployment's consumer group.

    Returns
    -------
    list of str or None
        The host of each member; None on the embedded broker, which does not describe groups.
    """
    async with open_admin(settings) as admin:
        cluster = await call_broker(admin.describe_cluster())
        if str(cluster["cluster_id"]).startswith(EMBEDDED_CLUSTER):
            return None
        group = await retry(lambda: call_broker(_describe_group(admin, settings.group)), _LIMIT_S)
    return [str(member[2]).lstrip("/") for member in group[4]]


async def _describe_group(admin: AIOKafkaAdminClient, name: str) -> Any:
    """Return the broker's description of a group; an error while it loads its groups."""
    (answer,) = await admin.describe_consumer_groups([name])
    ((code, *group),) = answer.groups
    if code:
        raise for_code(code)
    return group
