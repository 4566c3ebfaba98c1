"""What Azure Monitor is told: the names that queries use stand here and nowhere else.

Azure Monitor makes every dimension a string; a query turns it back with ``todouble()``.
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
"""Dimensions of a change of phase, in the order of :func:`dimensions`."""

MISPREDICTION_FIELDS: Final = (
    "feedback", "attempt", "corrected", "brand", "lang", "text", "prediction", "score",
    "correction", "bundle", "source",
)  # fmt: skip
"""Dimensions of a misprediction, in the order of :func:`mispredicted`."""

HEARTBEAT_FIELDS: Final = ("group",)

METRICS: Final = ("badbuzz_negatives", "badbuzz_expected_negatives", "badbuzz_negative_rate")
"""Custom metrics of a brand, in the order of :class:`Measures`."""

METRIC_FIELDS: Final = ("brand", "minutes")
"""Their dimensions: whose, and over how long it was counted."""

_LABELS: Final = {True: "negative", False: "not negative"}


@dataclass(frozen=True, slots=True)
class Measures:
    """What was counted of a brand.

    Parameters
    ----------
    brand
        Whose.
    minutes
        Over how long.
    n_negative, expected, rate
        The values of the metrics; the rate is None without tweets.
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
        found = zip(METRICS, (self.n_negative, self.expected, self.rate), strict=True)
        return {name: float(value) for name, value in found if value is not None}


def dimensions(notice: Notification) -> dict[str, str]:
    """The dimensions of a change of phase, all texts; what is not known is empty.

    Examples
    --------
    >>> from badbuzz.messages.mail import write
    >>> from badbuzz.messages.text import example
    >>> told = dimensions(Notification(example(), write(example(), UTC), told_ms=0))
    >>> tuple(told) == ALERT_FIELDS, told["window_end"], told["p_value"], told["terms"]
    (True, '2025-12-31T14:05:00Z', '2.1e-09', 'bags, lost, luggage')
    """
    alert, message = notice.alert, notice.message
    evidence = alert.evidence
    links = [tweet.url for tweet in chosen(alert, most=6) if tweet.url]
    values: tuple[object, ...] = (
        alert.brand, alert.id, notice.change, notice.attempt, notice.mark, alert.phase,
        alert.severity, _iso(alert.window_start_ms), _iso(alert.window_end_ms),
        _iso(alert.opened_ms), alert.n, alert.n_negative, alert.expected, alert.p_value,
        alert.rate, alert.baseline_rate, alert.adjusted_rate, alert.adjusted_baseline_rate,
        alert.score, alert.peak_score,
        ", ".join(term.term for term in evidence.terms) if evidence else "",
        ", ".join(reason.reason for reason in evidence.reasons) if evidence else "",
        alert.bundle, message.subject, message.summary, message.sms, message.dashboard,
        " ".join(links),
    )  # fmt: skip
    return dict(zip(ALERT_FIELDS, map(str, values), strict=True))


def mispredicted(said: Feedback, attempt: int) -> dict[str, str]:
    """The dimensions of a misprediction, all texts; what is not known is empty.

    Examples
    --------
    >>> said = Feedback("f1", 0, "kim", None, "Air Paradis", "en", "Late again", "", False, 0.4,
    ...                 True, "airline-en@1", "feedback")
    >>> told = mispredicted(said, attempt=1)
    >>> tuple(told) == MISPREDICTION_FIELDS, told["prediction"], told["correction"]
    (True, 'not negative', 'negative')
    """
    values: tuple[object, ...] = (
        said.id, attempt, _iso(said.at_ms), said.brand, said.lang, said.text,
        "" if said.predicted is None else _LABELS[said.predicted],
        "" if said.score is None else said.score,
        _LABELS[said.right], said.bundle, said.source,
    )  # fmt: skip
    return dict(zip(MISPREDICTION_FIELDS, map(str, values), strict=True))


def measures(notice: Notification) -> Measures:
    """What a change of phase is about: counted over the alert's own scale.

    Examples
    --------
    >>> from badbuzz.messages.mail import write
    >>> from badbuzz.messages.text import example
    >>> told = measures(Notification(example(), write(example(), UTC), told_ms=0))
    >>> told.dimensions, told.values["badbuzz_negatives"]
    ({'brand': 'Air Paradis', 'minutes': '15'}, 38.0)
    """
    alert = notice.alert
    return Measures(alert.brand, alert.scale_min, alert.n_negative, alert.expected, alert.rate)


def measures_of(window: Window) -> Measures:
    """What was counted in a window."""
    minutes = (window.end_ms - window.start_ms) // 60_000
    return Measures(window.brand, minutes, window.n_negative, window.expected, window.rate)


def _iso(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat().replace("+00:00", "Z")
