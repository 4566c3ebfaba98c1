"""One change of an alert's phase, ready to be told."""

from __future__ import annotations

from dataclasses import dataclass

from badbuzz.messages.mail import Mark, Message
from badbuzz.model import Alert


@dataclass(frozen=True, slots=True)
class Notification:
    """What a sink is given.

    Parameters
    ----------
    alert, message
        The change, and its words.
    told_ms
        When the processor told it, Unix milliseconds, by the broker's clock.
    mark
        Why it is no live alert, if it is none.
    attempt
        How often this sink was asked, this time included; above 1 it may have been told before.
    """

    alert: Alert
    message: Message
    told_ms: int
    mark: Mark = ""
    attempt: int = 1

    @property
    def change(self) -> str:
        """The name of the change: the same however often it is told.

        Examples
        --------
        >>> from datetime import UTC
        >>> from badbuzz.messages.mail import write
        >>> from badbuzz.messages.text import example
        >>> Notification(example(), write(example(), UTC), told_ms=0).change
        'Air Paradis/1767189600000/firing/1767189900000'
        """
        return f"{self.alert.id}/{self.alert.phase}/{self.alert.window_end_ms}"
