"""Charts of several brands in one time zone, each with its own colour and dash."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import altair as alt

from badbuzz.messages.translator import Translator
from badbuzz.store.model import WindowSum
from dashboards.front.parts.charts import AXIS, on_clock, spans
from dashboards.front.parts.theme import INK, QUIET_INK, RED

COLOURS: Final = ("#0b57a4", "#a3440b", "#1c6b3c", "#7a2a86", "#18222d", "#8f6b00")
DASHES: Final = ([1, 0], [7, 3], [2, 2], [10, 3, 2, 3], [4, 4], [12, 4])
MOST: Final = len(COLOURS)
"""Largest number of brands in one chart: colours and dashes for more would look alike."""
_HEIGHT: Final = 230
_ROW: Final = 26
_LEFT: Final = 72
"""Width of the brands' names in pixels: it aligns the time axes of all charts."""
_LONG_MS: Final = 36 * 3_600_000
_AXIS: Final = {**AXIS, "labelFont": "Source Sans", "titleColor": QUIET_INK}

Seen = Mapping[str, Sequence[WindowSum]]
"""Steps by brand, oldest first, all of one length."""


def rows(seen: Seen, zone: str, t: Translator) -> list[dict[str, Any]]:
    """Return the steps of all brands as rows of a chart; a missing step cuts the line."""
    return [row for brand, steps in seen.items() for row in _rows(brand, steps, zone, t)]


def _rows(
    brand: str, steps: Sequence[WindowSum], zone: str, t: Translator
) -> Iterator[dict[str, Any]]:
    end_ms = steps[0].start_ms if steps else 0
    for step in steps:
        if step.start_ms > end_ms:
            yield {"brand": brand, "at": on_clock(end_ms, zone)}
        end_ms = step.end_ms
        yield {
            "brand": brand,
            "at": on_clock(step.start_ms, zone),
            "when": t.moment(step.start_ms, zone),
            "negative": step.n_negative,
            "rate": step.rate,
            "n": step.n,
        }
    yield {"brand": brand, "at": on_clock(end_ms, zone)}


def alert_rows(seen: Seen, zone: str) -> list[dict[str, Any]]:
    """Return the spans of each brand's alerts."""
    return [
        {"brand": brand, **span} for brand, steps in seen.items() for span in spans(steps, zone)
    ]


def lines(seen: Seen, field: str, zone: str, t: Translator) -> alt.Chart:
    """Return the chart of a figure of every brand: ``negative``, ``rate`` or ``n``."""
    percent = field == "rate"
    axis = alt.Axis(
        format="%" if percent else "d",
        tickCount=4,
        tickMinStep=0 if percent else 1,
        minExtent=_LEFT,
        **_AXIS,
    )
    scale = alt.Scale(domain=[0, 1]) if percent else alt.Scale(zero=True)
    tooltips = [
        alt.Tooltip("brand:N", title=t("brand")),
        alt.Tooltip("when:N", title=t("chart_from")),
        alt.Tooltip(f"{field}:Q", title=t(f"history_{field}"), format=".0%" if percent else "d"),
    ]
    chart: alt.Chart = (
        alt.Chart(alt.InlineData(values=rows(seen, zone, t)))
        .mark_line(strokeWidth=2)
        .encode(
            x=_time(seen, zone),
            y=alt.Y(f"{field}:Q", title=None, axis=axis, scale=scale),
            color=alt.Color("brand:N", scale=_by_brand(seen, COLOURS), legend=_legend()),
            strokeDash=alt.StrokeDash("brand:N", scale=_by_brand(seen, DASHES), legend=_legend()),
            tooltip=tooltips,
        )
        .properties(height=_HEIGHT)
    )
    return chart


def alerts(seen: Seen, zone: str) -> alt.Chart:
    """Return the chart of the alerts, one row per brand."""
    names = alt.Axis(
        **{**_AXIS, "labelColor": INK}, labelLimit=_LEFT - 6, minExtent=_LEFT, grid=True
    )
    chart: alt.Chart = (
        alt.Chart(alt.InlineData(values=alert_rows(seen, zone)))
        .mark_bar(color=RED, height=12)
        .encode(
            x=_time(seen, zone, fixed=True),
            x2="end:T",
            y=alt.Y("brand:N", title=None, scale=alt.Scale(domain=list(seen)), axis=names),
        )
        .properties(height=_ROW * len(seen))
    )
    return chart


def _legend() -> alt.Legend:
    return alt.Legend(
        orient="top", title=None, symbolType="stroke", symbolSize=500, symbolStrokeWidth=2.5,
        labelFontSize=13, labelColor=INK, columns=3,
    )  # fmt: skip


def _by_brand(seen: Seen, marks: Sequence[Any]) -> alt.Scale:
    return alt.Scale(domain=list(seen), range=list(marks[: len(seen)]))


def _time(seen: Seen, zone: str, *, fixed: bool = False) -> alt.X:
    """Return the time axis; ``fixed`` shows the whole period even without marks."""
    starts = [steps[0].start_ms for steps in seen.values() if steps]
    ends = [steps[-1].end_ms for steps in seen.values() if steps]
    begin_ms, end_ms = min(starts, default=0), max(ends, default=1)
    form = "%d/%m" if end_ms - begin_ms > _LONG_MS else "%H:%M"
    ends_shown = [on_clock(begin_ms, zone), on_clock(end_ms, zone)]
    axis = alt.Axis(format=form, labelOverlap=True, tickCount=6, **{**_AXIS, "grid": False})
    scale = alt.Scale(type="utc", nice=False, domain=ends_shown if fixed else alt.Undefined)
    return alt.X("at:T", title=None, axis=axis, scale=scale)
