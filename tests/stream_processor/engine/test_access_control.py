"""Tests that each process needs the permissions of docs/kafka.md, on Kafka's own authorizer."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import NamedTuple

import pytest
from confluent_kafka import KafkaError, Producer
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from badbuzz import wire
from badbuzz.messages.text import example
from badbuzz.model import Tweet
from demo.processes import free_port
from tests.e2e.records import await_recorded
from tests.e2e.scenario import ENVIRON, START_MS, write_scenario
from tests.support.http_server import EMPTY, HttpServer
from tests.support.outlet import OutputProducer
from tests.support.servers import ROOT, KafkaServer
from tests.support.stream import CommandProcess, Deployment, await_that

pytestmark = [pytest.mark.kafka, pytest.mark.services, pytest.mark.slow]

PASSWORD = "correct-horse"
PREFIX, APP_ID = "guarded.", "badbuzz"
GUARDED = """
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
listeners=PLAINTEXT://127.0.0.1:{plain},CONTROLLER://127.0.0.1:{controller},\
GUARDED://127.0.0.1:{port}
advertised.listeners=PLAINTEXT://127.0.0.1:{plain},GUARDED://127.0.0.1:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,GUARDED:SASL_PLAINTEXT
inter.broker.listener.name=PLAINTEXT
listener.name.guarded.sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.guarded.scram-sha-512.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
"""
ROW = re.compile(r"\| ((?:`\w+`,? ?)+) \| (topic|group|transactional id) (.+?) \| ([\w, ]+) \|")
"""A row of the table of permissions."""
REQUEST = re.compile(
    r"Principal = User:(\w+) is (Allowed|Denied) operation = (\w+) .*? "
    r"on resource = (\w+):LITERAL:(\S+) "
)
"""A line of the authorizer's log."""
KINDS = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "transactional id": ResourceType.TRANSACTIONAL_ID,
}
OPERATIONS = {
    "Describe": AclOperation.DESCRIBE,
    "Read": AclOperation.READ,
    "Write": AclOperation.WRITE,
    "DescribeConfigs": AclOperation.DESCRIBE_CONFIGS,
}
BROKEN = b"not a record"
N_BROKEN = 1 + 1 + 1
"""The worker reads one broken record, and recorder and notifier another one."""


class Permission(NamedTuple):
    """A row of the documented table for one user, resource and operation."""

    user: str
    kind: str
    name: str
    operation: str

    @property
    def binding(self) -> AclBinding:
        """The permission as Kafka keeps it."""
        prefixed = self.name.endswith("*")
        return AclBinding(
            KINDS[self.kind],
            self.name.rstrip("*"),
            ResourcePatternType.PREFIXED if prefixed else ResourcePatternType.LITERAL,
            f"User:{self.user}",
            "*",
            OPERATIONS[self.operation],
            AclPermissionType.ALLOW,
        )

    def allows(self, request: Permission) -> bool:
        """Tell whether it is the permission for exactly this request."""
        if self.name.endswith("*"):
            request = request._replace(name=request.name[: len(self.name) - 1] + "*")
        return self == request


def quoted(text: str) -> list[str]:
    return re.findall(r"`(.+?)`", text)


def documented() -> Iterator[Permission]:
    """Yield the permissions of the table in docs/kafka.md, for topics with a prefix."""
    text = (ROOT / "docs" / "kafka.md").read_text(encoding="utf-8")
    for users, kind, names, operations in ROW.findall(text):
        for user, name in product(quoted(users), quoted(names)):
            for operation in operations.split(", "):
                yield Permission(user, kind, f"{PREFIX}{name}", operation)


def users() -> set[str]:
    return {permission.user for permission in documented()}


class Guarded(Deployment):
    """A deployment on a broker with access control, as a superuser sees it."""

    def __init__(self, server: KafkaServer, folder: Path, port: int) -> None:
        super().__init__(server.bootstrap_servers, PREFIX, folder, {"BADBUZZ_APP_ID": APP_ID})
        self._guarded = f"127.0.0.1:{port}"
        self._logins: list[Deployment] = []

    def as_user(self, user: str) -> Deployment:
        """Return the deployment as a user sees it."""
        folder = self._folder / f"{user}-{len(self._logins)}"
        environ = {
            "BADBUZZ_APP_ID": APP_ID,
            "BADBUZZ_KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
            "BADBUZZ_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
            "BADBUZZ_KAFKA_SASL_USERNAME": user,
            "BADBUZZ_KAFKA_SASL_PASSWORD": PASSWORD,
            **ENVIRON,
        }
        self._logins.append(Deployment(self._guarded, PREFIX, folder, environ))
        return self._logins[-1]

    def prepare(self) -> None:
        """Create topics, users and permissions, and log each request for a permission."""
        self.create_topics()
        admin = AdminClient({"bootstrap.servers": self.settings.kafka_bootstrap_servers})
        info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
        made = admin.alter_user_scram_credentials(
            [UserScramCredentialUpsertion(user, info, PASSWORD.encode()) for user in users()]
        )
        acls = admin.create_acls([permission.binding for permission in documented()])
        for answer in [*made.values(), *acls.values()]:
            answer.result()
        levels = {"kafka.authorizer.logger": "DEBUG"}
        logger = ConfigResource(ConfigResourceType.BROKER_LOGGER, "1", levels)
        client = KafkaAdminClient(bootstrap_servers=self.settings.kafka_bootstrap_servers)
        try:
            client.alter_configs([logger])
        finally:
            client.close()

    def write_error(self, user: str, topic: str) -> int | None:
        """Write a record as a user, and return the broker's error."""
        errors: list[int | None] = []
        producer = Producer(
            {
                "bootstrap.servers": self._guarded,
                "security.protocol": "SASL_PLAINTEXT",
                "sasl.mechanism": "SCRAM-SHA-512",
                "sasl.username": user,
                "sasl.password": PASSWORD,
            }
        )
        producer.produce(
            f"{PREFIX}{topic}",
            b"{}",
            on_delivery=lambda error, _: errors.append(error.code() if error else None),
        )
        producer.flush(30)
        return errors[0]

    def close(self) -> None:
        """Kill the processes that still run."""
        for login in self._logins:
            login.close()
        super().close()


@pytest.fixture(scope="module")
def server_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the path of the broker's log."""
    return tmp_path_factory.mktemp("guarded") / "server.log"


@pytest.fixture(scope="module")
def guarded(server_log: Path) -> Iterator[Guarded]:
    """Yield a deployment whose users have exactly the documented permissions."""
    folder = server_log.parent
    server, port = KafkaServer(folder), free_port()
    plain, controller = server.ports
    more = GUARDED.format(plain=plain, controller=controller, port=port)
    (folder / "more.properties").write_text(more)
    with server:
        stream = Guarded(server, folder, port)
        stream.prepare()
        yield stream
        stream.close()


def exercise(guarded: Guarded, folder: Path) -> None:
    """Run each process as its user, until it has done all it does."""
    recording = str(write_scenario(folder, brands=2, tweets_per_day=1500))
    outputs, broken = OutputProducer(guarded), ("Air Paradis", "Air Paradis", BROKEN)
    alerts = "alerts", "--no-follow"
    finish(guarded.as_user("reader").command(*alerts))
    worker = guarded.as_user("worker").worker()
    worker.await_ready()
    outputs.raw(wire.TWEETS, [broken])
    finish(guarded.as_user("producer").command("replay", recording, "--beside-live"))
    finish(guarded.as_user("replayer").command("replay", recording))
    guarded.await_done()
    store = f"sqlite:///{folder / 'badbuzz.db'}"
    guarded.as_user("recorder").recorder(store).await_ready()
    await_recorded(guarded, store)
    with HttpServer(EMPTY) as manager:
        environ = {"BADBUZZ_ALERTMANAGER_URL": manager.url}
        guarded.as_user("notifier").notifier(environ).await_ready()
        outputs.alerts(example())
        outputs.raw(wire.ALERTS, [broken])
        await_that(lambda: example().id in str(manager.bodies), "the alert")
        letters = wire.DEAD_LETTERS
        await_that(lambda: len(guarded.committed(letters)) == N_BROKEN, "the dead letters")
    finish(guarded.as_user("reader").command(*alerts))
    maintain(guarded, worker, str(folder / "baseline.json"))


def maintain(guarded: Guarded, worker: CommandProcess, baseline: str) -> None:
    """Stop the worker, and run the commands that read or change its state."""
    worker.signal(signal.SIGTERM)
    finish(worker)
    for command in (
        ("baseline", "export", "-o", baseline),
        ("baseline", "load", baseline, "--replace"),
        ("topics", "reset-clock"),
    ):
        finish(guarded.as_user("worker").command(*command))


def finish(process: CommandProcess) -> None:
    assert process.finish() == 0, process.log_text()


@pytest.fixture(scope="module")
def requests(
    guarded: Guarded, server_log: Path, tmp_path_factory: pytest.TempPathFactory
) -> set[tuple[str, Permission]]:
    """Run each process, and return its requests for permissions with the authorizer's answers."""
    start = server_log.stat().st_size
    exercise(guarded, tmp_path_factory.mktemp("exercise"))
    kinds = {kind.title().replace(" Id", "Id").replace(" ", ""): kind for kind in KINDS}
    names = {name.upper(): name for name in OPERATIONS} | {"DESCRIBE_CONFIGS": "DescribeConfigs"}
    return {
        (answer, Permission(user, kinds.get(kind, kind), name, names.get(operation, operation)))
        for user, answer, operation, kind, name in REQUEST.findall(server_log.read_text()[start:])
    }


def test_the_documented_permissions_are_enough(requests: set[tuple[str, Permission]]) -> None:
    assert [request for answer, request in requests if answer == "Denied"] == []


@pytest.mark.parametrize("permission", [*documented()], ids=" ".join)
def test_a_documented_permission_is_used(
    permission: Permission, requests: set[tuple[str, Permission]]
) -> None:
    assert any(permission.allows(request) for answer, request in requests if answer == "Allowed")


@pytest.mark.parametrize(
    ("user", "topic"),
    [
        ("producer", wire.ALERTS),
        ("producer", wire.PROCESSOR_STATE),
        ("recorder", wire.WINDOWS),
        ("notifier", wire.TWEETS),
        ("reader", wire.DEAD_LETTERS),
        ("worker", wire.TWEETS),
    ],
)
def test_a_process_cannot_write_elsewhere(user: str, topic: str, guarded: Guarded) -> None:
    assert guarded.write_error(user, topic) == KafkaError.TOPIC_AUTHORIZATION_FAILED


def refused(process: CommandProcess) -> str:
    """Return the last line of a process that ends because it may not do something."""
    assert process.finish() == 4, process.log_text()
    assert "Traceback" not in process.log_text()
    return process.log_text().splitlines()[-1]


def test_a_worker_without_permissions_ends_with_one_line(guarded: Guarded) -> None:
    assert "uthoriz" in refused(guarded.as_user("producer").worker())


def test_a_user_that_may_only_write_is_told_about_beside_live(
    guarded: Guarded, tmp_path: Path
) -> None:
    recording = tmp_path / "a.jsonl"
    tweet = Tweet("1", "Air Paradis", "Lost my bag.", START_MS, START_MS)
    recording.write_bytes(wire.encode_tweet(tweet))
    OutputProducer(guarded).raw(wire.TWEETS, [(tweet.brand, tweet.brand, BROKEN)])
    replay = guarded.as_user("producer").command("replay", str(recording))
    assert "--beside-live" in refused(replay)
