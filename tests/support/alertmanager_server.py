"""An Alertmanager server for tests, with the shipped configuration and a mailbox."""

from __future__ import annotations

import email
import shutil
import subprocess
import time
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import httpx
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from ruamel.yaml import YAML

from demo.processes import free_port
from tests.support.servers import ROOT, die_with_parent, lacking
from tests.support.stream import await_that

SHIPPED: Final = ROOT / "dashboards" / "alertmanager"
_PROGRAMS: Final = ("prometheus-alertmanager", "alertmanager")


class Mailbox:
    """An SMTP server on loopback that keeps the received mails."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.arrived_s: list[float] = []
        self._controller = Controller(self, hostname="127.0.0.1", port=free_port())
        self.address = f"127.0.0.1:{self._controller.port}"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Keep a mail; aiosmtpd prescribes the name of this method."""
        content = envelope.content
        assert isinstance(content, bytes)
        self.arrived_s.append(time.time())
        self.mails.append(email.message_from_bytes(content, policy=default))
        return "250 OK"

    def to(self, address: str) -> list[EmailMessage]:
        """Return the mails to one address, in order."""
        return [mail for mail in self.mails if address in mail["To"]]

    def subjects(self, address: str) -> list[str]:
        """Return the subjects of the mails to one address, in order."""
        return [str(mail["Subject"]) for mail in self.to(address)]

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._controller.stop()


def body(mail: EmailMessage, kind: str = "html") -> str:
    """Return the HTML or the plain text of a mail."""
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def shorten_intervals(config: dict[str, Any], mailbox: Mailbox, sms_url: str) -> dict[str, Any]:
    """Adapt the shipped configuration: short intervals, loopback addresses, no quiet hours."""
    config["global"] = {
        "smtp_smarthost": mailbox.address,
        "smtp_from": "badbuzz@example.org",
        "smtp_require_tls": False,
    }
    pending = [config["route"]]
    while pending:
        route = pending.pop()
        route.pop("mute_time_intervals", None)
        waits = "3s" if route.get("receiver") == "deputy" else "0s"
        route.update({"group_wait": waits, "group_interval": "1s"})
        pending += route.get("routes", [])
    for receiver in config["receivers"]:
        for webhook in receiver.get("webhook_configs", []):
            webhook["url"] = sms_url
    return config


class AlertmanagerServer:
    """An Alertmanager process on loopback whose data survives a restart.

    Parameters
    ----------
    folder
        Folder of its configuration, data and log.
    mailbox
        Server that receives its mails.
    sms_url
        Address of its webhook.
    """

    def __init__(self, folder: Path, mailbox: Mailbox, sms_url: str = "http://127.0.0.1:9") -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self.log = folder / "server.log"
        self.url = f"http://127.0.0.1:{self.port}"
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(SHIPPED / "badbuzz.tmpl", folder)
        yaml = YAML(typ="safe")
        config = shorten_intervals(yaml.load(SHIPPED / "alertmanager.yml"), mailbox, sms_url)
        yaml.dump(config, folder / "alertmanager.yml")

    @staticmethod
    def program() -> str:
        """Return the name of the program; skip the test if it is not installed."""
        program = next(filter(None, map(shutil.which, _PROGRAMS)), None)
        if program is None:
            lacking("Alertmanager: apt-get install prometheus-alertmanager", "REQUIRE_SERVICES")
        return program

    def __enter__(self) -> Self:
        return self.start()

    def start(self) -> Self:
        """Start or restart the server on the same port and data; return when it is ready."""
        log = self.log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [
                    self.program(),
                    f"--config.file={self._folder / 'alertmanager.yml'}",
                    f"--storage.path={self._folder / 'data'}",
                    f"--web.listen-address=127.0.0.1:{self.port}",
                    "--web.external-url=https://alerts.example.org",
                    "--web.route-prefix=/",
                    "--log.level=debug",
                    "--cluster.listen-address=",
                ],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                preexec_fn=die_with_parent,  # noqa: PLW1509
            )
        await_that(self._serves, f"Alertmanager, whose log is {log}")
        return self

    def _serves(self) -> bool:
        try:
            return httpx.get(f"{self.url}/-/ready", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def has_flushed_the_end(self, severity: str) -> bool:
        """Tell whether it has processed the end of an alert of a severity."""
        signs = ("flushing", "[resolved]", f'severity=\\"{severity}\\"')
        lines = self.log.read_text().splitlines()
        return any(all(sign in line for sign in signs) for line in lines)

    def stop(self) -> None:
        """Kill the server."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def alerts(self) -> list[dict[str, Any]]:
        """Return the alerts that it has."""
        alerts: list[dict[str, Any]] = httpx.get(f"{self.url}/api/v2/alerts").json()
        return alerts

    def silences(self) -> list[dict[str, Any]]:
        """Return the silences, expired ones included."""
        silences: list[dict[str, Any]] = httpx.get(f"{self.url}/api/v2/silences").json()
        return silences
