"""Child processes of the demo, which end with it, and the services among them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from badbuzz.errors import BadbuzzError

_START_S: Final = 60.0
_STOP_S: Final = 15.0
_POLL_S: Final = 0.05
_KEPT: Final = frozenset({"BADBUZZ_BRANDS", "BADBUZZ_BUNDLES"})
"""Settings of the user's environment that the processes inherit."""


class Processes:
    """Child processes, each with its own log file; leaving the block ends them.

    Parameters
    ----------
    folder
        Folder of the logs.
    environ
        Variables added to the environment of every process.
    stopping
        Callback that returns True once the demo is interrupted.
    """

    def __init__(
        self, folder: Path, environ: Mapping[str, str], stopping: Callable[[], bool]
    ) -> None:
        self.stopping = stopping
        self._folder = folder
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("BADBUZZ_") or name in _KEPT
        }
        self._environ = {**inherited, **environ}
        self._running: list[tuple[str, subprocess.Popen[bytes]]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        for _, process in reversed(self._running):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(_STOP_S)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()

    def start(self, name: str, command: tuple[str, ...], **environ: str) -> subprocess.Popen[bytes]:
        """Start a process that ignores the terminal's Ctrl-C, because the demo ends it.

        Parameters
        ----------
        name
            Name of the process and its log.
        command
            Program and arguments.
        environ
            Variables added to the environment of this process.
        """
        with self._log(name).open("wb") as log:
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

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    def check(self) -> None:
        """Raise an error with the last line of its log if a process has failed."""
        for name, process in self._running:
            if process.poll():
                path = self._log(name)
                lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
                reason = lines[-1] if lines else "its log is empty"
                raise BadbuzzError(
                    f"{name} exited with {process.returncode}: {reason} (log: {path})"
                )

    def wait_until(self, condition: Callable[[], bool], complaint: str) -> None:
        """Wait until a condition holds or the demo is interrupted.

        Raises
        ------
        BadbuzzError
            If a process fails, or with the complaint after a minute.
        """
        deadline_s = time.monotonic() + _START_S
        while not (self.stopping() or condition()):
            self.check()
            if time.monotonic() > deadline_s:
                raise BadbuzzError(f"{complaint} after {_START_S:.0f} s")
            time.sleep(_POLL_S)
        self.check()


@dataclass(frozen=True)
class ServiceProcess:
    """A process with an HTTP server.

    Parameters
    ----------
    name
        Name of the process and its log.
    command
        Program and arguments.
    ready_url
        URL that answers 200 once the service is ready.
    environ
        Variables added to the demo's environment.
    """

    name: str
    command: tuple[str, ...]
    ready_url: str
    environ: Mapping[str, str] = field(default_factory=dict)

    def start(self, processes: Processes) -> None:
        """Start the service."""
        processes.start(self.name, self.command, **self.environ)

    def ready(self) -> bool:
        """Return True if the service is ready."""
        return answers(self.ready_url)


def command(*arguments: str) -> tuple[str, ...]:
    """Return the command ``badbuzz ARGUMENTS``, run by the demo's interpreter.

    Examples
    --------
    >>> command("api")[1:]
    ('-m', 'badbuzz', 'api')
    """
    return (sys.executable, "-m", "badbuzz", *arguments)


def answers(url: str) -> bool:
    """Return True if a URL answers 200 within two seconds."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def free_port() -> int:
    """Return a free port on the loopback interface."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
