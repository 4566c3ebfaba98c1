"""Tests of every Kafka client on a broker that requires TLS and a password."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from confluent_kafka.admin import (
    AdminClient,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from badbuzz import wire
from demo.processes import free_port
from tests.support.events import START_MS
from tests.support.servers import KafkaServer, lacking, new_prefix
from tests.support.stream import Deployment

pytestmark = [pytest.mark.kafka, pytest.mark.services, pytest.mark.slow]

USER, PASSWORD = "badbuzz", "correct-horse"
CLEAR = "CLEAR"  # key of the listener that accepts plain-text passwords
SECURED = """
listeners=PLAINTEXT://127.0.0.1:{plain},CONTROLLER://127.0.0.1:{controller},\
SECURED://127.0.0.1:{port},CLEAR://127.0.0.1:{clear}
advertised.listeners=PLAINTEXT://127.0.0.1:{plain},SECURED://127.0.0.1:{port},\
CLEAR://127.0.0.1:{clear}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURED:SASL_SSL,\
CLEAR:SASL_PLAINTEXT
inter.broker.listener.name=PLAINTEXT
listener.name.secured.sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.secured.scram-sha-512.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.secured.ssl.keystore.type=PEM
listener.name.secured.ssl.keystore.location={keystore}
listener.name.clear.sasl.enabled.mechanisms=PLAIN
listener.name.clear.plain.sasl.jaas.config=\
org.apache.kafka.common.security.plain.PlainLoginModule required user_{user}="{password}";
"""


def write_certificate(folder: Path) -> tuple[Path, Path]:
    """Write a self-signed certificate for 127.0.0.1 and its keystore; return both paths."""
    key, certificate, keystore = (folder / name for name in ("key.pem", "ca.pem", "keystore.pem"))
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    keystore.write_bytes(key.read_bytes() + certificate.read_bytes())
    return certificate, keystore


def create_user(bootstrap: str) -> None:
    """Create the user on the broker."""
    credential = UserScramCredentialUpsertion(
        USER, ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 8192), PASSWORD.encode()
    )
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.alter_user_scram_credentials([credential])[USER].result()


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Start the broker and return the settings for its secured listener."""
    KafkaServer.require()
    if shutil.which("openssl") is None:
        lacking("openssl, which creates certificates, is not installed", "REQUIRE_SERVICES")
    folder = tmp_path_factory.mktemp("secured")
    server, port, clear = KafkaServer(folder), free_port(), free_port()
    certificate, keystore = write_certificate(folder)
    plain, controller = server.ports
    more = SECURED.format(
        plain=plain, controller=controller, port=port, clear=clear, keystore=keystore, user=USER,
        password=PASSWORD,
    )  # fmt: skip
    (folder / "more.properties").write_text(more)
    with server:
        create_user(server.bootstrap_servers)
        yield {
            "BADBUZZ_KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{port}",
            "BADBUZZ_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "BADBUZZ_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
            "BADBUZZ_KAFKA_SASL_USERNAME": USER,
            "BADBUZZ_KAFKA_SASL_PASSWORD": PASSWORD,
            "BADBUZZ_KAFKA_SSL_CAFILE": str(certificate),
            CLEAR: f"127.0.0.1:{clear}",
        }


def stream_on(secured: dict[str, str], folder: Path, **environ: str) -> Deployment:
    return Deployment(
        secured["BADBUZZ_KAFKA_BOOTSTRAP_SERVERS"], new_prefix(), folder, {**secured, **environ}
    )


def test_topics_replay_worker_and_alerts_work_over_tls(
    secured: dict[str, str], tmp_path: Path
) -> None:
    recording = tmp_path / "a.jsonl"
    rows = [
        {"id": str(n), "created_ms": START_MS + n, "brand": "Air Paradis", "text": "Lost my bag."}
        for n in range(20)
    ]
    recording.write_bytes(b"\n".join(map(orjson.dumps, rows)))
    stream = stream_on(secured, tmp_path)
    try:
        stream.create_topics()
        worker = stream.worker()
        worker.await_ready()
        replay = stream.command("replay", str(recording), "--quiet", "--lang", "en")
        assert replay.finish() == 0, replay.log_text()
        stream.await_done()
        assert len(stream.committed(wire.SCORED_TWEETS)) == 20
        alerts = stream.command("alerts", "--no-follow")
        assert alerts.finish() == 0, alerts.log_text()
        assert "no alerts in the topic" in alerts.log_text()
    finally:
        stream.close()


def test_a_plain_text_password_is_accepted_too(secured: dict[str, str], tmp_path: Path) -> None:
    stream = stream_on(
        secured,
        tmp_path,
        BADBUZZ_KAFKA_BOOTSTRAP_SERVERS=secured[CLEAR],
        BADBUZZ_KAFKA_SECURITY_PROTOCOL="SASL_PLAINTEXT",
        BADBUZZ_KAFKA_SASL_MECHANISM="PLAIN",
    )
    try:
        stream.create_topics()
        stream.worker().await_ready()
    finally:
        stream.close()


@pytest.mark.parametrize(
    ("command", "reason"), [("topics", "Authentication failed"), ("replay", "rejected this client")]
)
def test_a_wrong_password_is_reported_in_one_line(
    secured: dict[str, str], command: str, reason: str, tmp_path: Path
) -> None:
    recording = tmp_path / "a.jsonl"
    recording.write_bytes(b"{}")
    files = [str(recording)] if command == "replay" else []
    stream = stream_on(secured, tmp_path, BADBUZZ_KAFKA_SASL_PASSWORD="not it")
    try:
        refused = stream.command(command, *files, "--wait", "0")
        assert refused.finish() == 4
        assert reason in refused.log_text().splitlines()[-1]
    finally:
        stream.close()
