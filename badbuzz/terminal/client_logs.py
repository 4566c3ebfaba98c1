"""What a library logs last: Kafka's clients log why they cannot connect, and raise without it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


class LastMessage(logging.Handler):
    """Keeps the last thing logged at WARNING or above, in ``said``; empty at first.

    Examples
    --------
    >>> with capture_last_message("a_library") as last_word:
    ...     logging.getLogger("a_library").warning("Cannot connect to %s: %s", "a:1", "refused")
    >>> last_word.said
    'refused'
    >>> with capture_last_message("a_library") as last_word:
    ...     logging.getLogger("a_library").warning("The password goes in the clear")
    >>> last_word.said
    'The password goes in the clear'
    """

    said = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record's last argument, which is the reason, or its whole message."""
        arguments = record.args if isinstance(record.args, tuple) else ()
        self.said = str(arguments[-1]) if arguments else record.getMessage()


@contextmanager
def capture_last_message(name: str) -> Iterator[LastMessage]:
    """Hear a library out, in silence.

    Parameters
    ----------
    name
        Of its logger.
    """
    logger, last_word = logging.getLogger(name), LastMessage(logging.WARNING)
    propagated = logger.propagate
    logger.addHandler(last_word)
    logger.propagate = False
    try:
        yield last_word
    finally:
        logger.propagate = propagated
        logger.removeHandler(last_word)
