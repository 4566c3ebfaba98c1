"""The topics: their expected properties, creation of missing topics, checks of the others."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

from badbuzz import wire
from badbuzz.config.settings import Settings
from badbuzz.errors import BrokerDownError, KafkaError
from badbuzz.model import DAY_MS
from badbuzz.terminal.client_logs import capture_last_message
from stream_processor.engine.backoff import Backoff
from stream_processor.engine.broker_errors import call_broker, retry

log = logging.getLogger(__name__)

EMBEDDED_CLUSTER: Final = "mockCluster"
"""First letters of the embedded broker's cluster id."""

_VISIBLE_S: Final = 20.0
_FIRST_PAUSE_S: Final = 0.25
_LONGEST_PAUSE_S: Final = 5.0
_CLOSE_S: Final = 5.0

_COMPACTED: Final = {"cleanup.policy": "compact"}
_MONTH: Final = {"cleanup.policy": "delete", "retention.ms": str(30 * DAY_MS)}
_CONFIGS: Final[dict[str, dict[str, str]]] = {
    wire.TWEETS: {
        "cleanup.policy": "delete",
        "retention.ms": str(7 * DAY_MS),
        "message.timestamp.type": "LogAppendTime",
    },
    wire.SCORED_TWEETS: _MONTH,
    wire.WINDOWS: _MONTH,
    wire.ALERTS: _COMPACTED,
    # Small segments, early cleaning and short-lived transaction markers make a restore fast.
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
class TopicDifference:
    """One property of a topic that differs from what is expected.

    Parameters
    ----------
    topic
        Name of the topic, with the prefix.
    what
        ``partitions``, ``replicas``, or the name of a topic setting of Kafka.
    found, expected
        The two values of the property; ``found`` is empty if the topic is missing.
    remedy
        Command or setting that removes the difference.
    """

    topic: str
    what: str
    found: str
    expected: str
    remedy: str

    @property
    def fatal(self) -> bool:
        """True if a worker must not start on the topic."""
        return self.what in _FATAL

    def __str__(self) -> str:
        if not self.found:
            return f"{self.topic} is missing: {self.remedy}"
        return f"{self.topic}: {self.what} is {self.found}, not {self.expected}: {self.remedy}"


@dataclass(slots=True)
class TopicReport:
    """The result of preparing or checking the topics.

    Parameters
    ----------
    topics
        Names of all topics, with the prefix.
    created
        Names of the topics that were missing and were created.
    differences
        Properties that differ from what is expected.
    embedded
        Whether the broker is the embedded one, whose topics have partitions but no settings.
    """

    topics: list[str]
    created: list[str] = field(default_factory=list)
    differences: list[TopicDifference] = field(default_factory=list)
    embedded: bool = False


def topics_of(settings: Settings) -> list[NewTopic]:
    """Return the expected topics of a deployment.

    Examples
    --------
    >>> tweets = topics_of(Settings(topic_prefix="staging.", partitions=8))[0]
    >>> tweets.name, tweets.num_partitions, tweets.topic_configs["retention.ms"]
    ('staging.tweets', 8, '604800000')
    """
    shared = {"min.insync.replicas": "2"} if settings.replication > 2 else {}
    return [
        NewTopic(
            settings.topic(name),
            settings.partitions,
            settings.replication,
            topic_configs=config | shared,
        )
        for name, config in _CONFIGS.items()
    ]


async def prepare_topics(settings: Settings, *, create: bool) -> TopicReport:
    """Compare the topics with what is expected, and create missing topics.

    Parameters
    ----------
    settings
        Settings of the deployment: broker, prefix, partitions and replicas.
    create
        Whether to create missing topics; an existing topic is never altered.

    Raises
    ------
    KafkaError
        When the broker refuses to describe or to create topics.
    """
    return await retry(lambda: _prepare_topics(settings, create=create), _VISIBLE_S)


async def _prepare_topics(settings: Settings, *, create: bool) -> TopicReport:
    wanted = topics_of(settings)
    async with open_admin(settings) as admin:
        cluster = await call_broker(admin.describe_cluster())
        if str(cluster["cluster_id"]).startswith(EMBEDDED_CLUSTER):
            return await _check_embedded(admin, wanted)
        existing = await _describe(admin)
        missing = [topic for topic in wanted if topic.name not in existing]
        report = TopicReport([topic.name for topic in wanted])
        if create and missing:
            report.created = await _create(admin, missing)
            existing = await _await_visible(admin, missing)
        configs = await _configs(admin, [topic.name for topic in wanted if topic.name in existing])
        remedy = _partitions_remedy([existing[name] for name in configs])
        for topic in wanted:
            name = topic.name
            report.differences += _compare(topic, existing.get(name), configs.get(name), remedy)
        return report


async def check_topics(settings: Settings) -> None:
    """Check whether a worker can run on the topics, and log other differences as warnings.

    Parameters
    ----------
    settings
        Settings of the worker.

    Raises
    ------
    KafkaError
        When a topic is missing, or has another number of partitions or cleanup policy.
    """
    report = await prepare_topics(settings, create=False)
    if report.embedded:
        log.info("embedded broker: only the topics' numbers of partitions were checked")
    missing = [difference.topic for difference in report.differences if not difference.found]
    if missing:
        raise KafkaError(f"topics {', '.join(missing)} are missing: run badbuzz topics")
    fatal = [str(difference) for difference in report.differences if difference.fatal]
    if fatal:
        raise KafkaError("; ".join(fatal))
    for difference in report.differences:
        log.warning("%s", difference)


async def wait_for_broker(
    settings: Settings, limit_s: float = 60.0, report: Callable[[str], None] = log.warning
) -> None:
    """Wait until a broker answers.

    Parameters
    ----------
    settings
        Settings of the deployment, with the address of the broker.
    limit_s
        Seconds after which to give up; 0 tries once.
    report
        Called once with one line if the first attempt fails; logs a warning by default.

    Raises
    ------
    KafkaError
        When no broker has answered within the limit.
    """
    backoff = Backoff(_FIRST_PAUSE_S, _LONGEST_PAUSE_S, limit_s)
    while True:
        try:
            async with open_admin(settings):
                return
        except KafkaError as error:
            if backoff.expired:
                raise
            if not backoff.pause_s:
                report(f"{error}; trying for {limit_s:g} s")
        await backoff.sleep()


@asynccontextmanager
async def open_admin(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    """Open an admin client; :func:`call_broker` makes its calls.

    Raises
    ------
    BrokerDownError
        When no broker answers; the message names the remedy.
    """
    admin = AIOKafkaAdminClient(**settings.kafka_client(), request_timeout_ms=20_000)
    try:
        with capture_last_message("aiokafka") as last_message:
            try:
                await call_broker(admin.start())
            except KafkaError as error:
                reason = last_message.text or f"not over {settings.kafka_security_protocol}"
                raise BrokerDownError(
                    f"no broker answers at {settings.kafka_bootstrap_servers} ({reason}): start "
                    "one (badbuzz broker, make kafka) or set BADBUZZ_KAFKA_BOOTSTRAP_SERVERS"
                ) from error
        yield admin
    finally:
        with suppress(BrokerDownError):
            await call_broker(admin.close(), _CLOSE_S)


_Description = dict[str, Any]
"""A topic as the broker describes it."""


async def _describe(admin: AIOKafkaAdminClient) -> dict[str, _Description]:
    """Return every topic of the broker by name; a request by name might create a topic."""
    return {topic["topic"]: topic for topic in await call_broker(admin.describe_topics())}


async def _create(admin: AIOKafkaAdminClient, missing: list[NewTopic]) -> list[str]:
    answer = await call_broker(admin.create_topics(missing))
    created = []
    for name, code, message in answer.topic_errors:
        if not code:
            created.append(name)
        elif code != TopicAlreadyExistsError.errno:
            reason = message or for_code(code).description
            raise KafkaError(f"the broker did not create topic {name}: {reason}")
    return created


async def _await_visible(
    admin: AIOKafkaAdminClient, topics: list[NewTopic]
) -> dict[str, _Description]:
    """Wait until the broker describes new topics, and return the topics by name."""
    backoff = Backoff(_FIRST_PAUSE_S, _FIRST_PAUSE_S, _VISIBLE_S)
    while True:
        existing = await _describe(admin)
        hidden = [one.name for one in topics if not existing.get(one.name, {}).get("partitions")]
        if not hidden:
            return existing
        if backoff.expired:
            raise KafkaError(f"created, but not visible: topics {', '.join(hidden)}")
        await backoff.sleep()


async def _configs(admin: AIOKafkaAdminClient, names: list[str]) -> dict[str, dict[str, str]]:
    if not names:
        return {}
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    answers = await call_broker(admin.describe_configs(resources))
    configs = {}
    for answer in answers:
        for code, message, _, name, entries in answer.resources:
            if code:
                reason = message or for_code(code).description
                raise KafkaError(f"the broker did not return the settings of {name}: {reason}")
            configs[name] = {entry[0]: entry[1] for entry in entries}
    return configs


def _compare(
    topic: NewTopic,
    description: _Description | None,
    config: dict[str, str] | None,
    partitions_remedy: str,
) -> Iterator[TopicDifference]:
    n_partitions, n_replicas = topic.num_partitions, topic.replication_factor
    if description is None or config is None:
        remedy = "run badbuzz topics"
        yield TopicDifference(topic.name, "partitions", "", str(n_partitions), remedy)
        return
    yield from _compare_partitions(topic, description, partitions_remedy)
    n_found = min(len(partition["replicas"]) for partition in description["partitions"])
    if n_found < n_replicas:
        remedy = "kafka-reassign-partitions, or set BADBUZZ_REPLICATION to the intended number"
        yield TopicDifference(topic.name, "replicas", str(n_found), str(n_replicas), remedy)
    for key, expected in topic.topic_configs.items():
        if config.get(key) != expected:
            remedy = (
                f"kafka-configs --alter --entity-type topics --entity-name {topic.name} "
                f"--add-config {key}={expected}"
            )
            yield TopicDifference(topic.name, key, config.get(key) or "unset", expected, remedy)


def _partitions_remedy(topics: Sequence[_Description]) -> str:
    """Return what to do about an unexpected number: only one that all topics have can be set."""
    numbers = {len(topic["partitions"]) for topic in topics}
    if len(numbers) == 1:
        return f"set BADBUZZ_PARTITIONS={numbers.pop()}; a change is a migration, see docs/kafka.md"
    return "move to new topics, see docs/kafka.md, Change the number of partitions"


def _compare_partitions(
    topic: NewTopic, description: _Description, remedy: str
) -> Iterator[TopicDifference]:
    n_found, n_partitions = len(description["partitions"]), topic.num_partitions
    if n_found != n_partitions:
        yield TopicDifference(topic.name, "partitions", str(n_found), str(n_partitions), remedy)


async def _check_embedded(admin: AIOKafkaAdminClient, wanted: list[NewTopic]) -> TopicReport:
    report = TopicReport([topic.name for topic in wanted], embedded=True)
    described = await call_broker(admin.describe_topics(report.topics))
    existing = {topic["topic"]: topic for topic in described}
    remedy = _partitions_remedy(list(existing.values()))
    for topic in wanted:
        report.differences += _compare_partitions(topic, existing[topic.name], remedy)
    return report
