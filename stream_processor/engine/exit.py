"""The exit of a process that cannot shut down in order."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import Final, NoReturn

from aiokafka.errors import KafkaError as BrokerError

from badbuzz.errors import BadbuzzError, KafkaError

STOP_LIMIT_S: Final = 7.5
"""Longest shutdown in seconds: container runtimes kill after ten."""


def hard_exit(reason: str, exit_code: int) -> NoReturn:
    """Print one line on stderr and end the process at once, without any cleanup.

    It serves where a shutdown would never end although it is cancelled: aiokafka waits for its
    broker, and a thread waits for its database.
    """
    print(f"badbuzz: {reason}", file=sys.stderr, flush=True)  # noqa: T201
    os._exit(exit_code)


def exit_after(error: BaseException) -> NoReturn:
    """End the process at once, with the exit code of the error that ended its worker."""
    is_ours = isinstance(error, BadbuzzError)
    hard_exit(str(error) if is_ours else repr(error), exit_code_of(error))


def exit_code_of(error: BaseException) -> int:
    """Return the exit code of a worker that an error ended.

    Examples
    --------
    >>> from badbuzz.errors import DeadLettersError
    >>> [exit_code_of(error) for error in (DeadLettersError("too many"), BrokerError(), KeyError())]
    [8, 4, 1]
    """
    if isinstance(error, BadbuzzError):
        return error.exit_code
    return KafkaError.exit_code if isinstance(error, BrokerError) else BadbuzzError.exit_code


def limit_shutdown(
    limit_s: float = STOP_LIMIT_S,
    crash_reason: Callable[[], BaseException | None] = lambda: None,
) -> None:
    """End the process if its shutdown takes longer than a limit.

    Whatever it was waiting for, its position is in Kafka or in the store: the next worker
    processes again what is not in a checkpoint.

    Parameters
    ----------
    limit_s
        Longest shutdown in seconds.
    crash_reason
        Returns the error that the worker shuts down for; by default there is none.
    """

    def end() -> None:
        late = f"the shutdown took longer than {limit_s:g} s: ended without the last checkpoint"
        exit_after(crash_reason() or BadbuzzError(late))

    timer = threading.Timer(limit_s, end)
    timer.daemon = True
    timer.start()
