"""What a sink is, and what its answers mean."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, Protocol, runtime_checkable

from badbuzz.model import Window
from badbuzz.store.model import Feedback
from stream_processor.notifier.notification import Notification

_NEVER: Final = frozenset({400, 413, 422})
"""Answers to what is wrong with the message itself: asking again does not help."""

_SAID: Final = 200


class UnansweredError(Exception):
    """A sink did not take a message, and may take it later.

    Parameters
    ----------
    reason
        In words.
    retry_after_s
        How long it asked to be left alone, or 0.
    """

    def __init__(self, reason: str, retry_after_s: float = 0.0) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class RefusedError(Exception):
    """A sink will never take this message."""


class Sink(Protocol):
    """Where people are told. Each call returns once the sink has taken it, or raises.

    Attributes
    ----------
    name
        In settings, metrics and groups.
    timeout_s
        That a call may take; it is cancelled then.
    """

    name: str
    timeout_s: float

    async def tell(self, notice: Notification) -> str:
        """Hand over a change of phase; returns what the sink answered.

        Raises
        ------
        UnansweredError
            When it may take it later.
        RefusedError
            When it never will.
        """

    async def repeat(self, notices: Sequence[Notification]) -> None:
        """Say again what is open; raises as :meth:`tell`."""

    async def beat(self) -> None:
        """Say that the notifier lives, and see whether the sink does; raises as :meth:`tell`."""

    async def close(self) -> None:
        """Disconnect."""


@runtime_checkable
class Silences(Protocol):
    """A sink that reminds people, and can be told that somebody has taken an alert on."""

    async def silence(self, notice: Notification, by: str) -> None:
        """See that nobody is reminded of an open alert; once is enough. Raises as ``tell``."""


@runtime_checkable
class Observes(Protocol):
    """A sink that keeps more than alerts."""

    async def correct(self, said: Feedback, attempt: int) -> None:
        """Hand over a misprediction, asked for the n-th time; raises as ``tell``."""

    async def measure(self, windows: Sequence[Window]) -> None:
        """Hand over what was counted in the last window of each brand; raises as ``tell``."""


def check_answer(status: int, retry_after: str, said: str) -> None:
    """Return where an HTTP answer means that a message was taken.

    Parameters
    ----------
    status
        Of the answer.
    retry_after
        Its header, or empty.
    said
        Its body.

    Raises
    ------
    UnansweredError, RefusedError
        By what the status means.

    Examples
    --------
    >>> check_answer(200, "", "")
    >>> check_answer(429, "120", "slow down")
    Traceback (most recent call last):
    stream_processor.notifier.sinks.sink.UnansweredError: answered 429: slow down
    """
    if status in (200, 202, 204):
        return
    reason = f"answered {status}: {' '.join(said.split())[:_SAID]}".rstrip(": ")
    if status in _NEVER:
        raise RefusedError(reason)
    raise UnansweredError(reason, wanted_pause_s(retry_after, datetime.now(UTC)))


def wanted_pause_s(retry_after: str, now: datetime) -> float:
    """Seconds that a ``Retry-After`` asks for, >= 0; 0 where it says nothing readable.

    Examples
    --------
    >>> now = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
    >>> wanted_pause_s("7", now), wanted_pause_s("Tue, 24 Nov 2026 12:01:00 GMT", now)
    (7.0, 60.0)
    >>> wanted_pause_s("soon", now)
    0.0
    """
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        until = parsedate_to_datetime(retry_after)
    except ValueError:
        return 0.0
    return max((until - now).total_seconds(), 0.0) if until.tzinfo else 0.0
