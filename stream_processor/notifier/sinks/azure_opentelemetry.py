"""Azure Monitor through OpenTelemetry's exporter: the default."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from azure.core.pipeline import PipelineResponse
from azure.core.pipeline.policies import RetryPolicy
from azure.monitor.opentelemetry.exporter import (
    AzureMonitorLogExporter,
    AzureMonitorMetricExporter,
)
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk._logs.export import LogRecordExportResult
from opentelemetry.sdk.metrics.export import (
    Gauge,
    Metric,
    MetricExportResult,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

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

_RESOURCE: Final = Resource({"service.name": ROLE})
_SCOPE: Final = InstrumentationScope(ROLE)


class AzureOpenTelemetry:
    """Traces, metrics and a heartbeat for one Application Insights resource.

    The exporters neither retry nor store here: the notifier does, by its position in Kafka. They
    tell only whether they succeeded; why not is read off the answer, before they see it.

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
        self._answer = threading.local()
        options: dict[str, Any] = {
            "connection_string": settings.azure_connection_string,
            "disable_offline_storage": True,
            "retry_policy": RetryPolicy.no_retries(),
            "timeout": self.timeout_s,
            "read_timeout": self.timeout_s,
            "raw_response_hook": self._note,
        }
        try:
            self._logs = AzureMonitorLogExporter(**options)
            self._metrics = AzureMonitorMetricExporter(**options)
        except ValueError as error:
            raise bad_connection_string(error) from error

    async def tell(self, notice: Notification) -> str:
        """Export the brand's metrics, then the trace of a change: an error, while it fires."""
        over = notice.alert.phase == "resolved"
        severity = SeverityNumber.INFO if over else SeverityNumber.ERROR
        await self._run(lambda: self._export_metrics([measures(notice)]))
        await self._run(lambda: self._export_trace(ALERT_TRACE, severity, dimensions(notice)))
        return "200"

    async def repeat(self, notices: Sequence[Notification]) -> None:
        """Nothing: what Azure Monitor was told stays."""

    async def beat(self) -> None:
        """Export the heartbeat that an alert rule misses when the notifier is down."""
        told = {"group": self._group}
        await self._run(lambda: self._export_trace(HEARTBEAT_TRACE, SeverityNumber.INFO, told))

    async def correct(self, said: Feedback, attempt: int) -> None:
        """Export the trace of a misprediction."""
        told = mispredicted(said, attempt)
        await self._run(lambda: self._export_trace(MISPREDICTION_TRACE, SeverityNumber.WARN, told))

    async def measure(self, windows: Sequence[Window]) -> None:
        """Export the brands' metrics."""
        await self._run(lambda: self._export_metrics([measures_of(window) for window in windows]))

    async def close(self) -> None:
        """Shut the exporters down."""
        self._logs.shutdown()
        self._metrics.shutdown()

    async def _run(self, call: Any) -> None:
        try:
            await in_thread(call, self.timeout_s)
        except TimeoutError as error:
            raise UnansweredError(f"no answer within {self.timeout_s:g} s") from error

    def _note(self, answer: PipelineResponse[Any, Any]) -> None:
        self._answer.found = answer.http_response

    def _export_trace(
        self, body: str, severity: SeverityNumber, attributes: Mapping[str, str]
    ) -> None:
        now_ns = time.time_ns()  # not the window's: an alert rule looks at the last minutes only
        record = LogRecord(
            timestamp=now_ns,
            observed_timestamp=now_ns,
            severity_number=severity,
            body=body,
            attributes=attributes,
        )
        self._answer.found = None
        result = self._logs.export([ReadableLogRecord(record, _RESOURCE, _SCOPE)])
        self._check(taken=result is LogRecordExportResult.SUCCESS)

    def _export_metrics(self, measured: Sequence[Measures]) -> None:
        now_ns = time.time_ns()
        metrics = [
            Metric(name, "", "", Gauge([NumberDataPoint(one.dimensions, now_ns, now_ns, value)]))
            for one in measured
            for name, value in one.values.items()
        ]
        scope = ScopeMetrics(_SCOPE, metrics, "")
        self._answer.found = None
        result = self._metrics.export(MetricsData([ResourceMetrics(_RESOURCE, [scope], "")]))
        self._check(taken=result is MetricExportResult.SUCCESS)

    def _check(self, *, taken: bool) -> None:
        if taken:
            return
        answer = self._answer.found
        if answer is None:
            raise UnansweredError("Azure Monitor does not answer")
        check_answer(answer.status_code, answer.headers.get("Retry-After", ""), answer.text())
        raise UnansweredError(f"answered {answer.status_code} with what is no acceptance")
