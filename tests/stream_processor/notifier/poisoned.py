"""Runs badbuzz with faults: ``python -m tests.stream_processor.notifier.poisoned notify``.

The severity of an alert names the step that raises an exception, as a newer version might send it:
``poison_render`` when its message is written, ``poison_deliver`` when a sink sends it, and
``poison_repeat`` when it is repeated, alone or among others.
"""

from __future__ import annotations

from collections.abc import Sequence

from badbuzz.cli import main
from badbuzz.messages.mail import Mark
from badbuzz.model import Alert
from stream_processor.notifier.notification import Notification, NotificationFactory
from stream_processor.notifier.sinks.alertmanager import Alertmanager
from stream_processor.notifier.sinks.azure import AzureSink

_from_alert = NotificationFactory.from_alert
_send, _repeat = AzureSink.send, Alertmanager.repeat


def from_alert(
    self: NotificationFactory, alert: Alert, published_ms: int, mark: Mark
) -> Notification:
    if alert.severity == "poison_render":
        raise KeyError(alert.severity)
    return _from_alert(self, alert, published_ms, mark)


async def send(self: AzureSink, notification: Notification) -> str:
    if notification.alert.severity == "poison_deliver":
        raise ZeroDivisionError
    return await _send(self, notification)


async def repeat(self: Alertmanager, notifications: Sequence[Notification]) -> None:
    if any(one.alert.severity == "poison_repeat" for one in notifications):
        raise OverflowError("poison_repeat")
    await _repeat(self, notifications)


if __name__ == "__main__":
    NotificationFactory.from_alert = from_alert  # type: ignore[method-assign]
    AzureSink.send = send  # type: ignore[method-assign]
    Alertmanager.repeat = repeat  # type: ignore[method-assign]
    main()
