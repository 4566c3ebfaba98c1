"""The metrics of the API."""

from __future__ import annotations

import re
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.process_collector import ProcessCollector

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_VERSION: Final = re.compile(r"[\w .-]{1,60}@[0-9a-f]{8}")
_MAX_VERSIONS: Final = 200
_BUCKETS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class _MispredictionCounter:
    """Counter of mispredictions by bundle, with a bounded number of bundles."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._counter = Counter(
            "badbuzz_mispredictions",
            "Corrections that contradict a label, by the bundle that predicted it; other if the "
            "request's bundle is not a valid version.",
            ["bundle"],
            registry=registry,
        )
        self._versions: set[str] = {""}

    def count(self, bundle: str) -> None:
        if _VERSION.fullmatch(bundle) and len(self._versions) < _MAX_VERSIONS:
            self._versions.add(bundle)
        self._counter.labels(bundle if bundle in self._versions else "other").inc()


class Metrics:
    """The metrics of one application.

    Examples
    --------
    >>> metrics = Metrics()
    >>> metrics.count_misprediction("airline-en@0123abcd")
    >>> b'badbuzz_mispredictions_total{bundle="airline-en@0123abcd"} 1.0' in metrics.text()
    True
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self.requests = self._counter(
            "badbuzz_api_requests", "Requests answered, by method, route and status.",
            "method", "route", "status",
        )  # fmt: skip
        self.latency = Histogram(
            "badbuzz_api_latency_seconds",
            "Time from the arrival of a request to the first byte of its response.",
            ["route"],
            buckets=_BUCKETS_S,
            registry=self._registry,
        )
        self.scored = self._counter(
            "badbuzz_api_scored_texts",
            "Texts scored on request, by bundle; empty if no bundle reads the language.",
            "bundle",
        )
        self.corrections = self._counter(
            "badbuzz_corrections", "Corrections and confirmations of labels, by source.", "source"
        )
        self._mispredictions = _MispredictionCounter(self._registry)
        self.listeners = Gauge(
            "badbuzz_api_listeners", "Open connections to /stream.", registry=self._registry
        )
        self.cut_off = self._counter(
            "badbuzz_api_listeners_cut_off",
            "Connections to /stream that were closed because the client read too slowly.",
        )
        self.swaps = self._counter(
            "badbuzz_api_bundle_swaps",
            "Champions that replaced a bundle while the API ran.",
            "language",
        )
        self.registry_failures = self._counter(
            "badbuzz_api_registry_failures",
            "Failed polls of the registry, by language and kind: unreachable, broken.",
            "language", "kind",
        )  # fmt: skip

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(name, meaning, labels, registry=self._registry)

    def count_misprediction(self, bundle: str) -> None:
        """Count a misprediction; bundles without the format of a version count as ``other``."""
        self._mispredictions.count(bundle)

    def text(self) -> bytes:
        """Return the metrics in the text format of Prometheus."""
        return generate_latest(self._registry)
