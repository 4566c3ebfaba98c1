"""The parts that both Azure Monitor sinks share."""

from __future__ import annotations

import asyncio
import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Final, Literal, NamedTuple

from badbuzz.config.settings import Settings
from badbuzz.errors import SettingsError
from badbuzz.model import Window
from badbuzz.store.model import Feedback
from stream_processor.notifier.notification import Notification
from stream_processor.notifier.sinks.dimensions import (
    ALERT_TRACE,
    HEARTBEAT_TRACE,
    MISPREDICTION_TRACE,
    BrandMetrics,
    alert_dimensions,
    alert_metrics,
    misprediction_dimensions,
    window_metrics,
)
from stream_processor.notifier.sinks.sink import UnansweredError

_SELF_REPORTS: Final = (
    "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL",
    "APPLICATIONINSIGHTS_SDKSTATS_DISABLED",
    "APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED",
)
_GRACE_S: Final = 5.0


class Trace(NamedTuple):
    """A trace with its severity and custom dimensions."""

    message: str
    level: Literal["info", "warning", "error"]
    dimensions: Mapping[str, str]


class AzureSink(ABC):
    """Traces, metrics and a heartbeat for one Application Insights resource.

    Parameters
    ----------
    settings
        Connection string, consumer group and time-out.

    Raises
    ------
    SettingsError
        If the connection string is not valid.
    """

    name = "azure"

    def __init__(self, settings: Settings) -> None:
        for variable in _SELF_REPORTS:  # no statistics about this process unless asked for
            os.environ.setdefault(variable, "true")
        self.timeout_s = float(settings.notify_timeout_s)
        self._group = settings.group
        try:
            self._connect(settings.azure_connection_string)
        except ValueError as error:
            raise SettingsError(
                f"BADBUZZ_AZURE_CONNECTION_STRING: {error}; copy it from the Application Insights "
                "resource: InstrumentationKey=...;IngestionEndpoint=..."
            ) from error

    @abstractmethod
    def _connect(self, connection_string: str) -> None:
        """Create the exporter; raise ValueError if the connection string is not valid."""

    @abstractmethod
    def _export(self, traces: Sequence[Trace], metrics: Sequence[BrandMetrics]) -> None:
        """Send traces and metrics, blocking; raises as ``Sink.send``."""

    @abstractmethod
    async def close(self) -> None:
        """Close the exporter."""

    async def send(self, notification: Notification) -> str:
        """Send the trace of a change, an error while the alert fires, and the brand's metrics."""
        level: Literal["info", "error"] = (
            "info" if notification.alert.phase == "resolved" else "error"
        )
        trace = Trace(ALERT_TRACE, level, alert_dimensions(notification))
        await self._run([trace], [alert_metrics(notification)])
        return "200"

    async def repeat(self, notifications: Sequence[Notification]) -> None:
        """Do nothing: Azure Monitor keeps what it received."""
        return

    async def send_heartbeat(self) -> None:
        """Send the heartbeat whose absence fires an alert rule."""
        await self._run([Trace(HEARTBEAT_TRACE, "info", {"group": self._group})], [])

    async def send_misprediction(self, feedback: Feedback, attempt: int) -> None:
        """Send the trace of a misprediction."""
        dimensions = misprediction_dimensions(feedback, attempt)
        await self._run([Trace(MISPREDICTION_TRACE, "warning", dimensions)], [])

    async def send_metrics(self, windows: Sequence[Window]) -> None:
        """Send the brands' metrics."""
        await self._run([], [window_metrics(window) for window in windows])

    async def _run(self, traces: Sequence[Trace], metrics: Sequence[BrandMetrics]) -> None:
        """Export in a daemon thread; each of the two kinds may take the time-out.

        A thread that hangs is abandoned and does not delay the end of the process.
        """
        done: Future[None] = Future()

        def work() -> None:
            done.set_running_or_notify_cancel()
            try:
                self._export(traces, metrics)
            except Exception as error:  # noqa: BLE001 - raised by the await
                done.set_exception(error)
            else:
                done.set_result(None)

        threading.Thread(target=work, name="azure", daemon=True).start()
        limit_s = self.timeout_s * (bool(traces) + bool(metrics)) + _GRACE_S
        try:
            async with asyncio.timeout(limit_s):
                await asyncio.wrap_future(done)
        except TimeoutError as error:
            raise UnansweredError(f"no answer within {self.timeout_s:g} s") from error


def not_accepted(status: Any) -> UnansweredError:
    """Return the error for an answer that reports neither acceptance nor failure."""
    return UnansweredError(f"answered {status} without accepting the message")
