"""The end of a process that cannot end in order."""

from __future__ import annotations

import os
import sys
from typing import NoReturn


def hard_exit(reason: str, exit_code: int) -> NoReturn:
    """End the process as a kill would, after one line on stderr.

    For what waits for ever even where it is cancelled: aiokafka for its broker, a thread for its
    database.
    """
    print(f"badbuzz: {reason}", file=sys.stderr, flush=True)  # noqa: T201
    os._exit(exit_code)
