"""Commands started as processes, and ended with the demo."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from badbuzz.errors import BadbuzzError

_PATIENCE_S: Final = 15.0
_KEPT: Final = frozenset({"BADBUZZ_BRANDS", "BADBUZZ_BUNDLES"})


class Processes:
    """Commands, each with a log of its own; leaving the block ends them.

    Parameters
    ----------
    folder
        Folder of the logs.
    environ
        Settings for the commands, over the environment's.
    """

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self._folder = folder
        self._environ = {**_without_settings(os.environ), **environ}
        self._running: list[tuple[str, subprocess.Popen[bytes]]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for _, process in reversed(self._running):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(_PATIENCE_S)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()

    def start(self, name: str, *arguments: str, **environ: str) -> subprocess.Popen[bytes]:
        """Start ``badbuzz ARGUMENTS``, deaf to the terminal's Ctrl-C: the demo ends it.

        Parameters
        ----------
        name
            Name of its log.
        environ
            Settings for this command alone.
        """
        return self.run(name, sys.executable, "-m", "badbuzz", *arguments, **environ)

    def run(self, name: str, *command: str, **environ: str) -> subprocess.Popen[bytes]:
        """Start any program, as :meth:`start` does one of badbuzz's.

        Parameters
        ----------
        name
            Name of its log.
        environ
            Variables added to the demo's environment.
        """
        with self.log(name).open("wb") as log:
            process = subprocess.Popen(
                command,
                env=self._environ | environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running.append((name, process))
        return process

    def log(self, name: str) -> Path:
        """Return the path of a command's log."""
        return self._folder / f"{name}.log"

    def check(self) -> None:
        """Raise when a command has failed, with the last line that it said."""
        for name, process in self._running:
            if process.poll():
                path = self.log(name)
                lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
                said = lines[-1] if lines else "it said nothing"
                raise BadbuzzError(f"{name} ended with {process.returncode}: {said} (log: {path})")


def _without_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without the user's own Kafka settings."""
    return {
        name: value
        for name, value in environ.items()
        if not name.startswith("BADBUZZ_") or name in _KEPT
    }


def free_port() -> int:
    """Return a free port on the loopback interface."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
