"""Real servers for tests: found or skipped, started, killed, started again."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NoReturn, Self
from urllib.parse import urlencode
from uuid import uuid4

import orjson
import pytest
from ruamel.yaml import YAML

from badbuzz.settings import Settings
from demo.processes import free_port

ROOT: Final = Path(__file__).resolve().parent.parent

_SERVE: Final = ROOT / "deploy" / "kafka" / "serve.sh"
_STARTED: Final = "Kafka Server started"
_START_S: Final = 120.0
_STOP_S: Final = 60.0
_SET_DEATH_SIGNAL: Final = 1


def lacking(reason: str, variable: str) -> NoReturn:
    """Skip the test, or fail it where the environment says that nothing may be missing."""
    if os.environ.get(variable) == "1":
        pytest.fail(f"{reason}, and {variable}=1")
    pytest.skip(reason)


def new_prefix() -> str:
    """A topic prefix that nobody has had."""
    return f"t{uuid4().hex[:8]}."


def settings_for(bootstrap_servers: str, prefix: str = "", **changes: Any) -> Settings:
    """Settings of a deployment of its own on a broker: nobody else has its topics or its group."""
    prefix = prefix or new_prefix()
    return Settings(
        **{
            "kafka_bootstrap_servers": bootstrap_servers,
            "topic_prefix": prefix,
            "app_id": f"{prefix}badbuzz",
            **changes,
        }
    )


def die_with_parent() -> None:
    """Ask Linux to kill the calling process when its parent dies, however it dies."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)


def await_line(path: Path, text: str, process: subprocess.Popen[bytes], limit_s: float) -> None:
    """Return when a process's log holds a text; fail the test when the process ends first."""
    deadline = time.monotonic() + limit_s
    while text not in (log := path.read_text(errors="replace")):
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"no {text!r} after {limit_s:g} s or at its end:\n{log[-4000:]}")
        time.sleep(0.05)


class KafkaServer:
    """Apache Kafka on loopback, in its own process; its data outlive it.

    Parameters
    ----------
    folder
        For its data and its log; ``more.properties`` in it adds to the broker's settings.

    Attributes
    ----------
    ports
        Of its listener and of its controller.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.ports = (free_port(), free_port())
        self._process: subprocess.Popen[bytes] | None = None
        self.bootstrap_servers = f"127.0.0.1:{self.ports[0]}"

    @staticmethod
    def require() -> None:
        """Skip the test where Kafka cannot run; fetch its jars, once, where it can."""
        for program, name in (("java", "Java 17"), ("mvn", "Maven")):
            if shutil.which(program) is None:
                lacking(f"Apache Kafka needs {name}", "REQUIRE_SERVICES")
        fetched = subprocess.run([_SERVE, "--fetch"], capture_output=True, text=True, check=False)
        if fetched.returncode:
            lacking(f"Kafka's jars were not fetched: {fetched.stderr[-400:]}", "REQUIRE_SERVICES")

    def start(self) -> Self:
        """Start it, or start it again on the same port and data; returns when it serves."""
        self._folder.mkdir(parents=True, exist_ok=True)
        log = self._folder / "server.log"
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [_SERVE, *map(str, self.ports), self._folder],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509
            )
        await_line(log, _STARTED, self._process, _START_S)
        return self

    def __enter__(self) -> Self:
        """Start it; skips the test where it cannot run."""
        self.require()
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Shut it down."""
        self.stop()

    def stop(self) -> None:
        """Shut it down in good order."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Kill it, as a power cut would."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(_STOP_S)
            self._process = None


class PrometheusServer:
    """Prometheus on loopback with the product's rules, scraping every second.

    Parameters
    ----------
    folder
        For its configuration, its data and its log.
    targets
        Addresses to scrape, by the name of a job in ``dashboards/prometheus/prometheus.yml``.
    """

    def __init__(self, folder: Path, targets: Mapping[str, Sequence[str]]) -> None:
        self._folder = folder
        self._targets = targets
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @staticmethod
    def require() -> None:
        """Skip the test where Prometheus cannot run."""
        for program in ("prometheus", "promtool"):
            if shutil.which(program) is None:
                lacking(f"{program} is missing (Debian: prometheus)", "REQUIRE_SERVICES")

    def __enter__(self) -> Self:
        """Start it; skips the test where it cannot run."""
        self.require()
        self._folder.mkdir(parents=True, exist_ok=True)
        log = self._folder / "prometheus.log"
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                ["prometheus", f"--config.file={self._configuration()}",
                 f"--storage.tsdb.path={self._folder / 'data'}",
                 f"--web.listen-address=127.0.0.1:{self._port}"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509
            )  # fmt: skip
        await_line(log, "Server is ready", self._process, _START_S)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(_STOP_S)

    def _configuration(self) -> Path:
        """The product's own, but for the addresses and the pace."""
        shipped = ROOT / "dashboards" / "prometheus"
        yaml = YAML(typ="safe")
        configuration = yaml.load(shipped / "prometheus.yml")
        configuration["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        configuration["rule_files"] = [str(shipped / n) for n in configuration["rule_files"]]
        del configuration["alerting"]
        configuration["scrape_configs"] = [
            {"job_name": job["job_name"], "static_configs": [{"targets": list(targets)}]}
            for job in configuration["scrape_configs"]
            if (targets := self._targets.get(job["job_name"]))
        ]
        path = self._folder / "prometheus.yml"
        yaml.dump(configuration, path)
        return path

    def query(self, expression: str) -> list[dict[str, Any]]:
        """What an expression gives now: a sample for each series; fails where it is invalid."""
        samples: list[dict[str, Any]] = self._get("query", query=expression)["result"]
        return samples

    def rules(self) -> list[dict[str, Any]]:
        """The rules, with the health of their last evaluation."""
        return [rule for group in self._get("rules")["groups"] for rule in group["rules"]]

    def _get(self, what: str, **parameters: str) -> Any:
        url = f"http://127.0.0.1:{self._port}/api/v1/{what}?{urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return orjson.loads(answer.read())["data"]
        except urllib.error.HTTPError as error:
            pytest.fail(f"{url}: {error.read().decode()}")
