"""Charts of a brand's observed and expected tweets, in the brand's time zone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Final
from zoneinfo import ZoneInfo

import altair as alt
import pandas as pd

from badbuzz.messages.translator import Translator
from badbuzz.model import DAY_MS
from badbuzz.store.model import WindowSum
from dashboards.front.parts.theme import BLUE, INK, LINE, QUIET_INK, RED

BAND: Final = "#a9c4e4"
_HIGH: Final = 240
_LOW: Final = 150
_TWO_DAYS_MS: Final = 2 * DAY_MS
_DASHED: Final[dict[str, Any]] = {"color": QUIET_INK, "strokeDash": [4, 3], "strokeWidth": 1.5}


def on_clock(at_ms: int, zone: str) -> int:
    """Return a time shifted by its zone's offset, for a chart that shows UTC.

    Examples
    --------
    >>> on_clock(1_764_000_000_000, "Europe/Paris") - 1_764_000_000_000
    3600000
    """
    offset = datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone)).utcoffset()
    assert offset is not None
    return at_ms + round(offset.total_seconds() * 1000)


def rows(steps: Sequence[WindowSum], zone: str, t: Translator) -> list[dict[str, Any]]:
    """Return steps as rows of a chart in a time zone."""
    return [
        {
            "when": t.moment(step.start_ms, zone),
            "at": on_clock(step.start_ms, zone),
            "end": on_clock(step.end_ms, zone),
            "n": step.n,
            "negative": step.n_negative,
            "expected": round(step.expected, 2),
            "low": round(step.expected_low, 2),
            "high": round(step.expected_high, 2),
            "rate": step.rate,
            "usual_rate": round(step.baseline_rate, 4),
        }
        for step in steps
    ]


def alert_spans(steps: Sequence[WindowSum]) -> list[tuple[WindowSum, WindowSum]]:
    """Return the first and the last step of each alert."""
    groups = (list(group) for key, group in groupby(steps, lambda step: step.alert_id) if key)
    return [(group[0], group[-1]) for group in groups]


def spans(steps: Sequence[WindowSum], zone: str) -> list[dict[str, Any]]:
    """Return the half-open spans of the alerts in a time zone."""
    return [
        {"at": on_clock(first.start_ms, zone), "end": on_clock(last.end_ms, zone)}
        for first, last in alert_spans(steps)
    ]


def negatives(steps: Sequence[WindowSum], zone: str, t: Translator) -> alt.LayerChart:
    """Return the chart of negative tweets over the expected band, alerts shaded."""
    base = _on(rows(steps, zone, t)).encode(x=_time(steps))
    band = base.mark_area(color=BAND, opacity=0.75).encode(
        y=alt.Y("low:Q", title=None, axis=_counts()), y2="high:Q"
    )
    usual = base.mark_line(**_DASHED).encode(y="expected:Q")
    seen = base.mark_line(color=INK, strokeWidth=2).encode(y="negative:Q")
    tooltips = [
        _tooltip("negative:Q", t("chart_negatives")),
        _tooltip("expected:Q", t("chart_expected"), ".1f"),
        _tooltip("n:Q", t("chart_tweets")),
    ]
    return _layered(steps, zone, [band, usual, seen, _pointed(base, tooltips, t)], _HIGH)


def rate(
    steps: Sequence[WindowSum], fine: Sequence[WindowSum], zone: str, t: Translator
) -> alt.LayerChart:
    """Return the chart of the negative rate and its baseline; ``fine`` steps have the alerts."""
    base = _on(rows(steps, zone, t)).encode(x=_time(steps))
    percent = alt.Axis(format="%", tickCount=4, **AXIS)
    seen = base.mark_line(color=INK, strokeWidth=2).encode(
        y=alt.Y("rate:Q", title=None, axis=percent, scale=alt.Scale(domain=[0, 1]))
    )
    usual = base.mark_line(**_DASHED).encode(y="usual_rate:Q")
    tooltips = [
        _tooltip("rate:Q", t("chart_rate"), ".0%"),
        _tooltip("usual_rate:Q", t("chart_usual_rate"), ".0%"),
    ]
    return _layered(fine, zone, [seen, usual, _pointed(base, tooltips, t)], _LOW)


def volume(
    steps: Sequence[WindowSum], fine: Sequence[WindowSum], zone: str, t: Translator
) -> alt.LayerChart:
    """Return the chart of all tweets; ``fine`` steps have the alerts."""
    base = _on(rows(steps, zone, t)).encode(x=_time(steps))
    filled = base.mark_area(color=BLUE, interpolate="step-after").encode(
        y=alt.Y("n:Q", title=None, axis=_counts())
    )
    tooltips = [_tooltip("n:Q", t("chart_tweets"))]
    return _layered(fine, zone, [filled, _pointed(base, tooltips, t)], _LOW)


AXIS: Final[dict[str, Any]] = {
    "labelColor": QUIET_INK, "domainColor": LINE, "tickColor": LINE, "gridColor": LINE,
    "labelFontSize": 12,
}  # fmt: skip


def _on(values: list[dict[str, Any]]) -> alt.Chart:
    return alt.Chart(pd.DataFrame(values))


def _counts() -> alt.Axis:
    return alt.Axis(tickCount=4, tickMinStep=1, format="d", **AXIS)


def _time(steps: Sequence[WindowSum]) -> alt.X:
    long = bool(steps) and steps[-1].end_ms - steps[0].start_ms > _TWO_DAYS_MS
    axis = alt.Axis(
        format="%d/%m" if long else "%H:%M", labelOverlap=True, tickCount=6, grid=False, **AXIS
    )
    return alt.X("at:T", title=None, axis=axis, scale=alt.Scale(type="utc", nice=False))


def _layered(
    fine: Sequence[WindowSum], zone: str, layers: list[alt.Chart], height: int
) -> alt.LayerChart:
    """Return layers over the alerts' spans, if any: Vega warns about an empty layer."""
    open_spans = spans(fine, zone)
    if open_spans:
        shade = _on(open_spans).mark_rect(color=RED, opacity=0.16, stroke=RED)
        layers = [shade.encode(x=_time(fine), x2="end:T"), *layers]
    padding = {"left": 0, "right": 8, "top": 4, "bottom": 0}
    layered: Any = alt.layer(*layers)
    chart: alt.LayerChart = layered.properties(height=height, padding=padding)
    return chart


def _tooltip(field: str, title: str, form: str = "d") -> alt.Tooltip:
    return alt.Tooltip(field, title=title, format=form)


def _pointed(base: alt.Chart, tooltips: list[alt.Tooltip], t: Translator) -> alt.Chart:
    """Return an invisible layer that shows a tooltip anywhere over a step."""
    when = alt.Tooltip("when:N", title=t("chart_from"))
    chart: alt.Chart = base.mark_rect(opacity=0).encode(x2="end:T", tooltip=[when, *tooltips])
    return chart
