"""The exit of a process that cannot shut down in order."""

from __future__ import annotations

import os
import sys
from typing import NoReturn


def hard_exit(reason: str, exit_code: int) -> NoReturn:
    """Print one line on stderr and end the process at once, without any cleanup.

    It serves where a shutdown would never end although it is cancelled: aiokafka waits for its
    broker, and a thread waits for its database.
    """
    print(f"badbuzz: {reason}", file=sys.stderr, flush=True)  # noqa: T201
    os._exit(exit_code)
