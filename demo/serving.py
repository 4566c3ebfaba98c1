"""The services of ``demo --serve`` and ``--ui``: recorder, API, front and their monitoring."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from badbuzz.config.settings import Settings
from badbuzz.messages.translator import Language
from demo.monitoring import Monitoring
from demo.parts import Address, ServiceProcess, command
from demo.processes import free_port

_READABLY: Final = "| python3 -m json.tool"


class Service:
    """A recorder and the API over its store, a SQLite file beside the logs.

    Parameters
    ----------
    folder
        Folder of the database, unique to the run.
    settings
        Settings of the worker.
    language
        Language of the front and of notifications.
    ui
        Whether the front is there too, and Prometheus and Alertmanager where they are installed.

    Attributes
    ----------
    base
        The API's address.
    first, then
        Services that can start at once, and those that need the store created by the recorder.
    """

    def __init__(
        self, folder: Path, settings: Settings, language: Language = "en", *, ui: bool = False
    ) -> None:
        self._store = f"sqlite:///{(folder / 'badbuzz.db').resolve()}"
        self.base, recorder = _loopback(), _loopback()
        self.first = [self._recorder(recorder)]
        self.then = [self._api()]
        self._front, self._monitoring = "", None
        if ui:
            self._front = _loopback()
            self.first.append(self._pages(language))
            watched = {
                "worker": f"127.0.0.1:{settings.web_port}",
                "recorder": _host(recorder),
                "api": _host(self.base),
            }
            self._monitoring = Monitoring(folder, watched, self._front, language, self._store)
            self.first += self._monitoring.parts

    def _recorder(self, base: str) -> ServiceProcess:
        return ServiceProcess(
            "recorder", command("record", "--skip-deleted"), f"{base}/readyz",
            {"BADBUZZ_STORE": self._store, "BADBUZZ_WEB_PORT": _port(base)},
        )  # fmt: skip

    def _api(self) -> ServiceProcess:
        return ServiceProcess(
            "api", command("api", "--without-keys", "--port", _port(self.base)),
            f"{self.base}/readyz", {"BADBUZZ_STORE": self._store},
        )  # fmt: skip

    def _pages(self, language: Language) -> ServiceProcess:
        return ServiceProcess(
            "front", command("front", "--port", _port(self._front)),
            f"{self._front}/_stcore/health",
            {"BADBUZZ_API_URL": self.base, "BADBUZZ_LANGUAGE": language},
        )  # fmt: skip

    @property
    def missing(self) -> str:
        """One line about programs that are not installed; empty if none is missing."""
        return self._monitoring.missing if self._monitoring else ""

    def addresses(self) -> tuple[Address, ...]:
        """Return the addresses to open, the front first."""
        front = (Address("the front", self._front),) if self._front else ()
        watching = self._monitoring.addresses if self._monitoring else ()
        return (*front, Address("the API", self.base), *watching)

    def curls(self) -> tuple[str, ...]:
        """Three lines to try in another terminal, while it serves."""
        return (
            f"curl -s {self.base}/brands {_READABLY}",
            f"curl -s '{self.base}/alerts?limit=3' {_READABLY}",
            f"curl -s {self.base}/score -H 'Content-Type: application/json' "
            """-d '{"texts": [{"text": "Lost my bag again.", "lang": "en"}]}'""",
        )


def _loopback() -> str:
    return f"http://127.0.0.1:{free_port()}"


def _host(base: str) -> str:
    return base.removeprefix("http://")


def _port(base: str) -> str:
    return base.rpartition(":")[2]
