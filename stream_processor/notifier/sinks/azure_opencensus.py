"""Azure Monitor through OpenCensus, which is retired upstream: for those who settled on it."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import requests
from opencensus.ext.azure.common import utils
from opencensus.ext.azure.common.protocol import Data, DataPoint, Envelope, MetricData
from opencensus.ext.azure.log_exporter import AzureLogHandler

from badbuzz.config.settings import Settings
from badbuzz.model import Window
from badbuzz.store.model import Feedback
from stream_processor.notifier.notification import Notification
from stream_processor.notifier.sinks.azure import bad_connection_string, in_thread, keep_private
from stream_processor.notifier.sinks.dimensions import (
    ALERT_TRACE,
    HEARTBEAT_TRACE,
    MISPREDICTION_TRACE,
    ROLE,
    Measures,
    dimensions,
    measures,
    measures_of,
    mispredicted,
)
from stream_processor.notifier.sinks.sink import UnansweredError, check_answer

_LOGGER: Final = logging.getLogger(ROLE)


class AzureOpenCensus:
    """Traces, metrics and a heartbeat for one Application Insights resource.

    OpenCensus makes the envelopes. They are posted here, as its own transport takes any 200 for
    an acceptance and does not tell of ``Retry-After``.

    Parameters
    ----------
    settings
        Connection string, and how long it may take to answer.

    Raises
    ------
    SettingsError
        When the connection string is none.
    """

    name = "azure"

    def __init__(self, settings: Settings) -> None:
        keep_private()
        self.timeout_s = float(settings.notify_timeout_s)
        self._group = settings.group
        try:
            self._handler = AzureLogHandler(
                connection_string=settings.azure_connection_string, enable_local_storage=False
            )
        except ValueError as error:
            raise bad_connection_string(error) from error
        options = self._handler.options
        self._key = options.instrumentation_key
        self._url = f"{options.endpoint.rstrip('/')}/v2.1/track"

    async def tell(self, notice: Notification) -> str:
        """Post a change's trace, an error while it fires, and the brand's metrics."""
        level = logging.INFO if notice.alert.phase == "resolved" else logging.ERROR
        trace = self._trace(ALERT_TRACE, level, dimensions(notice))
        return await self._post([trace, *self._measured(measures(notice))])

    async def repeat(self, notices: Sequence[Notification]) -> None:
        """Nothing: what Azure Monitor was told stays."""

    async def beat(self) -> None:
        """Post the heartbeat that an alert rule misses when the notifier is down."""
        await self._post([self._trace(HEARTBEAT_TRACE, logging.INFO, {"group": self._group})])

    async def correct(self, said: Feedback, attempt: int) -> None:
        """Post the trace of a misprediction."""
        told = mispredicted(said, attempt)
        await self._post([self._trace(MISPREDICTION_TRACE, logging.WARNING, told)])

    async def measure(self, windows: Sequence[Window]) -> None:
        """Post the brands' metrics."""
        await self._post([one for window in windows for one in self._measured(measures_of(window))])

    async def close(self) -> None:
        """End the handler's thread."""
        self._handler.close()

    def _trace(self, message: str, level: int, told: Mapping[str, str]) -> Any:
        extra = {"custom_dimensions": dict(told)}
        record = _LOGGER.makeRecord(ROLE, level, "", 0, message, (), None, extra=extra)
        return self._named(self._handler.log_record_to_envelope(record))

    def _measured(self, measured: Measures) -> list[Any]:
        now = datetime.now(UTC).isoformat()
        envelopes = []
        for name, value in measured.values.items():
            point = DataPoint(ns=name, name=name, value=value)
            data = MetricData(metrics=[point], properties=measured.dimensions)
            envelope = Envelope(
                iKey=self._key,
                tags=dict(utils.azure_monitor_context),
                time=now,
                name="Microsoft.ApplicationInsights.Metric",
            )
            envelope.data = Data(baseData=data, baseType="MetricData")
            envelopes.append(self._named(envelope))
        return envelopes

    @staticmethod
    def _named(envelope: Any) -> Any:
        envelope.tags["ai.cloud.role"] = ROLE
        return envelope

    async def _post(self, envelopes: list[Any]) -> str:
        body = json.dumps(envelopes)
        try:
            await in_thread(lambda: self._send(body, len(envelopes)), self.timeout_s)
        except TimeoutError as error:
            raise UnansweredError(f"no answer within {self.timeout_s:g} s") from error
        return "200"

    def _send(self, body: str, n_envelopes: int) -> None:
        headers = {"Content-Type": "application/json; charset=utf-8"}
        try:
            answer = requests.post(
                self._url, data=body.encode(), headers=headers, timeout=self.timeout_s
            )
        except requests.RequestException as error:
            raise UnansweredError(f"Azure Monitor does not answer: {error}") from error
        check_answer(answer.status_code, answer.headers.get("Retry-After", ""), answer.text)
        try:
            taken = answer.json()["itemsAccepted"] == n_envelopes
        except (ValueError, TypeError, KeyError):
            taken = False
        if not taken:
            raise UnansweredError(f"answered {answer.status_code} with what is no acceptance")
