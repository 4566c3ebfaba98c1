"""Runs badbuzz with faults: ``python -m tests.stream_processor.notifier.poisoned notify``.

The severity of an alert names the step that raises an exception, as a newer version might send it:
``poison_render`` when its message is written, ``poison_deliver`` when a sink sends it, and
``poison_repeat`` when it is repeated, alone or among others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from badbuzz.cli import main
from badbuzz.messages.mail import Message
from badbuzz.model import Alert
from stream_processor.notifier import notification as factory
from stream_processor.notifier.notification import Notification
from stream_processor.notifier.sinks.alertmanager import Alertmanager
from stream_processor.notifier.sinks.azure import AzureSink

_write, _send, _repeat = factory.write, AzureSink.send, Alertmanager.repeat


def write(alert: Alert, *rest: Any) -> Message:
    if alert.severity == "poison_render":
        raise KeyError(alert.severity)
    return _write(alert, *rest)


async def send(self: AzureSink, notification: Notification) -> str:
    if notification.alert.severity == "poison_deliver":
        raise ZeroDivisionError
    return await _send(self, notification)


async def repeat(self: Alertmanager, notifications: Sequence[Notification]) -> None:
    if any(one.alert.severity == "poison_repeat" for one in notifications):
        raise OverflowError("poison_repeat")
    await _repeat(self, notifications)


if __name__ == "__main__":
    factory.write = write
    AzureSink.send = send  # type: ignore[method-assign]
    Alertmanager.repeat = repeat  # type: ignore[method-assign]
    main()
