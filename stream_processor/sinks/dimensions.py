"""What Azure Monitor is told: the names that queries use stand here and nowhere else.

Azure Monitor makes every dimension a string; a query turns it back with ``todouble()``.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from badbuzz.render import chosen
from stream_processor.notice import Notice

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

MISPREDICTION_FIELDS: Final = ("brand", "text", "prediction", "correction", "bundle")
HEARTBEAT_FIELDS: Final = ("group",)

METRICS: Final = ("badbuzz_negatives", "badbuzz_expected_negatives", "badbuzz_negative_rate")
"""Custom metrics of a brand, in the order of :func:`measures`; their dimension is ``brand``."""


def dimensions(notice: Notice) -> dict[str, str]:
    """The dimensions of a change of phase, all texts; what is not known is empty.

    Examples
    --------
    >>> from badbuzz.message import write
    >>> from badbuzz.render import example
    >>> told = dimensions(Notice(example(), write(example(), UTC), told_ms=0))
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


def measures(notice: Notice) -> dict[str, float]:
    """The custom metrics of a brand at a change of phase.

    Examples
    --------
    >>> from badbuzz.message import write
    >>> from badbuzz.render import example
    >>> measures(Notice(example(), write(example(), UTC), told_ms=0))["badbuzz_negatives"]
    38.0
    """
    alert = notice.alert
    values = (float(alert.n_negative), alert.expected, alert.rate)
    return dict(zip(METRICS, values, strict=True))


def _iso(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat().replace("+00:00", "Z")
