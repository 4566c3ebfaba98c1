"""A Prometheus server for tests, with the product's configuration and rules."""

from __future__ import annotations

import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlencode

import orjson
import pytest
from ruamel.yaml import YAML

from demo.processes import free_port
from tests.support.servers import ROOT, await_line, die_with_parent, lacking

_START_S: Final = 60.0
_STOP_S: Final = 60.0


class PrometheusServer:
    """A Prometheus process on loopback that scrapes and evaluates every second.

    Parameters
    ----------
    folder
        Folder of its configuration, data and log.
    targets
        Addresses to scrape, by name of a job in ``dashboards/prometheus/prometheus.yml``.
    """

    def __init__(self, folder: Path, targets: Mapping[str, Sequence[str]]) -> None:
        self._folder = folder
        self._targets = targets
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @staticmethod
    def require() -> None:
        """Skip the test if Prometheus is not installed."""
        for program in ("prometheus", "promtool"):
            if shutil.which(program) is None:
                lacking(f"{program} is missing (Debian: prometheus)", "REQUIRE_SERVICES")

    def __enter__(self) -> Self:
        """Start the server; skip the test if it is not installed."""
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
        """Stop the server."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(_STOP_S)

    def _configuration(self) -> Path:
        """Write the product's configuration with other addresses and intervals."""
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
        """Return the samples of an instant query; fail the test if the expression is invalid."""
        samples: list[dict[str, Any]] = self._get("query", query=expression)["result"]
        return samples

    def rules(self) -> list[dict[str, Any]]:
        """Return the rules with the health of their last evaluation."""
        return [rule for group in self._get("rules")["groups"] for rule in group["rules"]]

    def _get(self, endpoint: str, **parameters: str) -> Any:
        url = f"http://127.0.0.1:{self._port}/api/v1/{endpoint}?{urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return orjson.loads(answer.read())["data"]
        except urllib.error.HTTPError as error:
            pytest.fail(f"{url}: {error.read().decode()}")
