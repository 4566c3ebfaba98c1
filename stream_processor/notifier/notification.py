"""The notification of one change of an alert's phase."""

from __future__ import annotations

from dataclasses import dataclass

from badbuzz.messages.mail import Mark, Message
from badbuzz.model import Alert


@dataclass(frozen=True, slots=True)
class Notification:
    """A change of an alert's phase, with its message.

    Parameters
    ----------
    alert
        The alert in its new phase.
    message
        Texts of the alert.
    published_ms
        Broker timestamp of the alert's record, Unix milliseconds.
    mark
        ``replay`` or ``test`` if this is not a live alert; empty by default.
    attempt
        Number of this attempt, from 1; above 1 the sink may have received it before.
    """

    alert: Alert
    message: Message
    published_ms: int
    mark: Mark = ""
    attempt: int = 1

    @property
    def change(self) -> str:
        """The idempotency key of the change, the same for every attempt.

        Examples
        --------
        >>> from datetime import UTC
        >>> from badbuzz.messages.mail import write
        >>> from badbuzz.messages.text import example
        >>> Notification(example(), write(example(), UTC), published_ms=0).change
        'Air Paradis/1767189600000/firing/1767189900000'
        """
        return f"{self.alert.id}/{self.alert.phase}/{self.alert.window_end_ms}"
