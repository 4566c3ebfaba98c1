"""All metrics of the workers, with their names, units and meanings."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Final

import numpy as np
from numpy.typing import ArrayLike
from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import REGISTRY, Collector, CollectorRegistry

from badbuzz.model import Window


class BulkHistogram(Collector):
    """A histogram that observes a whole batch of values in one numpy call.

    Examples
    --------
    >>> seconds = BulkHistogram("a_seconds", "Time.", [0.1, 1.0], registry=CollectorRegistry())
    >>> seconds.observe([0.05, 0.5, 5.0])
    >>> next(seconds.collect()).samples[0].value
    1
    """

    def __init__(
        self,
        name: str,
        documentation: str,
        bounds: Sequence[float],
        registry: CollectorRegistry = REGISTRY,
    ) -> None:
        self._name = name
        self._documentation = documentation
        self._bounds = np.asarray(bounds, dtype=np.float64)
        self._counts = np.zeros(len(bounds) + 1, dtype=np.int64)
        self._sum = 0.0
        self._lock = threading.Lock()
        registry.register(self)

    def observe(self, values: ArrayLike) -> None:
        """Add values to the histogram."""
        observed = np.asarray(values, dtype=np.float64)
        buckets = np.searchsorted(self._bounds, observed, side="left")
        with self._lock:
            self._counts += np.bincount(buckets, minlength=len(self._counts))
            self._sum += float(observed.sum())

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """Yield the metric family that Prometheus scrapes."""
        with self._lock:
            cumulative = np.cumsum(self._counts).tolist()
            total = self._sum
        labels = [f"{bound:g}" for bound in self._bounds] + ["+Inf"]
        yield HistogramMetricFamily(
            self._name,
            self._documentation,
            buckets=list(zip(labels, cumulative, strict=True)),
            sum_value=total,
        )


TWEETS: Final = Counter("badbuzz_tweets", "Records processed, by outcome.", ["outcome"])
RENUMBERED: Final = Counter(
    "badbuzz_source_renumberings",
    "Times that the sequence numbers of a source began again or jumped. Nothing is lost.",
)
DEAD_LETTERS: Final = Counter(
    "badbuzz_dead_letters",
    "Records written to the dead letters, by step (decode, score, fold, encode, render, deliver) "
    "and reason.",
    ["step", "reason"],
)
MOSTLY_UNREADABLE: Final = Gauge(
    "badbuzz_mostly_unreadable", "1 if most records of the last minute were unreadable, else 0."
)
BATCH_RECORDS: Final = Histogram(
    "badbuzz_batch_records",
    "Records processed in one batch.",
    buckets=[1, 4, 16, 64, 256, 1024, 4096],
)
CPU_SECONDS: Final = Counter(
    "badbuzz_cpu_seconds",
    "CPU time by stage: decode, score, fold (with the encoding of outputs), publish (with state).",
    ["stage"],
)
LATENCY_SECONDS: Final = BulkHistogram(
    "badbuzz_verdict_latency_seconds",
    "Time from a record's Kafka timestamp to its committed prediction, replays included.",
    [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0],
)
LAG: Final = Gauge(
    "badbuzz_lag_records",
    "Records not committed yet.",
    ["topic", "partition"],
)
GAPS: Final = Counter("badbuzz_gaps", "Gaps of missing offsets in a partition.")
DELETED_UNREAD: Final = Counter(
    "badbuzz_deleted_unread", "Records that were deleted before they were read.", ["topic"]
)
CHECKPOINT_SECONDS: Final = Histogram(
    "badbuzz_checkpoint_seconds",
    "Wall-clock time of a checkpoint of all partitions.",
    buckets=[0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
)
PARTITIONS: Final = Gauge("badbuzz_partitions_owned", "Partitions that the worker owns.", ["topic"])
BROKER_REACHED: Final = Gauge(
    "badbuzz_broker_reached", "1 if the broker answered the last probe, else 0."
)
STORE_REACHED: Final = Gauge(
    "badbuzz_store_reached", "1 if the database answered the last call, else 0."
)
RECORDED: Final = Counter(
    "badbuzz_recorded",
    "Rows written to the store.",
    ["topic"],
)
UNRECORDED: Final = Counter(
    "badbuzz_unrecorded", "Records that could not be recorded: dead letters.", ["topic"]
)
NOTIFIED: Final = Counter(
    "badbuzz_notified",
    "Changes of an alert's phase, by outcome: told, replay, refused, given_up, failed, unreadable.",
    ["sink", "outcome"],
)
CORRECTED: Final = Counter(
    "badbuzz_corrections_told",
    "Mispredictions sent to a sink, by outcome: told, refused.",
    ["sink", "outcome"],
)
NOTIFY_SECONDS: Final = Histogram(
    "badbuzz_notify_seconds",
    "Time from an alert record's Kafka timestamp to its acceptance by the sink.",
    ["sink"],
    buckets=[0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600],
)
SINK_WAITING: Final = Gauge(
    "badbuzz_sink_waiting",
    "Changes of an alert's phase that a sink has not accepted yet.",
    ["sink"],
)
SINK_REACHED: Final = Gauge(
    "badbuzz_sink_reached", "1 if the sink accepted the last request, else 0.", ["sink"]
)
SINK_RETRIES: Final = Counter(
    "badbuzz_sink_retries", "Requests that a sink did not accept.", ["sink"]
)
REBALANCES: Final = Counter("badbuzz_rebalances", "Assignments of partitions to this worker.")
SOURCE_EVENT_SECONDS: Final = Gauge(
    "badbuzz_source_event_time_seconds", "Newest event time of a source, Unix seconds.", ["source"]
)
SOURCE_HEARTBEAT_SECONDS: Final = Gauge(
    "badbuzz_source_heartbeat_time_seconds",
    "Newest heartbeat of a source, Unix seconds.",
    ["source"],
)
LAST_RECORD_SECONDS: Final = Gauge(
    "badbuzz_last_record_time_seconds",
    "Wall-clock time of the last processed record, Unix seconds.",
)
BUNDLE: Final = Gauge(
    "badbuzz_bundle_info", "1 for each bundle in service.", ["language", "bundle"]
)
BUNDLE_SWAPS: Final = Counter(
    "badbuzz_bundle_swaps", "Champions that replaced a bundle while the worker ran.", ["language"]
)
REGISTRY_FAILURES: Final = Counter(
    "badbuzz_registry_failures",
    "Failed checks for a new champion, by language and kind: unreachable, broken.",
    ["language", "kind"],
)
REGISTRY_LOOK_SECONDS: Final = Gauge(
    "badbuzz_registry_last_look_time_seconds",
    "Wall-clock time of the last check that succeeded for every language, Unix seconds.",
)
DRIFT_TWEETS: Final = Gauge(
    "badbuzz_drift_tweets",
    "Tweets of the last day of event time in this worker, by tenth of their score; bin is the "
    "lower bound. All badbuzz_drift_ metrics are absent below 500 tweets.",
    ["bundle", "bin"],
)
DRIFT_EXPECTED: Final = Gauge(
    "badbuzz_drift_expected_share",
    "Expected share of scores in a bin: that of the reference texts on the bundle's card.",
    ["bundle", "bin"],
)
DRIFT_PSI: Final = Gauge(
    "badbuzz_drift_psi",
    "Population stability index of the scores against the card's; above 0.2 is a shift.",
    ["bundle"],
)
DRIFT_TOKENS: Final = Gauge(
    "badbuzz_drift_tokens",
    "Tokens of the last day of event time, by whether the model knows the word. Of each batch of "
    "up to 2,000 tweets, at most 8 are tokenised.",
    ["bundle", "known"],
)
DRIFT_EXPECTED_UNKNOWN: Final = Gauge(
    "badbuzz_drift_expected_unknown_rate",
    "Expected share of unknown tokens: that of the reference texts on the bundle's card.",
    ["bundle"],
)
DRIFT_LANGUAGES: Final = Gauge(
    "badbuzz_drift_languages",
    "Tweets of the last day of event time by language. und (undetermined) and other have no "
    "bundle.",
    ["lang"],
)
_DRIFT: Final = (
    DRIFT_TWEETS, DRIFT_EXPECTED, DRIFT_PSI, DRIFT_TOKENS, DRIFT_EXPECTED_UNKNOWN, DRIFT_LANGUAGES,
)  # fmt: skip
NEGATIVES: Final = Gauge(
    "badbuzz_brand_negatives", "Negative tweets in the last closed window.", ["brand"]
)
EXPECTED: Final = Gauge(
    "badbuzz_brand_expected_negatives", "Negatives expected in the last closed window.", ["brand"]
)
EXPECTED_LOW: Final = Gauge(
    "badbuzz_brand_expected_negatives_low", "Lower bound of the expected negatives.", ["brand"]
)
EXPECTED_HIGH: Final = Gauge(
    "badbuzz_brand_expected_negatives_high", "Upper bound of the expected negatives.", ["brand"]
)
RATE: Final = Gauge(
    "badbuzz_brand_negative_rate", "Negative rate of the last closed window, 0 to 1.", ["brand"]
)
ADJUSTED_RATE: Final = Gauge(
    "badbuzz_brand_adjusted_negative_rate", "Rate adjusted for the classifier's error.", ["brand"]
)
ALERT_STATE: Final = Gauge(
    "badbuzz_brand_alert_state",
    "Open alert: 0 none, 1 info, 2 warning, 3 critical.",
    ["brand"],
)
ALERT_REPLAYED: Final = Gauge(
    "badbuzz_brand_alert_replayed",
    "1 if the brand's newest alert comes from a replay, else 0.",
    ["brand"],
)

BRANDS_WITHOUT_GAUGES: Final = Gauge(
    "badbuzz_brands_without_gauges", "Brands beyond BADBUZZ_MAX_BRANDS, which have no gauges."
)
_BRAND_GAUGES: Final = (
    NEGATIVES, EXPECTED, EXPECTED_LOW, EXPECTED_HIGH, RATE, ADJUSTED_RATE,
    ALERT_STATE, ALERT_REPLAYED,
)  # fmt: skip
_SEVERITY: Final = {"info": 1, "warning": 2, "critical": 3}
_HIGHEST: Final = max(_SEVERITY.values())


def forget_drift() -> None:
    """Remove all drift gauges."""
    for gauge in _DRIFT:
        gauge.clear()


class SourceGauges:
    """The gauges of the sources with the newest times.

    Parameters
    ----------
    max_sources
        Maximum number of sources with gauges; each replay is a source of its own.
    """

    def __init__(self, max_sources: int) -> None:
        self._max_sources = max_sources
        self._newest_ms: dict[str, int] = {}

    def show(self, source: str, time_ms: int, gauge: Gauge) -> None:
        """Set one of a source's gauges; beyond the maximum, remove the oldest source's gauges."""
        self._newest_ms[source] = max(time_ms, self._newest_ms.get(source, 0))
        gauge.labels(source).set(time_ms / 1000)
        if len(self._newest_ms) > self._max_sources:
            oldest = min(self._newest_ms, key=self._newest_ms.__getitem__)
            del self._newest_ms[oldest]
            for each in (SOURCE_EVENT_SECONDS, SOURCE_HEARTBEAT_SECONDS):
                with suppress(KeyError):  # the source may have sent only tweets, or only heartbeats
                    each.remove(oldest)

    def forget(self) -> None:
        """Remove all sources' gauges, which another worker may set from now on."""
        for gauge in (SOURCE_EVENT_SECONDS, SOURCE_HEARTBEAT_SECONDS):
            gauge.clear()
        self._newest_ms.clear()


class BrandGauges:
    """The gauges of the first brands; further brands are only counted.

    Parameters
    ----------
    max_brands
        Maximum number of brands with gauges.
    """

    def __init__(self, max_brands: int) -> None:
        self._max_brands = max_brands
        self._known: set[str] = set()
        self._others: set[str] = set()
        self._newest: dict[str, Window] = {}

    def _has_gauges(self, brand: str) -> bool:
        if brand in self._known:
            return True
        if len(self._known) < self._max_brands:
            self._known.add(brand)
            return True
        self._others.add(brand)
        BRANDS_WITHOUT_GAUGES.set(len(self._others))
        return False

    def note_window(self, window: Window) -> None:
        """Keep a brand's newest window for :meth:`show`."""
        self._newest[window.brand] = window

    def show(self) -> None:
        """Set the gauges from the windows noted since the last call."""
        for window in self._newest.values():
            if self._has_gauges(window.brand):
                _show_window(window)
        self._newest.clear()

    def show_alert(self, brand: str, severity: str | None, *, replay: bool) -> None:
        """Set a brand's alert state; a severity of None means that no alert is open.

        A severity that this version does not know is shown as the highest.
        """
        if self._has_gauges(brand):
            ALERT_REPLAYED.labels(brand).set(replay)
            state = 0 if severity is None else _SEVERITY.get(severity, _HIGHEST)
            ALERT_STATE.labels(brand).set(state)

    def forget(self, brands: Iterable[str]) -> None:
        """Remove the gauges of brands that another worker owns from now on."""
        for brand in self._known.intersection(brands):
            for gauge in _BRAND_GAUGES:
                with suppress(KeyError):  # a brand without a closed window has no such gauge
                    gauge.remove(brand)
        self._known.difference_update(brands)
        self._others.difference_update(brands)
        BRANDS_WITHOUT_GAUGES.set(len(self._others))


def _show_window(window: Window) -> None:
    NEGATIVES.labels(window.brand).set(window.n_negative)
    EXPECTED.labels(window.brand).set(window.expected)
    EXPECTED_LOW.labels(window.brand).set(window.expected_low)
    EXPECTED_HIGH.labels(window.brand).set(window.expected_high)
    if window.rate is not None and window.adjusted_rate is not None:
        RATE.labels(window.brand).set(window.rate)
        ADJUSTED_RATE.labels(window.brand).set(window.adjusted_rate)
    if not window.alert_id:
        ALERT_STATE.labels(window.brand).set(0)
