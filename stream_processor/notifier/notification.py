"""The notification of one change of an alert's phase, and how it is made from a record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from badbuzz import wire
from badbuzz.config.brands import read_brands
from badbuzz.config.settings import Settings
from badbuzz.messages.mail import Mark, Message, write
from badbuzz.messages.translator import Language
from badbuzz.model import Alert
from stream_processor.engine.dead_letters import Failure, Step
from stream_processor.engine.partition import ConsumerRecord


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


class NotificationFactory:
    """Creates notifications from records.

    Parameters
    ----------
    settings
        Brands with their time zones, language of the messages, and URL that they link to.
    replays
        Whether replays are notified too, marked as such.
    """

    def __init__(self, settings: Settings, *, replays: bool) -> None:
        self.brands = read_brands(settings.brands)
        self._language = cast(Language, settings.language)
        self._dashboard = settings.dashboard_url
        self._replays = replays

    def from_record(self, record: ConsumerRecord) -> Notification | Failure | None:
        """Return the notification of a record, or why there is none; None if it must not be sent.

        Parameters
        ----------
        record
            Record of the topic ``alerts``.
        """
        step: Step = "decode"
        try:
            if record.value is None:
                return None
            alert = wire.decode_alert(record.value)
            if alert.replay and not self._replays:
                return None
            step = "render"
            return self.from_alert(alert, record.timestamp, "replay" if alert.replay else "")
        except Exception as error:  # noqa: BLE001 - no record ends a process
            return Failure.at(step, error)

    def from_alert(self, alert: Alert, published_ms: int, mark: Mark) -> Notification:
        """Return the notification of an alert."""
        zone = self.brands.of(alert.brand).zone
        message = write(alert, zone, self._language, self._dashboard, mark)
        return Notification(alert, message, published_ms, mark)
