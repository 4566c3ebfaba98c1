"""Tests that each process needs the permissions of docs/kafka.md, on Kafka's own authorizer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import orjson
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

from badbuzz import wire
from badbuzz.messages.text import example
from demo.processes import free_port
from tests.e2e.records import await_recorded
from tests.support.events import START_MS
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


def quoted(text: str) -> list[str]:
    return re.findall(r"`(.+?)`", text)


def documented() -> Iterator[AclBinding]:
    """Yield the permissions of the table in docs/kafka.md, for topics with a prefix."""
    text = (ROOT / "docs" / "kafka.md").read_text(encoding="utf-8")
    for users, kind, names, operations in ROW.findall(text):
        for user, name in product(quoted(users), quoted(names)):
            pattern = (
                ResourcePatternType.PREFIXED if name[-1] == "*" else ResourcePatternType.LITERAL
            )
            for operation in operations.split(", "):
                yield AclBinding(
                    KINDS[kind], f"{PREFIX}{name.rstrip('*')}", pattern, f"User:{user}", "*",
                    OPERATIONS[operation], AclPermissionType.ALLOW,
                )  # fmt: skip


def users() -> set[str]:
    return {binding.principal.removeprefix("User:") for binding in documented()}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Yield a deployment whose superuser has created topics, users and permissions."""
    folder = tmp_path_factory.mktemp("guarded")
    server, port = KafkaServer(folder), free_port()
    plain, controller = server.ports
    more = GUARDED.format(plain=plain, controller=controller, port=port)
    (folder / "more.properties").write_text(more)
    with server:
        environ = {"BADBUZZ_APP_ID": APP_ID, "GUARDED": str(port)}
        stream = Deployment(server.bootstrap_servers, PREFIX, folder, environ)
        stream.create_topics()
        admin = AdminClient({"bootstrap.servers": server.bootstrap_servers})
        info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
        made = admin.alter_user_scram_credentials(
            [UserScramCredentialUpsertion(user, info, PASSWORD.encode()) for user in users()]
        )
        for answer in [*made.values(), *admin.create_acls(list(documented())).values()]:
            answer.result()
        yield stream
        stream.close()


@pytest.fixture
def login(guarded: Deployment, tmp_path: Path) -> Iterator[Login]:
    login = Login(guarded, tmp_path)
    yield login
    login.close()


class Login:
    """Processes of a deployment, each with its own user."""

    def __init__(self, stream: Deployment, folder: Path) -> None:
        self.address = f"127.0.0.1:{stream.environ['GUARDED']}"
        self._folder = folder
        self._streams: list[Deployment] = []

    def as_user(self, user: str) -> Deployment:
        """Return the deployment as a user sees it."""
        environ = {
            "BADBUZZ_APP_ID": APP_ID,
            "BADBUZZ_KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
            "BADBUZZ_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
            "BADBUZZ_KAFKA_SASL_USERNAME": user,
            "BADBUZZ_KAFKA_SASL_PASSWORD": PASSWORD,
        }
        self._streams.append(Deployment(self.address, PREFIX, self._folder / user, environ))
        return self._streams[-1]

    def close(self) -> None:
        for stream in self._streams:
            stream.close()


def test_the_documented_permissions_are_enough_for_tweets(
    guarded: Deployment, login: Login, tmp_path: Path
) -> None:
    recording = tmp_path / "a.jsonl"
    rows = [
        {"id": str(n), "created_ms": START_MS + n, "brand": "Air Paradis", "text": "Lost my bag."}
        for n in range(20)
    ]
    recording.write_bytes(b"\n".join(map(orjson.dumps, rows)))
    login.as_user("worker").worker().await_ready()
    replay = login.as_user("producer").command("replay", str(recording), "--quiet", "--lang", "en")
    assert replay.finish() == 0, replay.log_text()
    guarded.await_done()
    store = f"sqlite:///{tmp_path / 'badbuzz.db'}"
    login.as_user("recorder").recorder(store).await_ready()
    await_recorded(guarded, store)
    assert len(guarded.committed(wire.SCORED_TWEETS)) == 20


def test_the_documented_permissions_are_enough_for_alerts(
    guarded: Deployment, login: Login
) -> None:
    OutputProducer(guarded).alerts(example())
    with HttpServer(EMPTY) as manager:
        environ = {"BADBUZZ_ALERTMANAGER_URL": manager.url}
        login.as_user("notifier").notifier(environ)
        await_that(lambda: example().id in str(manager.bodies), "the alert")
    reader = login.as_user("reader").command("alerts", "--no-follow")
    assert reader.finish() == 0, reader.log_text()
    assert example().brand in reader.log_text()


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
def test_a_process_cannot_write_elsewhere(user: str, topic: str, login: Login) -> None:
    assert write_error(login, user, topic) == KafkaError.TOPIC_AUTHORIZATION_FAILED


def write_error(login: Login, user: str, topic: str) -> int | None:
    """Write a record, and return the broker's error."""
    errors: list[int | None] = []
    producer = Producer(
        {
            "bootstrap.servers": login.address,
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


def refused(process: CommandProcess) -> str:
    """Return the last line of a process that ends because it may not do something."""
    assert process.finish() == 4, process.log_text()
    assert "Traceback" not in process.log_text()
    return process.log_text().splitlines()[-1]


def test_a_worker_without_permissions_ends_with_one_line(login: Login) -> None:
    assert "uthoriz" in refused(login.as_user("producer").worker())
