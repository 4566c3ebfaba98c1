"""Prometheus and Alertmanager around the demo, where they are installed, and the notifier."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import orjson

from badbuzz.messages.translator import Language
from demo.parts import Address, ServiceProcess, command
from demo.processes import free_port

_PROMETHEUS: Final = ("prometheus",)
_DEBIANS: Final = "prometheus-alertmanager"  # which has no page of its own
_ALERTMANAGER: Final = ("alertmanager", _DEBIANS)


class Monitoring:
    """The services that monitor the demo: Prometheus, Alertmanager and the notifier.

    Prometheus has the product's own rules. Alertmanager mails nobody.

    Parameters
    ----------
    folder
        Folder for configurations and data.
    watched
        Addresses to scrape, ``host:port``, by job.
    front
        Address that messages link to.
    language
        Language of the messages.
    store
        Address of the store with acknowledgements.

    Attributes
    ----------
    parts
        Services to start, in any order.
    addresses
        Addresses to open.
    missing
        One line about missing programs; empty if none is missing.
    """

    def __init__(
        self,
        folder: Path,
        watched: Mapping[str, str],
        front: str,
        language: Language,
        store: str,
    ) -> None:
        prometheus, alertmanager = _found(_PROMETHEUS), _found(_ALERTMANAGER)
        self.parts: list[ServiceProcess] = []
        self.addresses: tuple[Address, ...] = ()
        self.missing = _missing(prometheus, alertmanager)
        told = ""
        if alertmanager:
            told, notifier = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
            self.parts = [
                _alertmanager(alertmanager, folder, told),
                _notifier(notifier, told, front, language, store),
            ]
            page = "/api/v2/alerts" if alertmanager.endswith(_DEBIANS) else ""
            self.addresses = (Address("Alertmanager", f"http://{told}{page}"),)
            watched = {**watched, "notifier": notifier}
        if prometheus:
            host = f"127.0.0.1:{free_port()}"
            self.parts.append(_prometheus(prometheus, folder, host, watched, told))
            self.addresses = (Address("Prometheus", f"http://{host}/alerts"), *self.addresses)


def _found(names: tuple[str, ...]) -> str:
    return next(filter(None, map(shutil.which, names)), "")


def _missing(prometheus: str, alertmanager: str) -> str:
    """Return one line about missing programs.

    Examples
    --------
    >>> _missing("/usr/bin/prometheus", "")
    'not installed, so not started: Alertmanager (Debian: prometheus-alertmanager)'
    """
    wanted = {
        "Prometheus (Debian: prometheus)": prometheus,
        "Alertmanager (Debian: prometheus-alertmanager)": alertmanager,
    }
    names = [name for name, found in wanted.items() if not found]
    return f"not installed, so not started: {', '.join(names)}" if names else ""


def _prometheus(
    program: str, folder: Path, host: str, watched: Mapping[str, str], told: str
) -> ServiceProcess:
    """Prometheus with the shipped rules, at a pace that fits a replay's."""
    rules = files("dashboards") / "prometheus" / "rules"
    configuration: dict[str, Any] = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [f"{rules}/*.yml"],
        "scrape_configs": [
            {"job_name": job, "static_configs": [{"targets": [address]}]}
            for job, address in {**watched, "prometheus": host}.items()
        ],
    }
    if told:
        configuration["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [told]}]}]}
    started = (
        program,
        f"--config.file={_write(folder / 'prometheus.yml', configuration)}",
        f"--storage.tsdb.path={folder / 'prometheus'}",
        f"--web.listen-address={host}",
        f"--web.external-url=http://{host}",
        "--log.level=warn",
    )
    return ServiceProcess("prometheus", started, f"http://{host}/-/ready")


def _alertmanager(program: str, folder: Path, host: str) -> ServiceProcess:
    """Alertmanager whose only receiver is nobody: what fires is on its page."""
    configuration = {
        "route": {"receiver": "nobody", "group_by": ["alertname", "brand"], "group_wait": "1s"},
        "receivers": [{"name": "nobody"}],
    }
    started = (
        program,
        f"--config.file={_write(folder / 'alertmanager.yml', configuration)}",
        f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address={host}",
        f"--web.external-url=http://{host}",
        "--cluster.listen-address=",
        "--log.level=warn",
    )
    return ServiceProcess("alertmanager", started, f"http://{host}/-/ready")


def _notifier(host: str, told: str, front: str, language: Language, store: str) -> ServiceProcess:
    environ = {
        "BADBUZZ_ALERTMANAGER_URL": f"http://{told}",
        "BADBUZZ_DASHBOARD_URL": front,
        "BADBUZZ_LANGUAGE": language,
        "BADBUZZ_STORE": store,
        "BADBUZZ_WEB_PORT": host.rpartition(":")[2],
    }
    return ServiceProcess(
        "notifier", command("notify", "--notify"), f"http://{host}/readyz", environ
    )


def _write(path: Path, configuration: Mapping[str, Any]) -> Path:
    """Write a configuration: JSON is YAML too."""
    path.write_bytes(orjson.dumps(configuration, option=orjson.OPT_INDENT_2))
    return path
