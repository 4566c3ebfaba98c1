"""Real servers for tests: found or skipped, started, killed, started again."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NoReturn, Self
from urllib.request import Request, urlopen
from uuid import uuid4

import pytest

from badbuzz.settings import Settings
from demo.processes import free_port

ROOT: Final = Path(__file__).resolve().parent.parent

_SERVE: Final = ROOT / "deploy" / "kafka" / "serve.sh"
_SERVE_MLFLOW: Final = ROOT / "deploy" / "mlflow" / "serve.sh"
_MLFLOW_BIN: Final = ROOT / ".mlflow" / "venv" / "bin"
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


def end_with_parent() -> None:
    """Ask Linux to end the calling process, politely, when its parent dies: it ends its own."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGTERM)


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


class MlflowServer:
    """MLflow on PostgreSQL and S3, on loopback, by the script of ``make mlflow``.

    S3 is MinIO where it is found, else moto, which forgets all that it held when it ends.

    Parameters
    ----------
    folder
        For its data and its log, in a place that user postgres may enter when the tests are root's.

    Attributes
    ----------
    uri
        Where it answers.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port, self._s3_port = free_port(), free_port()
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self.uri = f"http://127.0.0.1:{self._port}"

    @staticmethod
    def require() -> None:
        """Skip the test where PostgreSQL is missing, or MLflow's environment is not installed."""
        if not (shutil.which("initdb") or any(Path("/usr/lib/postgresql").glob("*/bin/initdb"))):
            lacking("MLflow needs PostgreSQL", "REQUIRE_SERVICES")
        if not (_MLFLOW_BIN / "mlflow").exists():
            lacking("MLflow's server is not installed: make mlflow-setup", "REQUIRE_SERVICES")

    def start(self) -> Self:
        """Start it, or start it again on the same port and data; returns when it serves."""
        self._folder.mkdir(parents=True, exist_ok=True)
        environ = dict(os.environ)
        if shutil.which("minio") is None:
            environ |= self._moto()
        ports = [str(self._port), str(self._s3_port)]
        self._spawn("mlflow", [_SERVE_MLFLOW, *ports, self._folder], environ, "startup complete")
        return self

    def _moto(self) -> dict[str, str]:
        """Start moto, unless it runs; returns what S3 clients need to know of it."""
        environ = {
            "AWS_ACCESS_KEY_ID": "badbuzz",
            "AWS_SECRET_ACCESS_KEY": "badbuzz",
            "AWS_DEFAULT_REGION": "us-east-1",
            "MLFLOW_S3_ENDPOINT_URL": f"http://127.0.0.1:{self._s3_port}",
            "MLFLOW_ARTIFACTS_DESTINATION": "s3://badbuzz/mlflow",
        }
        if "moto" not in self._running:
            command = [_MLFLOW_BIN / "moto_server", "-H", "127.0.0.1", "-p", str(self._s3_port)]
            self._spawn("moto", command, dict(os.environ), "Running on")
            bucket = f"http://127.0.0.1:{self._s3_port}/badbuzz"
            with urlopen(Request(bucket, method="PUT"), timeout=10):
                pass
        return environ

    def _spawn(self, name: str, command: list[Any], environ: dict[str, str], sign: str) -> None:
        log = self._folder / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=end_with_parent,  # noqa: PLW1509
            )
        self._running[name] = process
        await_line(log, sign, process, _START_S)

    def stop(self) -> None:
        """Shut MLflow and PostgreSQL down in good order; moto goes on."""
        mlflow = self._running.pop("mlflow", None)
        if mlflow is not None:
            mlflow.send_signal(signal.SIGTERM)
            mlflow.wait(_STOP_S)

    def close(self) -> None:
        """End everything."""
        self.stop()
        moto = self._running.pop("moto", None)
        if moto is not None:
            moto.kill()
            moto.wait()
