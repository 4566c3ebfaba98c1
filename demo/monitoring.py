"""Monitoring of the demo: Prometheus and Alertmanager, if installed, and the notifier."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import orjson

from badbuzz.messages.translator import Language
from demo.processes import ServiceProcess, command, free_port

_DEBIAN_ALERTMANAGER: Final = "prometheus-alertmanager"  # Debian's build has no web page


class Monitoring:
    """The services that monitor the demo: Prometheus, Alertmanager and the notifier.

    Prometheus uses the rules of the product. Alertmanager shows alerts and sends no mail.

    Parameters
    ----------
    folder
        Folder for configurations and data.
    hosts
        Addresses to scrape, ``host:port``, by job.
    front
        URL that messages link to.
    language
        Language of the messages.
    store
        Address of the store with acknowledgements.

    Attributes
    ----------
    services
        Services to start, in any order.
    urls
        URLs to open in a browser, by name.
    missing
        One line about programs that are not installed; empty if none is missing.
    """

    def __init__(
        self, folder: Path, hosts: Mapping[str, str], front: str, language: Language, store: str
    ) -> None:
        prometheus = shutil.which("prometheus") or ""
        alertmanager = shutil.which("alertmanager") or shutil.which(_DEBIAN_ALERTMANAGER) or ""
        self.services: list[ServiceProcess] = []
        self.urls: dict[str, str] = {}
        self.missing = _missing(prometheus, alertmanager)
        alertmanager_host = ""
        if alertmanager:
            alertmanager_host, notifier = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
            self.services = [
                _alertmanager(alertmanager, folder, alertmanager_host),
                _notifier(notifier, alertmanager_host, front, language, store),
            ]
            page = "/api/v2/alerts" if alertmanager.endswith(_DEBIAN_ALERTMANAGER) else ""
            self.urls["Alertmanager"] = f"http://{alertmanager_host}{page}"
            hosts = {**hosts, "notifier": notifier}
        if prometheus:
            host = f"127.0.0.1:{free_port()}"
            self.urls["Prometheus"] = f"http://{host}/alerts"
            self.services.append(_prometheus(prometheus, folder, host, hosts, alertmanager_host))


def _missing(prometheus: str, alertmanager: str) -> str:
    """Return one line about missing programs.

    Examples
    --------
    >>> _missing("/usr/bin/prometheus", "")
    'not installed, so not started: Alertmanager (Debian: prometheus-alertmanager)'
    """
    programs = {
        "Prometheus (Debian: prometheus)": prometheus,
        "Alertmanager (Debian: prometheus-alertmanager)": alertmanager,
    }
    names = [name for name, program in programs.items() if not program]
    return f"not installed, so not started: {', '.join(names)}" if names else ""


def _prometheus(
    program: str, folder: Path, host: str, hosts: Mapping[str, str], alertmanager_host: str
) -> ServiceProcess:
    """Return Prometheus with the shipped rules; it scrapes every second, as replays are fast."""
    rules = files("dashboards") / "prometheus" / "rules"
    configuration: dict[str, Any] = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [f"{rules}/*.yml"],
        "scrape_configs": [
            {"job_name": job, "static_configs": [{"targets": [address]}]}
            for job, address in {**hosts, "prometheus": host}.items()
        ],
    }
    if alertmanager_host:
        targets = [{"targets": [alertmanager_host]}]
        configuration["alerting"] = {"alertmanagers": [{"static_configs": targets}]}
    arguments = (
        program,
        f"--config.file={_write(folder / 'prometheus.yml', configuration)}",
        f"--storage.tsdb.path={folder / 'prometheus'}",
        f"--web.listen-address={host}",
        f"--web.external-url=http://{host}",
        "--log.level=warn",
    )
    return ServiceProcess("prometheus", arguments, f"http://{host}/-/ready")


def _alertmanager(program: str, folder: Path, host: str) -> ServiceProcess:
    """Return Alertmanager with an empty receiver: its page shows the alerts, nobody is mailed."""
    configuration = {
        "route": {"receiver": "nobody", "group_by": ["alertname", "brand"], "group_wait": "1s"},
        "receivers": [{"name": "nobody"}],
    }
    arguments = (
        program,
        f"--config.file={_write(folder / 'alertmanager.yml', configuration)}",
        f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address={host}",
        f"--web.external-url=http://{host}",
        "--cluster.listen-address=",
        "--log.level=warn",
    )
    return ServiceProcess("alertmanager", arguments, f"http://{host}/-/ready")


def _notifier(
    host: str, alertmanager_host: str, front: str, language: Language, store: str
) -> ServiceProcess:
    environ = {
        "BADBUZZ_ALERTMANAGER_URL": f"http://{alertmanager_host}",
        "BADBUZZ_DASHBOARD_URL": front,
        "BADBUZZ_LANGUAGE": language,
        "BADBUZZ_STORE": store,
        "BADBUZZ_WEB_PORT": host.rpartition(":")[2],
    }
    return ServiceProcess(
        "notifier", command("notify", "--notify"), f"http://{host}/readyz", environ
    )


def _write(path: Path, configuration: Mapping[str, Any]) -> Path:
    """Write a configuration as JSON, which is valid YAML, and return its path."""
    path.write_bytes(orjson.dumps(configuration, option=orjson.OPT_INDENT_2))
    return path
