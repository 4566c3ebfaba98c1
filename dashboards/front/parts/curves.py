"""A period's three charts with their legends, and the same figures as a table."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from badbuzz.store.model import WindowSum
from dashboards.front.parts import charts, layout
from dashboards.front.translator import Translator


def draw_curves(
    steps: Sequence[WindowSum], coarse: Sequence[WindowSum], zone: str, words: Translator
) -> None:
    """Negatives against the expected band; by ``coarse`` steps, their share and the volume."""
    draw_negatives(words("negatives_title"), steps, zone, words)
    if not steps:
        return
    left, right = st.columns(2, gap="large")
    ends = {
        "start": words.moment(steps[0].start_ms, zone), "end": words.moment(steps[-1].end_ms, zone)
    }  # fmt: skip
    with left:
        st.subheader(words("rate_title"), anchor=False)
        layout.legend(("line", words("legend_rate")), ("dash", words("legend_usual")))
        st.altair_chart(
            charts.rate(coarse, steps, zone, words), alt=words("rate_alt", **ends), theme=None
        )
    with right:
        st.subheader(words("volume_title"), anchor=False)
        layout.legend(("bar", words("legend_tweets")))
        st.altair_chart(
            charts.volume(coarse, steps, zone, words), alt=words("volume_alt", **ends), theme=None
        )
    with st.expander(words("table"), icon=":material/table:"):
        st.table(table(steps, zone, words), hide_index=True, height=320, alt=words("table"))


def draw_negatives(title: str, steps: Sequence[WindowSum], zone: str, words: Translator) -> None:
    """The chart of negatives under a heading."""
    st.header(title, anchor=False)
    if not steps:
        st.write(words("no_windows"))
        return
    layout.legend(
        ("line", words("legend_seen")),
        ("band", words("legend_band")),
        ("dash", words("legend_expected")),
        ("alert", words("legend_alert")),
    )
    st.altair_chart(
        charts.negatives(steps, zone, words), alt=described(steps, zone, words), theme=None
    )


def described(steps: Sequence[WindowSum], zone: str, words: Translator) -> str:
    """What the chart of negatives shows, for those who do not see it."""
    top = max(steps, key=lambda step: step.n_negative)
    spans = [
        f"{words.moment(first.start_ms, zone)} – {words.clock(last.end_ms, zone)}"
        for first, last in charts.alert_spans(steps)
    ]
    return words(
        "negatives_alt",
        start=words.moment(steps[0].start_ms, zone),
        end=words.moment(steps[-1].end_ms, zone),
        most=top.n_negative,
        minutes=(top.end_ms - top.start_ms) // 60_000,
        peak=words.moment(top.start_ms, zone),
        expected=words.number(top.expected, 1),
        spans=words("alt_alerts", spans="; ".join(spans)) if spans else words("alt_no_alert"),
    )


def table(steps: Sequence[WindowSum], zone: str, words: Translator) -> dict[str, list[str]]:
    """The figures of the charts, a column each, newest first."""
    found = list(reversed(steps))
    return {
        words("table_time"): [words.moment(step.start_ms, zone) for step in found],
        words("chart_negatives"): [words.number(step.n_negative) for step in found],
        words("chart_expected"): [words.number(step.expected, 1) for step in found],
        words("chart_tweets"): [words.number(step.n) for step in found],
        words("chart_rate"): [words.percent(step.rate) for step in found],
        words("chart_usual_rate"): [words.percent(step.baseline_rate) for step in found],
        words("table_alert"): [words("yes") if step.alert_id else "" for step in found],
    }
