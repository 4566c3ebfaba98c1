"""The services of ``demo --serve`` and ``--ui``: recorder, API, front and their monitoring."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

from badbuzz.config.settings import Settings
from badbuzz.messages.translator import Language
from demo.monitoring import Monitoring
from demo.processes import Processes, ServiceProcess, command, free_port

_PRETTY: Final = "| python3 -m json.tool"


class Address(NamedTuple):
    """Name and URL of a service to open in a browser."""

    name: str
    url: str


class Services:
    """The recorder and the API over its store, a SQLite file, and optionally the front.

    Parameters
    ----------
    folder
        Folder of the database, unique to the run.
    settings
        Settings of the worker.
    language
        Language of the front and of notifications.
    ui
        Whether to start the front too, and the installed ones of Prometheus and Alertmanager.

    Attributes
    ----------
    addresses
        Addresses to open, the front first.
    missing
        One line about programs that are not installed; empty if none is missing.
    """

    def __init__(self, folder: Path, settings: Settings, language: Language, *, ui: bool) -> None:
        store = f"sqlite:///{(folder / 'badbuzz.db').resolve()}"
        recorder, api, front = free_port(), free_port(), free_port()
        self._api_url, front_url = f"http://127.0.0.1:{api}", f"http://127.0.0.1:{front}"
        self._services = [
            ServiceProcess(
                "recorder", command("record", "--skip-deleted"),
                f"http://127.0.0.1:{recorder}/readyz",
                {"BADBUZZ_STORE": store, "BADBUZZ_WEB_PORT": str(recorder)},
            )
        ]  # fmt: skip
        self._api = ServiceProcess(
            "api", command("api", "--without-keys", "--port", str(api)),
            f"{self._api_url}/readyz", {"BADBUZZ_STORE": store},
        )  # fmt: skip
        self.addresses = [Address("the API", self._api_url)]
        self.missing = ""
        if ui:
            targets = {"worker": settings.web_port, "recorder": recorder, "api": api}
            hosts = {job: f"127.0.0.1:{port}" for job, port in targets.items()}
            monitoring = Monitoring(folder, hosts, front_url, language, store)
            self._services += [
                ServiceProcess(
                    "front", command("front", "--port", str(front)),
                    f"{front_url}/_stcore/health",
                    {"BADBUZZ_API_URL": self._api_url, "BADBUZZ_LANGUAGE": language},
                ),
                *monitoring.services,
            ]  # fmt: skip
            self.addresses.insert(0, Address("the front", front_url))
            self.addresses += [Address(name, url) for name, url in monitoring.urls.items()]
            self.missing = monitoring.missing

    def start(self, processes: Processes) -> None:
        """Start all services but the API, which needs the store that the recorder creates."""
        for service in self._services:
            service.start(processes)

    def start_api(self, processes: Processes) -> None:
        """Wait until the other services are ready, then start the API and wait for it."""
        names = ", ".join(service.name for service in self._services)
        processes.wait_until(
            lambda: all(service.ready() for service in self._services),
            f"not all of {names} are ready",
        )
        if not processes.stopping():
            self._api.start(processes)
            processes.wait_until(self._api.ready, "the API is not ready")

    def curls(self) -> tuple[str, ...]:
        """Return three commands to try in another terminal."""
        return (
            f"curl -s {self._api_url}/brands {_PRETTY}",
            f"curl -s '{self._api_url}/alerts?limit=3' {_PRETTY}",
            f"curl -s {self._api_url}/score -H 'Content-Type: application/json' "
            """-d '{"texts": [{"text": "Lost my bag again.", "lang": "en"}]}'""",
        )
