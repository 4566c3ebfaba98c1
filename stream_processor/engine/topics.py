"""The topics: what each must be, creation of those that are missing, a check of the others."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError as BrokerError
from aiokafka.errors import (
    TopicAlreadyExistsError,
    for_code,
)

from badbuzz import wire
from badbuzz.config.settings import Settings
from badbuzz.errors import KafkaError
from badbuzz.terminal.client_logs import capture_last_message

log = logging.getLogger(__name__)

_DAY_MS: Final = 24 * 3_600_000
_EMBEDDED: Final = "mockCluster"
_VISIBLE_S: Final = 20.0
_FIRST_PAUSE_S: Final = 0.25
_LONGEST_PAUSE_S: Final = 5.0

_COMPACTED: Final = {"cleanup.policy": "compact"}
_MONTH: Final = {"cleanup.policy": "delete", "retention.ms": str(30 * _DAY_MS)}
_CONFIGS: Final[dict[str, dict[str, str]]] = {
    wire.TWEETS: {
        "cleanup.policy": "delete",
        "retention.ms": str(7 * _DAY_MS),
        "message.timestamp.type": "LogAppendTime",
    },
    wire.SCORED_TWEETS: _MONTH,
    wire.WINDOWS: _MONTH,
    wire.ALERTS: _COMPACTED,
    # Small segments, cleaned early, and transaction markers forgotten soon: a short restore.
    wire.PROCESSOR_STATE: {
        **_COMPACTED,
        "segment.bytes": str(16 * 1024 * 1024),
        "segment.ms": str(10 * 60_000),
        "min.cleanable.dirty.ratio": "0.1",
        "delete.retention.ms": str(10 * 60_000),
    },
    wire.DEAD_LETTERS: _MONTH,
}
_FATAL: Final = frozenset({"partitions", "cleanup.policy"})


@dataclass(frozen=True, slots=True)
class Topic:
    """What a topic must be.

    Parameters
    ----------
    name
        In full.
    partitions, replicas
        At least 1.
    config
        Of Kafka's own settings, those that are not left to the broker.
    """

    name: str
    partitions: int
    replicas: int
    config: dict[str, str]


@dataclass(frozen=True, slots=True)
class TopicDifference:
    """One way in which a topic is not as it must be.

    Parameters
    ----------
    topic
        In full.
    what
        ``partitions``, ``replicas``, or the name of a Kafka setting.
    found, expected
        Its value; ``found`` is empty where the topic is missing.
    remedy
        What mends it.
    """

    topic: str
    what: str
    found: str
    expected: str
    remedy: str

    @property
    def fatal(self) -> bool:
        """Whether a worker must not start on it."""
        return self.what in _FATAL

    def __str__(self) -> str:
        if not self.found:
            return f"{self.topic} is missing: {self.remedy}"
        return f"{self.topic}: {self.what} is {self.found}, not {self.expected}: {self.remedy}"


@dataclass(slots=True)
class TopicReport:
    """What was found and done.

    Parameters
    ----------
    topics
        Names in full.
    created
        Those of them that were missing and are there now.
    differences
        What is not as it must be.
    embedded
        Whether the broker is the embedded one, whose topics have partitions and no settings.
    """

    topics: list[str]
    created: list[str] = field(default_factory=list)
    differences: list[TopicDifference] = field(default_factory=list)
    embedded: bool = False


def topics_of(settings: Settings) -> list[Topic]:
    """The topics of a deployment, as they must be.

    Examples
    --------
    >>> tweets = topics_of(Settings(topic_prefix="staging.", partitions=8))[0]
    >>> tweets.name, tweets.partitions, tweets.config["retention.ms"]
    ('staging.tweets', 8, '604800000')
    """
    shared = {"min.insync.replicas": "2"} if settings.replication > 2 else {}
    return [
        Topic(settings.topic(name), settings.partitions, settings.replication, config | shared)
        for name, config in _CONFIGS.items()
    ]


async def prepare_topics(settings: Settings, *, create: bool) -> TopicReport:
    """Compare topics with what they must be, and create those that are missing.

    Parameters
    ----------
    settings
        Broker, prefix, partitions and replicas.
    create
        Whether to create; an existing topic is never altered.

    Raises
    ------
    KafkaError
        When the broker refuses to tell or to create.
    """
    wanted = topics_of(settings)
    async with _admin(settings) as admin:
        cluster = await admin.describe_cluster()
        if str(cluster["cluster_id"]).startswith(_EMBEDDED):
            return await _look_at_embedded(admin, wanted)
        found = await _describe(admin)
        missing = [topic for topic in wanted if topic.name not in found]
        report = TopicReport([topic.name for topic in wanted])
        if create and missing:
            report.created = await _create(admin, missing)
            found = await _await_visible(admin, missing)
        configs = await _configs(admin, [topic.name for topic in wanted if topic.name in found])
        for topic in wanted:
            report.differences += _compare(topic, found.get(topic.name), configs.get(topic.name))
        return report


async def check_topics(settings: Settings) -> None:
    """Return when a worker can run on the topics; logs what is unwise about them.

    Parameters
    ----------
    settings
        Of the worker.

    Raises
    ------
    KafkaError
        When a topic is missing, has other partitions or is cleaned otherwise.
    """
    report = await prepare_topics(settings, create=False)
    if report.embedded:
        log.info("embedded broker: of the topics, only the partitions were checked")
    missing = [difference.topic for difference in report.differences if not difference.found]
    if missing:
        raise KafkaError(f"topics {', '.join(missing)} are missing: run badbuzz topics")
    fatal = [str(difference) for difference in report.differences if difference.fatal]
    if fatal:
        raise KafkaError("; ".join(fatal))
    for difference in report.differences:
        log.warning("%s", difference)


async def group_members(settings: Settings) -> list[str] | None:
    """Where the workers of a deployment run, by what the broker knows of their group.

    Returns
    -------
    list of str or None
        A host for each; None where the broker does not tell, as the embedded one.
    """
    async with _admin(settings) as admin:
        cluster = await admin.describe_cluster()
        if str(cluster["cluster_id"]).startswith(_EMBEDDED):
            return None
        group = await _describe_group(admin, settings.group)
    return [str(member[2]).lstrip("/") for member in group[4]]


async def _describe_group(admin: AIOKafkaAdminClient, name: str) -> Any:
    """A group as the broker describes it, once it has loaded its groups."""
    deadline = time.monotonic() + _VISIBLE_S
    while True:
        try:
            (answer,) = await admin.describe_consumer_groups([name])
            ((code, *group),) = answer.groups
            if code:
                raise for_code(code)
        except BrokerError as error:
            if not error.retriable or time.monotonic() > deadline:
                raise
            await asyncio.sleep(_FIRST_PAUSE_S)
        else:
            return group


async def wait_for_broker(
    settings: Settings, limit_s: float = 60.0, say: Callable[[str], None] = log.warning
) -> None:
    """Return when a broker answers; retries, ever more slowly.

    Parameters
    ----------
    settings
        Where it should be.
    limit_s
        How long to go on trying; 0 tries once.
    say
        Told once, in one line, when there is something to wait for.

    Raises
    ------
    KafkaError
        When none has answered by then.
    """
    deadline = time.monotonic() + limit_s
    pause_s = _FIRST_PAUSE_S
    while True:
        try:
            async with _admin(settings):
                return
        except KafkaError as error:
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                raise
            if pause_s == _FIRST_PAUSE_S:
                say(f"{error}; trying for {limit_s:g} s")
        await asyncio.sleep(min(pause_s, left_s))
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


@asynccontextmanager
async def _admin(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(**settings.kafka_client(), request_timeout_ms=20_000)
    try:
        with capture_last_message("aiokafka") as last_message:
            try:
                await admin.start()
            except BrokerError as error:
                reason = last_message.text or f"not over {settings.kafka_security_protocol}"
                raise KafkaError(
                    f"no broker answers at {settings.kafka_bootstrap_servers} ({reason}): start "
                    "one (badbuzz broker, make kafka) or set BADBUZZ_KAFKA_BOOTSTRAP_SERVERS"
                ) from error
        try:
            yield admin
        except BrokerError as error:
            raise KafkaError(f"the broker refused to speak of its topics: {error}") from error
    finally:
        await admin.close()


Found = dict[str, Any]
"""A topic as the broker describes it."""


async def _describe(admin: AIOKafkaAdminClient) -> dict[str, Found]:
    """Every topic there is: to ask by name might create one."""
    return {topic["topic"]: topic for topic in await admin.describe_topics()}


async def _create(admin: AIOKafkaAdminClient, missing: list[Topic]) -> list[str]:
    answer = await admin.create_topics(
        [
            NewTopic(topic.name, topic.partitions, topic.replicas, topic_configs=topic.config)
            for topic in missing
        ]
    )
    created = []
    for name, code, message in answer.topic_errors:
        if not code:
            created.append(name)
        elif code != TopicAlreadyExistsError.errno:
            reason = message or for_code(code).description
            raise KafkaError(f"the broker did not create topic {name}: {reason}")
    return created


async def _await_visible(admin: AIOKafkaAdminClient, topics: list[Topic]) -> dict[str, Found]:
    """What the broker describes, once a topic's creation has reached it."""
    deadline = time.monotonic() + _VISIBLE_S
    while True:
        found = await _describe(admin)
        hidden = [topic.name for topic in topics if not found.get(topic.name, {}).get("partitions")]
        if not hidden:
            return found
        if time.monotonic() > deadline:
            raise KafkaError(f"created, but not to be seen: topics {', '.join(hidden)}")
        await asyncio.sleep(_FIRST_PAUSE_S)


async def _configs(admin: AIOKafkaAdminClient, names: list[str]) -> dict[str, dict[str, str]]:
    if not names:
        return {}
    answers = await admin.describe_configs(
        [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    )
    configs = {}
    for answer in answers:
        for code, message, _, name, entries in answer.resources:
            if code:
                reason = message or for_code(code).description
                raise KafkaError(f"the broker does not tell the settings of {name}: {reason}")
            configs[name] = {entry[0]: entry[1] for entry in entries}
    return configs


def _compare(
    topic: Topic, found: Found | None, config: dict[str, str] | None
) -> Iterator[TopicDifference]:
    name = topic.name
    if found is None or config is None:
        yield TopicDifference(name, "partitions", "", str(topic.partitions), "run badbuzz topics")
        return
    yield from _compare_partitions(topic, found)
    replicas = min(len(partition["replicas"]) for partition in found["partitions"])
    if replicas < topic.replicas:
        remedy = "kafka-reassign-partitions, or set BADBUZZ_REPLICATION to what is meant"
        yield TopicDifference(name, "replicas", str(replicas), str(topic.replicas), remedy)
    for key, expected in topic.config.items():
        if config.get(key) != expected:
            remedy = (
                f"kafka-configs --alter --entity-type topics --entity-name {name} "
                f"--add-config {key}={expected}"
            )
            yield TopicDifference(name, key, config.get(key) or "unset", expected, remedy)


def _compare_partitions(topic: Topic, found: Found) -> Iterator[TopicDifference]:
    n_found = len(found["partitions"])
    if n_found != topic.partitions:
        remedy = f"set BADBUZZ_PARTITIONS={n_found}; to change it is a migration, see docs/kafka.md"
        yield TopicDifference(topic.name, "partitions", str(n_found), str(topic.partitions), remedy)


async def _look_at_embedded(admin: AIOKafkaAdminClient, wanted: list[Topic]) -> TopicReport:
    report = TopicReport([topic.name for topic in wanted], embedded=True)
    found = {topic["topic"]: topic for topic in await admin.describe_topics(report.topics)}
    for topic in wanted:
        report.differences += _compare_partitions(topic, found[topic.name])
    return report
