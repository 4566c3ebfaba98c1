"""Azure Monitor through OpenCensus, which is retired upstream."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import requests
from opencensus.ext.azure.common import utils
from opencensus.ext.azure.common.protocol import Data, DataPoint, Envelope, MetricData
from opencensus.ext.azure.log_exporter import AzureLogHandler

from stream_processor.notifier.sinks.azure import AzureSink, Trace, not_accepted
from stream_processor.notifier.sinks.dimensions import ROLE, BrandMetrics
from stream_processor.notifier.sinks.sink import UnansweredError, check_answer

_LOGGER: Final = logging.getLogger(ROLE)
_LEVELS: Final = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


class AzureOpenCensus(AzureSink):
    """Azure Monitor with envelopes made by OpenCensus.

    This class posts the envelopes itself: OpenCensus's transport takes any 200 for an acceptance
    and does not expose ``Retry-After``.
    """

    def _connect(self, connection_string: str) -> None:
        self._handler = AzureLogHandler(
            connection_string=connection_string, enable_local_storage=False
        )
        options = self._handler.options
        self._key = options.instrumentation_key
        self._url = f"{options.endpoint.rstrip('/')}/v2.1/track"

    async def close(self) -> None:
        """End the handler's thread."""
        self._handler.close()

    def _export(self, traces: Sequence[Trace], metrics: Sequence[BrandMetrics]) -> None:
        envelopes = [self._trace(trace) for trace in traces]
        envelopes += [envelope for one in metrics for envelope in self._metrics(one)]
        for envelope in envelopes:
            envelope.tags["ai.cloud.role"] = ROLE
        self._post(json.dumps(envelopes), len(envelopes))

    def _trace(self, trace: Trace) -> Any:
        extra = {"custom_dimensions": dict(trace.dimensions)}
        record = _LOGGER.makeRecord(
            ROLE, _LEVELS[trace.level], "", 0, trace.message, (), None, extra=extra
        )
        return self._handler.log_record_to_envelope(record)

    def _metrics(self, metrics: BrandMetrics) -> Iterator[Any]:
        now = datetime.now(UTC).isoformat()
        for name, value in metrics.values.items():
            point = DataPoint(ns=name, name=name, value=value)
            envelope = Envelope(
                iKey=self._key,
                tags=dict(utils.azure_monitor_context),
                time=now,
                name="Microsoft.ApplicationInsights.Metric",
            )
            data = MetricData(metrics=[point], properties=metrics.dimensions)
            envelope.data = Data(baseData=data, baseType="MetricData")
            yield envelope

    def _post(self, body: str, n_envelopes: int) -> None:
        headers = {"Content-Type": "application/json; charset=utf-8"}
        try:
            answer = requests.post(
                self._url, data=body.encode(), headers=headers, timeout=self.timeout_s
            )
        except requests.RequestException as error:
            raise UnansweredError(f"Azure Monitor does not answer: {error}") from error
        check_answer(answer.status_code, answer.headers.get("Retry-After", ""), answer.text)
        try:
            accepted = answer.json()["itemsAccepted"] == n_envelopes
        except (ValueError, TypeError, KeyError):
            accepted = False
        if not accepted:
            raise not_accepted(answer.status_code)
