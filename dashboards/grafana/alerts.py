"""*Alerts*: what is open, since when, and what was."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import stat, statetimeline, table, timeseries

from dashboards.grafana.pages import filled, page
from dashboards.grafana.panels import (
    FIRING,
    SEVERITIES,
    YES_NO,
    figure,
    graph,
    now,
    query,
    rows,
    stacked,
    states,
)
from dashboards.grafana.stored import listing

_FIRING: Final = 'ALERTS{alertstate="firing"}'


def alerts() -> build.Dashboard:
    """The dashboard."""
    made = page("Alerts", "What is open, since when, and what was.", since="now-24h")
    return filled(
        made,
        *_counts(), _open(),
        "What was", *_past(), _how_many(), _lives(),
        "Whether people were told", *_delivery(), _sinks(),
    )  # fmt: skip


def _counts() -> list[stat.Panel]:
    severities = [
        figure(
            f"Open, {severity}",
            "Alerts that fire now.",
            f'count(ALERTS{{alertstate="firing", severity="{severity}"}}) or vector(0)',
            limits={1: colour},
            width=8,
        )
        for severity, colour in (("critical", "red"), ("warning", "orange"))
    ]
    brands = figure(
        "Brands in trouble",
        "With an open warning or critical alert; replays left out.",
        "count(badbuzz:brand_alert_state:max >= 2) or vector(0)",
        limits={1: "red"},
        width=8,
    )
    return [*severities, brands]


def _open() -> table.Panel:
    ages = f"(time() - ALERTS_FOR_STATE) and ignoring (alertstate) {_FIRING}"
    columns = ("alertname", "severity", "brand", "source", "job", "instance")
    return rows(
        "Open",
        "What fires now, the oldest first; each one's runbook is in docs/operations.md.",
        now(f"sort_desc({ages})"),
        {**{name: name for name in columns}, "alertname": "alert", "Value": "for"},
        unit="s",
    )


def _past() -> list[statetimeline.Panel]:
    by_alert = f"max by (alertname, severity) ({_FIRING})"
    return [
        states(
            "By alert", "When each fired.", query(by_alert, "{{alertname}}, {{severity}}"), FIRING
        ),
        states(
            "By brand",
            "Each brand's alert as the worker judges it; replays left out.",
            query("badbuzz:brand_alert_state:max", "{{brand}}"),
            SEVERITIES,
        ),
    ]


def _how_many() -> timeseries.Panel:
    return graph(
        "How many at once",
        "Alerts that fire, by severity.",
        query(f"count by (severity) ({_FIRING})", "{{severity}}"),
        width=24,
    )


def _lives() -> table.Panel:
    about = "From the store, by the tweets' own time; who acknowledged, and the newest ruling."
    return listing("Brands' alerts, recorded", about, "alerts", units={"after": "s"})


def _delivery() -> list[timeseries.Panel]:
    outcomes = graph(
        "Changes by sink",
        "An hour, by what became of them; given up or refused: somebody was not told.",
        query(
            "sum by (sink, outcome) (increase(badbuzz_notified_total[1h]))", "{{sink}} {{outcome}}"
        ),
        width=8,
    )
    seconds = "sum by (sink, le) (badbuzz_notify_seconds_bucket)"
    delay = graph(
        "From alert to sink",
        "95 % of the changes since the notifier's start were taken sooner.",
        query(f"histogram_quantile(0.95, {seconds})", "{{sink}}"),
        unit="s",
        width=8,
    )
    waiting = graph(
        "Waiting",
        "Changes that a sink has not taken yet.",
        query("sum by (sink) (badbuzz_sink_waiting)", "{{sink}}"),
        width=8,
    )
    return [stacked(outcomes), delay, waiting]


def _sinks() -> statetimeline.Panel:
    return states(
        "Sinks answer",
        "Whether each took what it was last given.",
        query("max by (sink) (badbuzz_sink_reached)", "{{sink}}"),
        YES_NO,
    )
