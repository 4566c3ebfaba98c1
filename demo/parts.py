"""Service processes of the demo; a process is ready when its page answers."""

from __future__ import annotations

import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field

from demo.processes import Processes


@dataclass(frozen=True)
class ServiceProcess:
    """A process that serves.

    Parameters
    ----------
    name
        Name of the process, its log and its messages.
    command
        The program and its arguments.
    ready_url
        Answers 200 once it serves.
    environ
        Variables added to the demo's environment.
    """

    name: str
    command: tuple[str, ...]
    ready_url: str
    environ: Mapping[str, str] = field(default_factory=dict)

    def start(self, processes: Processes) -> None:
        """Start it; the demo ends it."""
        processes.run(self.name, *self.command, **self.environ)

    def ready(self) -> bool:
        """Return True if the service answers."""
        try:
            with urllib.request.urlopen(self.ready_url, timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False


def command(*arguments: str) -> tuple[str, ...]:
    """``badbuzz ARGUMENTS``, by the interpreter that runs the demo.

    Examples
    --------
    >>> command("api")[1:]
    ('-m', 'badbuzz', 'api')
    """
    return (sys.executable, "-m", "badbuzz", *arguments)


@dataclass(frozen=True)
class Address:
    """An address to open.

    Parameters
    ----------
    what
        Is there, in words.
    url
        URL on loopback.
    """

    what: str
    url: str
