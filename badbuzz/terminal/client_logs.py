"""What a library logs last: Kafka's clients log why they cannot connect, and raise without it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


class LastMessage(logging.Handler):
    """Keeps the last thing logged at WARNING or above, in ``text``; empty at first.

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
        """Keep a record's last argument, which is the reason, or its whole message."""
        arguments = record.args if isinstance(record.args, tuple) else ()
        self.text = str(arguments[-1]) if arguments else record.getMessage()


@contextmanager
def capture_last_message(name: str) -> Iterator[LastMessage]:
    """Hear a library out, in silence.

    Parameters
    ----------
    name
        Of its logger.
    """
    logger, last_message = logging.getLogger(name), LastMessage(logging.WARNING)
    propagated = logger.propagate
    logger.addHandler(last_message)
    logger.propagate = False
    try:
        yield last_message
    finally:
        logger.propagate = propagated
        logger.removeHandler(last_message)
