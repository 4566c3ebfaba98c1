"""Capture of log messages of Kafka clients, which log the reason of a failure."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


class LastMessage(logging.Handler):
    """Handler that keeps the last message at WARNING or above in ``text``; empty at first.

    Examples
    --------
    >>> with capture_last_message("a_library") as last_message:
    ...     logging.getLogger("a_library").warning("Cannot connect to %s: %s", "a:1", "refused")
    >>> last_message.text
    'refused'
    >>> with capture_last_message("a_library") as last_message:
    ...     logging.getLogger("a_library").warning("The password goes in the clear")
    >>> last_message.text
    'The password goes in the clear'
    """

    text = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the last argument of a record, which is the reason, or else the whole message."""
        arguments = record.args if isinstance(record.args, tuple) else ()
        self.text = str(arguments[-1]) if arguments else record.getMessage()


@contextmanager
def capture_last_message(name: str) -> Iterator[LastMessage]:
    """Capture the messages of the logger ``name`` instead of printing them."""
    logger, last_message = logging.getLogger(name), LastMessage(logging.WARNING)
    logger.addHandler(last_message)
    logger.propagate = False
    try:
        yield last_message
    finally:
        logger.removeHandler(last_message)
        # Captures of concurrent calls overlap; the last one to end restores the logger.
        logger.propagate = not any(isinstance(one, LastMessage) for one in logger.handlers)
