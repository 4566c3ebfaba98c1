"""Draw a period's three charts with their legends, and the same figures as a table."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from badbuzz.messages.translator import Translator
from badbuzz.store.model import WindowSum
from dashboards.front.parts import charts, layout


def draw_curves(
    steps: Sequence[WindowSum], coarse: Sequence[WindowSum], zone: str, t: Translator
) -> None:
    """Draw negative tweets and, by ``coarse`` steps, the negative rate and the volume."""
    draw_negatives(t("negatives_title"), steps, zone, t)
    if not steps:
        return
    left, right = st.columns(2, gap="large")
    ends = {
        "start": t.moment(steps[0].start_ms, zone), "end": t.moment(steps[-1].end_ms, zone)
    }  # fmt: skip
    with left:
        st.subheader(t("chart_rate"), anchor=False)
        layout.legend(("line", t("legend_rate")), ("dash", t("legend_usual")))
        st.altair_chart(charts.rate(coarse, steps, zone, t), alt=t("rate_alt", **ends), theme=None)
    with right:
        st.subheader(t("volume_title"), anchor=False)
        layout.legend(("bar", t("legend_tweets")))
        st.altair_chart(
            charts.volume(coarse, steps, zone, t), alt=t("volume_alt", **ends), theme=None
        )
    with st.expander(t("table"), icon=":material/table:"):
        st.table(table(steps, zone, t), hide_index=True, height=320, alt=t("table"))


def draw_negatives(title: str, steps: Sequence[WindowSum], zone: str, t: Translator) -> None:
    """Draw the chart of negative tweets under a heading."""
    st.header(title, anchor=False)
    if not steps:
        st.write(t("no_windows"))
        return
    layout.legend(
        ("line", t("legend_seen")),
        ("band", t("legend_band")),
        ("dash", t("legend_expected")),
        ("alert", t("legend_alert")),
    )
    st.altair_chart(charts.negatives(steps, zone, t), alt=described(steps, zone, t), theme=None)


def described(steps: Sequence[WindowSum], zone: str, t: Translator) -> str:
    """Return the alternative text of the chart of negative tweets."""
    top = max(steps, key=lambda step: step.n_negative)
    spans = [
        f"{t.moment(first.start_ms, zone)} – {t.clock(last.end_ms, zone)}"
        for first, last in charts.alert_spans(steps)
    ]
    return t(
        "negatives_alt",
        start=t.moment(steps[0].start_ms, zone),
        end=t.moment(steps[-1].end_ms, zone),
        most=top.n_negative,
        minutes=(top.end_ms - top.start_ms) // 60_000,
        peak=t.moment(top.start_ms, zone),
        expected=t.number(top.expected, 1),
        spans=t("alt_alerts", spans="; ".join(spans)) if spans else t("alt_no_alert"),
    )


def table(steps: Sequence[WindowSum], zone: str, t: Translator) -> dict[str, list[str]]:
    """Return the figures of the charts, one column each, newest first."""
    newest_first = list(reversed(steps))
    return {
        t("table_time"): [t.moment(step.start_ms, zone) for step in newest_first],
        t("chart_negatives"): [t.number(step.n_negative) for step in newest_first],
        t("chart_expected"): [t.number(step.expected, 1) for step in newest_first],
        t("chart_tweets"): [t.number(step.n) for step in newest_first],
        t("chart_rate"): [t.percent(step.rate) for step in newest_first],
        t("chart_usual_rate"): [t.percent(step.baseline_rate) for step in newest_first],
        t("table_alert"): [t("yes") if step.alert_id else "" for step in newest_first],
    }
