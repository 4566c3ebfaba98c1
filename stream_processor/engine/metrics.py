"""Every metric of the worker: its name, its unit, what it means."""

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

from badbuzz.model import Severity, Window


class BulkHistogram(Collector):
    """A histogram that takes many values at once: one numpy call for a batch.

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
        """Take in values, any number of them."""
        seen = np.asarray(values, dtype=np.float64)
        places = np.searchsorted(self._bounds, seen, side="left")
        with self._lock:
            self._counts += np.bincount(places, minlength=len(self._counts))
            self._sum += float(seen.sum())

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """What Prometheus scrapes."""
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


TWEETS: Final = Counter("badbuzz_tweets", "Records taken in, by what became of them.", ["outcome"])
DEAD_LETTERS: Final = Counter(
    "badbuzz_dead_letters", "Records that could not be read, by reason.", ["reason"]
)
MOSTLY_UNREADABLE: Final = Gauge(
    "badbuzz_mostly_unreadable", "1 when most of the last minute's records could not be read."
)
BATCH_RECORDS: Final = Histogram(
    "badbuzz_batch_records",
    "Records handled at once.",
    buckets=[1, 4, 16, 64, 256, 1024, 4096],
)
CPU_SECONDS: Final = Counter(
    "badbuzz_cpu_seconds",
    "CPU time, by stage: decode; score; fold, outputs encoded; publish, state packed.",
    ["stage"],
)
LATENCY_SECONDS: Final = BulkHistogram(
    "badbuzz_verdict_latency_seconds",
    "From the record's Kafka timestamp to its committed verdict; replays included.",
    [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0],
)
LAG: Final = Gauge("badbuzz_lag_records", "Records not yet committed.", ["topic", "partition"])
GAPS: Final = Counter("badbuzz_gaps", "Times that offsets were missing in a partition.")
CHECKPOINT_SECONDS: Final = Histogram(
    "badbuzz_checkpoint_seconds",
    "Wall time of a checkpoint of all partitions.",
    buckets=[0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
)
PARTITIONS: Final = Gauge("badbuzz_partitions_owned", "Partitions this worker owns.", ["topic"])
BROKER_REACHED: Final = Gauge(
    "badbuzz_broker_reached", "1 when the broker answered the last probe, 0 when it did not."
)
STORE_REACHED: Final = Gauge(
    "badbuzz_store_reached", "1 when the database answered the last time, 0 when it did not."
)
RECORDED: Final = Counter(
    "badbuzz_recorded",
    "Rows given to the store; of tweets only those fit for the sample.",
    ["topic"],
)
UNRECORDED: Final = Counter(
    "badbuzz_unrecorded", "Records that could not be read, and stay in their topic.", ["topic"]
)
NOTIFIED: Final = Counter(
    "badbuzz_notified",
    "Changes of phase by what became of them: told, replay, refused, given_up, unreadable.",
    ["sink", "outcome"],
)
CORRECTED: Final = Counter(
    "badbuzz_corrections_told",
    "Mispredictions that a sink was told of, by what became of them: told, refused.",
    ["sink", "outcome"],
)
NOTIFY_SECONDS: Final = Histogram(
    "badbuzz_notify_seconds",
    "From an alert record's Kafka timestamp to the sink's acceptance.",
    ["sink"],
    buckets=[0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600],
)
SINK_WAITING: Final = Gauge(
    "badbuzz_sink_waiting", "Changes of phase that a sink has not taken yet.", ["sink"]
)
SINK_REACHED: Final = Gauge(
    "badbuzz_sink_reached", "1 when a sink took what it was last given, 0 when not.", ["sink"]
)
SINK_RETRIES: Final = Counter(
    "badbuzz_sink_retries", "Times that a sink did not take what it was given.", ["sink"]
)
REBALANCES: Final = Counter("badbuzz_rebalances", "Assignments of partitions to this worker.")
SOURCE_EVENT_SECONDS: Final = Gauge(
    "badbuzz_source_event_time_seconds", "Newest event time of a source, Unix.", ["source"]
)
SOURCE_HEARTBEAT_SECONDS: Final = Gauge(
    "badbuzz_source_heartbeat_time_seconds", "Newest heartbeat of a source, Unix.", ["source"]
)
LAST_RECORD_SECONDS: Final = Gauge(
    "badbuzz_last_record_time_seconds", "When a record was last taken in, Unix; wall clock."
)
BUNDLE: Final = Gauge(
    "badbuzz_bundle_info", "1 for each bundle that serves.", ["language", "bundle"]
)
BUNDLE_SWAPS: Final = Counter(
    "badbuzz_bundle_swaps", "Times that a champion took over while the worker ran.", ["language"]
)
REGISTRY_FAILURES: Final = Counter(
    "badbuzz_registry_failures",
    "Looks for a champion that failed, by language and kind: unreachable, broken.",
    ["language", "kind"],
)
REGISTRY_LOOK_SECONDS: Final = Gauge(
    "badbuzz_registry_last_look_time_seconds",
    "When the registry last answered for every language, Unix; wall clock.",
)
DRIFT_TWEETS: Final = Gauge(
    "badbuzz_drift_tweets",
    "Tweets of the last day of event time by tenth of their score, whose lower end is bin. This "
    "worker's; absent under 500, as all badbuzz_drift_ are.",
    ["bundle", "bin"],
)
DRIFT_EXPECTED: Final = Gauge(
    "badbuzz_drift_expected_share",
    "Their shares among the texts that the bundle was measured on, as its card says.",
    ["bundle", "bin"],
)
DRIFT_PSI: Final = Gauge(
    "badbuzz_drift_psi",
    "Population stability index of those scores against the card's; above 0.2 a shift.",
    ["bundle"],
)
DRIFT_TOKENS: Final = Gauge(
    "badbuzz_drift_tokens",
    "Tokens of the same day by whether the model has seen the word: of 8 tweets in 2,000, of all "
    "in a slow stream.",
    ["bundle", "known"],
)
DRIFT_EXPECTED_UNKNOWN: Final = Gauge(
    "badbuzz_drift_expected_unknown_rate",
    "Share of unknown tokens in the texts that the bundle was measured on, as its card says.",
    ["bundle"],
)
DRIFT_LANGUAGES: Final = Gauge(
    "badbuzz_drift_languages",
    "Tweets of the last day of event time by language: those with a bundle; und, undetermined; "
    "other. No bundle reads the last two.",
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
    "badbuzz_brand_expected_negatives_low",
    "Least negatives still usual in the last closed window.",
    ["brand"],
)
EXPECTED_HIGH: Final = Gauge(
    "badbuzz_brand_expected_negatives_high",
    "Most negatives still usual in the last closed window.",
    ["brand"],
)
RATE: Final = Gauge(
    "badbuzz_brand_negative_rate", "Negative rate of the last closed window, 0 to 1.", ["brand"]
)
ADJUSTED_RATE: Final = Gauge(
    "badbuzz_brand_adjusted_negative_rate",
    "That rate adjusted for the classifier's error, 0 to 1.",
    ["brand"],
)
ALERT_STATE: Final = Gauge(
    "badbuzz_brand_alert_state", "0 none, 1 informational, 2 warning, 3 critical.", ["brand"]
)
ALERT_REPLAYED: Final = Gauge(
    "badbuzz_brand_alert_replayed",
    "1 where the brand's newest alert is about history that is sent again.",
    ["brand"],
)

BRANDS_WITHOUT_GAUGES: Final = Gauge(
    "badbuzz_brands_without_gauges", "Brands above BADBUZZ_MAX_BRANDS, which have no gauges here."
)
_BRAND_GAUGES: Final = (
    NEGATIVES, EXPECTED, EXPECTED_LOW, EXPECTED_HIGH, RATE, ADJUSTED_RATE,
    ALERT_STATE, ALERT_REPLAYED,
)  # fmt: skip
_SEVERITY: Final = {"info": 1, "warning": 2, "critical": 3}


def forget_drift() -> None:
    """Drop every gauge of drift."""
    for gauge in _DRIFT:
        gauge.clear()


class RecentCounts:
    """Records seen, unreadable and late since it was last asked.

    Examples
    --------
    >>> recent = RecentCounts()
    >>> recent.add(10, 6, 1)
    >>> recent.take(), recent.take()
    ((10, 6, 1), (0, 0, 0))
    """

    def __init__(self) -> None:
        self._counts = (0, 0, 0)

    def add(self, seen: int, unreadable: int, late: int) -> None:
        """Count a batch."""
        before = self._counts
        self._counts = before[0] + seen, before[1] + unreadable, before[2] + late

    def take(self) -> tuple[int, int, int]:
        """The counts; they start again at zero."""
        counts, self._counts = self._counts, (0, 0, 0)
        return counts


class SourceMetrics:
    """The sources' gauges, for at most so many sources: those that came furthest.

    Parameters
    ----------
    max_sources
        Sources that have gauges at a time; each replay is a source of its own.
    """

    def __init__(self, max_sources: int) -> None:
        self._max_sources = max_sources
        self._newest_ms: dict[str, int] = {}

    def show(self, source: str, time_ms: int, gauge: Gauge) -> None:
        """Set one of a source's gauges, and drop the gauges of the source furthest behind."""
        self._newest_ms[source] = max(time_ms, self._newest_ms.get(source, 0))
        gauge.labels(source).set(time_ms / 1000)
        if len(self._newest_ms) > self._max_sources:
            furthest = min(self._newest_ms, key=self._newest_ms.__getitem__)
            del self._newest_ms[furthest]
            for each in (SOURCE_EVENT_SECONDS, SOURCE_HEARTBEAT_SECONDS):
                with suppress(KeyError):  # it may have sent only tweets, or only heartbeats
                    each.remove(furthest)

    def forget(self) -> None:
        """Drop every source's gauges: another worker may show them from now on."""
        for gauge in (SOURCE_EVENT_SECONDS, SOURCE_HEARTBEAT_SECONDS):
            gauge.clear()
        self._newest_ms.clear()


class BrandMetrics:
    """The brands' gauges, for at most so many brands; the others are only counted.

    Parameters
    ----------
    max_brands
        Brands that get gauges, first come, first served.
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
        """Remember a brand's newest window, to be shown by :meth:`show`."""
        self._newest[window.brand] = window

    def show(self) -> None:
        """Set the gauges of the brands that had windows: once a checkpoint, not once a window."""
        for window in self._newest.values():
            if self._has_gauges(window.brand):
                _show_window(window)
        self._newest.clear()

    def show_alert(self, brand: str, severity: Severity | None, *, replay: bool) -> None:
        """Set a brand's alert state; None when it has no open alert."""
        if self._has_gauges(brand):
            ALERT_REPLAYED.labels(brand).set(replay)
            ALERT_STATE.labels(brand).set(_SEVERITY[severity] if severity is not None else 0)

    def forget(self, brands: Iterable[str]) -> None:
        """Drop the gauges of brands that another worker shows from now on."""
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
