"""The exit of a process that cannot shut down in order."""

from __future__ import annotations

import os
import sys
import threading
from typing import Final, NoReturn

from badbuzz.errors import BadbuzzError

STOP_LIMIT_S: Final = 7.5
"""Longest shutdown in seconds: container runtimes kill after ten."""


def hard_exit(reason: str, exit_code: int) -> NoReturn:
    """Print one line on stderr and end the process at once, without any cleanup.

    It serves where a shutdown would never end although it is cancelled: aiokafka waits for its
    broker, and a thread waits for its database.
    """
    print(f"badbuzz: {reason}", file=sys.stderr, flush=True)  # noqa: T201
    os._exit(exit_code)


def limit_shutdown(limit_s: float = STOP_LIMIT_S) -> None:
    """End the process if its shutdown takes longer than a limit, in seconds.

    Whatever it was waiting for, its position is in Kafka or in the store: the next worker
    processes again what is not in a checkpoint.
    """
    reason = f"the shutdown took longer than {limit_s:g} s: ended without the last checkpoint"
    timer = threading.Timer(limit_s, hard_exit, (reason, BadbuzzError.exit_code))
    timer.daemon = True
    timer.start()
