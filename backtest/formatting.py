"""Figures of a backtest as text, for the terminal and the report."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from typing import Final

from badbuzz.detection.alert_evaluation import Interval, Scorecard

NONE: Final = "–"


def when(time_ms: int, zone: tzinfo = UTC) -> str:
    """Format a time to the minute, in UTC by default.

    Examples
    --------
    >>> when(0)
    'Thu 01 Jan 1970 00:00'
    """
    return f"{datetime.fromtimestamp(time_ms / 1000, zone):%a %d %b %Y %H:%M}"


def caught(card: Scorecard) -> str:
    """Format the incidents caught, such as ``4 of 5``, with the bootstrap interval."""
    unwatched = f"{card.n_unjudged} not watched" if card.n_unjudged else ""
    if not card.n_incidents:
        return unwatched or NONE
    spread = _spread(card.caught_interval, lambda value: f"{value * 100:.0f}")
    share = f"{card.n_caught} of {card.n_incidents}{spread and f' ({spread} %)'}"
    return ", ".join(filter(None, (share, unwatched)))


def delay(card: Scorecard) -> str:
    """Format the median delay in minutes."""
    if card.median_delay_min is None:
        return NONE
    spread = _spread(card.delay_interval, lambda minutes: f"{minutes:.0f}")
    return f"{card.median_delay_min:.0f} min{spread and f' ({spread})'}"


def per_week(rate: float | None, interval: Interval | None = None) -> str:
    """Format a rate per brand-week."""
    if rate is None:
        return NONE
    spread = _spread(interval, lambda value: f"{value:.2f}")
    return f"{rate:.2f}{spread and f' ({spread})'}"


def benign(card: Scorecard) -> str:
    """Format the number of benign surges with an alert."""
    share = f"{card.n_benign_alerted} of {card.n_benign}" if card.n_benign else ""
    unwatched = f"{card.n_benign_unjudged} not watched" if card.n_benign_unjudged else ""
    return ", ".join(filter(None, (share, unwatched))) or NONE


def hours(card: Scorecard) -> str:
    """Format the hours in which an alert was open."""
    return f"{card.alert_hours:.1f}"


def _spread(interval: Interval | None, format_: Callable[[float], str]) -> str:
    if interval is None:
        return ""
    low, high = (format_(end) for end in interval)
    return f"{low}–{high}" if low != high else ""


Column = tuple[str, Callable[[Scorecard], str]]

COLUMNS: Final[tuple[Column, ...]] = (
    ("alerts", lambda card: str(card.n_alerts)),
    ("incidents caught", caught),
    ("median delay", delay),
    ("false alarms", lambda card: str(card.n_false_alarms)),
    (
        "per brand-week",
        lambda card: per_week(card.false_alarms_per_week, card.false_alarms_interval),
    ),
    ("benign alerted", benign),
    ("alert-hours", hours),
)
"""Columns of a table of scorecards if the truth is known."""

COLUMNS_WITHOUT_TRUTH: Final[tuple[Column, ...]] = (
    COLUMNS[0],
    ("per brand-week", lambda card: per_week(card.alerts_per_week)),
    COLUMNS[-1],
    ("brand-weeks watched", lambda card: f"{card.brand_weeks:.2f}"),
)


def columns(*, with_truth: bool) -> tuple[Column, ...]:
    """Return the columns of a table of scorecards: a title and a formatter."""
    return COLUMNS if with_truth else COLUMNS_WITHOUT_TRUTH
