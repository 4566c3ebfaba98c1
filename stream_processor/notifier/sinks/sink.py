"""The interface of a sink, and the meaning of its HTTP answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, Protocol, runtime_checkable

from badbuzz.model import Window
from badbuzz.store.model import Feedback
from stream_processor.notifier.notification import Notification

_PERMANENT: Final = frozenset({400, 413, 422})
"""Statuses that mean that the message itself is wrong, so a retry does not help."""

_MAX_REASON_CHARS: Final = 200


class UnansweredError(Exception):
    """A sink did not accept a message now and may accept it later.

    Parameters
    ----------
    reason
        Message for the log and ``/readyz``.
    retry_after_s
        Pause that the sink asked for, in seconds; 0 by default.
    """

    def __init__(self, reason: str, retry_after_s: float = 0.0) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class RefusedError(Exception):
    """A sink will never accept this message."""


class Sink(Protocol):
    """A destination of notifications. Each call returns once the sink has accepted, or raises.

    Attributes
    ----------
    name
        Name in settings, metrics and consumer groups.
    timeout_s
        Longest duration of a call in seconds; it is cancelled then.
    """

    name: str
    timeout_s: float

    async def send(self, notification: Notification) -> str:
        """Send a change of an alert's phase; return the sink's answer.

        Raises
        ------
        UnansweredError
            If the sink may accept it later.
        RefusedError
            If the sink will never accept it.
        """

    async def repeat(self, notifications: Sequence[Notification]) -> None:
        """Send open alerts again; raises as :meth:`send`."""

    async def send_heartbeat(self) -> None:
        """Send a heartbeat of the notifier and check the sink; raises as :meth:`send`."""

    async def close(self) -> None:
        """Close the connection."""


@runtime_checkable
class SilencingSink(Protocol):
    """A sink that sends reminders and can silence them."""

    async def silence(self, notification: Notification, by: str) -> None:
        """Silence the reminders of an open alert; idempotent. Raises as ``send``."""


@runtime_checkable
class TelemetrySink(Protocol):
    """A sink that also stores mispredictions and metrics."""

    async def send_misprediction(self, feedback: Feedback, attempt: int) -> None:
        """Send a misprediction, for the n-th time; raises as ``send``."""

    async def send_metrics(self, windows: Sequence[Window]) -> None:
        """Send the metrics of the last window of each brand; raises as ``send``."""


def check_answer(status: int, retry_after: str, body: str) -> None:
    """Return if an HTTP answer means that the message was accepted.

    Parameters
    ----------
    status
        HTTP status of the answer.
    retry_after
        Header ``Retry-After``, or an empty string.
    body
        Body of the answer.

    Raises
    ------
    UnansweredError, RefusedError
        According to the status.

    Examples
    --------
    >>> check_answer(200, "", "")
    >>> check_answer(429, "120", "slow down")
    Traceback (most recent call last):
    stream_processor.notifier.sinks.sink.UnansweredError: answered 429: slow down
    """
    if status in (200, 202, 204):
        return
    reason = f"answered {status}: {' '.join(body.split())[:_MAX_REASON_CHARS]}".rstrip(": ")
    if status in _PERMANENT:
        raise RefusedError(reason)
    raise UnansweredError(reason, parse_retry_after(retry_after, datetime.now(UTC)))


def parse_retry_after(retry_after: str, now: datetime) -> float:
    """Return the seconds that a ``Retry-After`` asks for, >= 0; 0 if it is not readable.

    Examples
    --------
    >>> now = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
    >>> parse_retry_after("7", now), parse_retry_after("Tue, 24 Nov 2026 12:01:00 GMT", now)
    (7.0, 60.0)
    >>> parse_retry_after("soon", now)
    0.0
    """
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        until = parsedate_to_datetime(retry_after)
    except ValueError:
        return 0.0
    return max((until - now).total_seconds(), 0.0) if until.tzinfo else 0.0
