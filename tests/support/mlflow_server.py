"""MLflow as ``make mlflow`` runs it, for tests."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Final, Self
from urllib.request import Request, urlopen

from demo.processes import free_port
from tests.support.servers import ROOT, await_line, lacking

_SERVE: Final = ROOT / "deploy" / "mlflow" / "serve.sh"
_BIN: Final = ROOT / ".mlflow" / "venv" / "bin"
_START_S: Final = 120.0
_STOP_S: Final = 60.0
_SET_DEATH_SIGNAL: Final = 1


class MlflowServer:
    """MLflow on PostgreSQL and S3, on loopback, by the script of ``make mlflow``.

    S3 is MinIO where it is found, else moto, which forgets all that it held when it ends.

    Parameters
    ----------
    folder
        Folder of data and log; user postgres must have access when tests run as root.

    Attributes
    ----------
    uri
        Address of the server.
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
        if not (_BIN / "mlflow").exists():
            lacking("MLflow's server is not installed: make mlflow-setup", "REQUIRE_SERVICES")

    def start(self) -> Self:
        """Start it, or start it again on the same port and data; returns when it serves."""
        self._folder.mkdir(parents=True, exist_ok=True)
        environ = dict(os.environ)
        if shutil.which("minio") is None:
            environ |= self._moto()
        ports = [str(self._port), str(self._s3_port)]
        self._spawn("mlflow", [_SERVE, *ports, self._folder], environ, "startup complete")
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
            command = [_BIN / "moto_server", "-H", "127.0.0.1", "-p", str(self._s3_port)]
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
        """Shut MLflow and PostgreSQL down cleanly; moto keeps running."""
        mlflow = self._running.pop("mlflow", None)
        if mlflow is not None:
            mlflow.send_signal(signal.SIGTERM)
            mlflow.wait(_STOP_S)

    def close(self) -> None:
        """Stop all servers."""
        self.stop()
        moto = self._running.pop("moto", None)
        if moto is not None:
            moto.kill()
            moto.wait()


def end_with_parent() -> None:
    """Let Linux send SIGTERM to the calling process when its parent dies."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGTERM)
