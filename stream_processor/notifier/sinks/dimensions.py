"""Names and values of the dimensions and metrics in Azure Monitor.

Azure Monitor stores every dimension as a string; queries convert it with ``todouble()``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from badbuzz.messages.text import chosen
from badbuzz.model import Window
from badbuzz.store.model import Feedback
from stream_processor.notifier.notification import Notification

ALERT_TRACE: Final = "badbuzz alert"
HEARTBEAT_TRACE: Final = "badbuzz heartbeat"
MISPREDICTION_TRACE: Final = "mispredicted tweet"
ROLE: Final = "badbuzz"

ALERT_FIELDS: Final = (
    "brand", "alert_id", "change", "attempt", "mark", "phase", "severity", "window_start",
    "window_end", "opened", "n", "n_negative", "expected", "p_value", "rate", "baseline_rate",
    "adjusted_rate", "adjusted_baseline_rate", "score", "peak_score", "terms", "reasons", "bundle",
    "subject", "summary", "sms", "dashboard", "example_links",
)  # fmt: skip
"""Dimensions of a change of phase, in the order of :func:`alert_dimensions`."""

MISPREDICTION_FIELDS: Final = (
    "feedback", "attempt", "corrected", "brand", "lang", "text", "prediction", "score",
    "correction", "bundle", "source",
)  # fmt: skip
"""Dimensions of a misprediction, in the order of :func:`misprediction_dimensions`."""

HEARTBEAT_FIELDS: Final = ("group",)

METRICS: Final = ("badbuzz_negatives", "badbuzz_expected_negatives", "badbuzz_negative_rate")
"""Custom metrics of a brand, in the order of :class:`BrandMetrics`."""

METRIC_FIELDS: Final = ("brand", "minutes")
"""Dimensions of the metrics: the brand and the length of the window."""

_LABELS: Final = {True: "negative", False: "not negative"}


@dataclass(frozen=True, slots=True)
class BrandMetrics:
    """The metrics of a brand over one window.

    Parameters
    ----------
    brand
        Name of the brand.
    minutes
        Length of the window in minutes.
    n_negative, expected, rate
        Values of the metrics; the rate is in [0, 1], or None without tweets.
    """

    brand: str
    minutes: int
    n_negative: int
    expected: float
    rate: float | None

    @property
    def dimensions(self) -> dict[str, str]:
        """The metrics' dimensions, by name."""
        return dict(zip(METRIC_FIELDS, (self.brand, str(self.minutes)), strict=True))

    @property
    def values(self) -> dict[str, float]:
        """The metrics that have a value, by name."""
        values = zip(METRICS, (self.n_negative, self.expected, self.rate), strict=True)
        return {name: float(value) for name, value in values if value is not None}


def alert_dimensions(notification: Notification) -> dict[str, str]:
    """Return the dimensions of a change of phase as strings; unknown values are empty.

    Examples
    --------
    >>> from badbuzz.messages.mail import write
    >>> from badbuzz.messages.text import example
    >>> values = alert_dimensions(Notification(example(), write(example(), UTC), published_ms=0))
    >>> tuple(values) == ALERT_FIELDS, values["window_end"], values["p_value"], values["terms"]
    (True, '2025-12-31T14:05:00Z', '2.1e-09', 'bags, lost, luggage')
    """
    alert, message = notification.alert, notification.message
    evidence = alert.evidence
    links = [tweet.url for tweet in chosen(alert, most=6) if tweet.url]
    values: tuple[object, ...] = (
        alert.brand, alert.id, notification.change, notification.attempt, notification.mark,
        alert.phase, alert.severity, _iso(alert.window_start_ms), _iso(alert.window_end_ms),
        _iso(alert.opened_ms), alert.n, alert.n_negative, alert.expected, alert.p_value,
        alert.rate, alert.baseline_rate, alert.adjusted_rate, alert.adjusted_baseline_rate,
        alert.score, alert.peak_score,
        ", ".join(term.term for term in evidence.terms) if evidence else "",
        ", ".join(reason.reason for reason in evidence.reasons) if evidence else "",
        alert.bundle, message.subject, message.summary, message.sms, message.dashboard,
        " ".join(links),
    )  # fmt: skip
    return dict(zip(ALERT_FIELDS, map(str, values), strict=True))


def misprediction_dimensions(feedback: Feedback, attempt: int) -> dict[str, str]:
    """Return the dimensions of a misprediction as strings; unknown values are empty.

    Examples
    --------
    >>> feedback = Feedback("f1", 0, "kim", None, "Air Paradis", "en", "Late again", "", False, 0.4,
    ...                     True, "airline-en@1", "feedback")
    >>> values = misprediction_dimensions(feedback, attempt=1)
    >>> tuple(values) == MISPREDICTION_FIELDS, values["prediction"], values["correction"]
    (True, 'not negative', 'negative')
    """
    values: tuple[object, ...] = (
        feedback.id, attempt, _iso(feedback.at_ms), feedback.brand, feedback.lang, feedback.text,
        "" if feedback.predicted is None else _LABELS[feedback.predicted],
        "" if feedback.score is None else feedback.score,
        _LABELS[feedback.ground_truth], feedback.bundle, feedback.source,
    )  # fmt: skip
    return dict(zip(MISPREDICTION_FIELDS, map(str, values), strict=True))


def alert_metrics(notification: Notification) -> BrandMetrics:
    """Return the metrics of an alert over its own scale.

    Examples
    --------
    >>> from badbuzz.messages.mail import write
    >>> from badbuzz.messages.text import example
    >>> metrics = alert_metrics(Notification(example(), write(example(), UTC), published_ms=0))
    >>> metrics.dimensions, metrics.values["badbuzz_negatives"]
    ({'brand': 'Air Paradis', 'minutes': '15'}, 38.0)
    """
    alert = notification.alert
    return BrandMetrics(alert.brand, alert.scale_min, alert.n_negative, alert.expected, alert.rate)


def window_metrics(window: Window) -> BrandMetrics:
    """Return the metrics of a window."""
    minutes = (window.end_ms - window.start_ms) // 60_000
    return BrandMetrics(window.brand, minutes, window.n_negative, window.expected, window.rate)


def _iso(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat().replace("+00:00", "Z")
