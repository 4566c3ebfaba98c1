"""Azure Monitor through OpenTelemetry's exporter, the default."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
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

from stream_processor.notifier.sinks.azure import AzureSink, Trace, not_accepted
from stream_processor.notifier.sinks.dimensions import ROLE, BrandMetrics
from stream_processor.notifier.sinks.sink import UnansweredError, check_answer

_RESOURCE: Final = Resource({"service.name": ROLE})
_SCOPE: Final = InstrumentationScope(ROLE)
_LEVELS: Final = {
    "info": SeverityNumber.INFO,
    "warning": SeverityNumber.WARN,
    "error": SeverityNumber.ERROR,
}


class AzureOpenTelemetry(AzureSink):
    """Azure Monitor with OpenTelemetry's exporters.

    The exporters neither retry nor store: the notifier does, by its position in Kafka. Their
    result only says whether they succeeded, so a hook reads the reason from the HTTP answer.
    """

    def _connect(self, connection_string: str) -> None:
        self._answer = threading.local()  # an abandoned call may still get its answer
        options: dict[str, Any] = {
            "connection_string": connection_string,
            "disable_offline_storage": True,
            "retry_policy": RetryPolicy.no_retries(),
            "timeout": self.timeout_s,
            "read_timeout": self.timeout_s,
            "raw_response_hook": self._keep_answer,
        }
        self._logs = AzureMonitorLogExporter(**options)
        self._metrics = AzureMonitorMetricExporter(**options)

    async def close(self) -> None:
        """Shut the exporters down."""
        self._logs.shutdown()
        self._metrics.shutdown()

    def _keep_answer(self, answer: PipelineResponse[Any, Any]) -> None:
        self._answer.last = answer.http_response

    def _export(self, traces: Sequence[Trace], metrics: Sequence[BrandMetrics]) -> None:
        if metrics:
            self._export_metrics(metrics)
        for trace in traces:
            self._export_trace(trace)

    def _export_trace(self, trace: Trace) -> None:
        now_ns = time.time_ns()  # not the window's: an alert rule reads the last minutes only
        record = LogRecord(
            timestamp=now_ns,
            observed_timestamp=now_ns,
            severity_number=_LEVELS[trace.level],
            body=trace.message,
            attributes=trace.dimensions,
        )
        self._answer.last = None
        result = self._logs.export([ReadableLogRecord(record, _RESOURCE, _SCOPE)])
        self._check(accepted=result is LogRecordExportResult.SUCCESS)

    def _export_metrics(self, brands: Sequence[BrandMetrics]) -> None:
        now_ns = time.time_ns()
        metrics = [
            Metric(name, "", "", Gauge([NumberDataPoint(one.dimensions, now_ns, now_ns, value)]))
            for one in brands
            for name, value in one.values.items()
        ]
        scope = ScopeMetrics(_SCOPE, metrics, "")
        self._answer.last = None
        result = self._metrics.export(MetricsData([ResourceMetrics(_RESOURCE, [scope], "")]))
        self._check(accepted=result is MetricExportResult.SUCCESS)

    def _check(self, *, accepted: bool) -> None:
        if accepted:
            return
        answer = self._answer.last
        if answer is None:
            raise UnansweredError("Azure Monitor does not answer")
        check_answer(answer.status_code, answer.headers.get("Retry-After", ""), answer.text())
        raise not_accepted(answer.status_code)
