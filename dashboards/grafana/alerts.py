"""The dashboard *Alerts*: open and past alerts and their delivery."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import stat, statetimeline, table, timeseries

from dashboards.grafana.pages import add_panels, new_dashboard
from dashboards.grafana.panels import (
    FIRING,
    SEVERITIES,
    YES_NO,
    instant_query,
    query,
    stack,
    stat_panel,
    state_timeline,
    table_panel,
    time_series,
)
from dashboards.grafana.stored import sql_table

_FIRING: Final = 'ALERTS{alertstate="firing"}'


def alerts() -> build.Dashboard:
    """Return the dashboard."""
    board = new_dashboard("Alerts", "Open and past alerts and their delivery.", since="now-24h")
    return add_panels(
        board,
        *_counts(), _open(),
        "History", *_past(), _firing_by_severity(), _recorded(),
        "Delivery", *_delivery(), _sinks(),
    )  # fmt: skip


def _counts() -> list[stat.Panel]:
    severities = [
        stat_panel(
            f"Open, {severity}",
            "Firing alerts.",
            f'count(ALERTS{{alertstate="firing", severity="{severity}"}}) or vector(0)',
            limits={1: colour},
            width=8,
        )
        for severity, colour in (("critical", "red"), ("warning", "orange"))
    ]
    brands = stat_panel(
        "Brands in crisis",
        "Brands with an open warning or critical alert, without replays.",
        "count(badbuzz:brand_alert_state:max >= 2) or vector(0)",
        limits={1: "red"},
        width=8,
    )
    return [*severities, brands]


def _open() -> table.Panel:
    ages = f"(time() - ALERTS_FOR_STATE) and ignoring (alertstate) {_FIRING}"
    columns = ("alertname", "severity", "brand", "source", "job", "instance")
    return table_panel(
        "Open",
        "Firing alerts, oldest first. The runbooks are in docs/operations.md.",
        instant_query(f"sort_desc({ages})"),
        {**{name: name for name in columns}, "alertname": "alert", "Value": "for"},
        unit="s",
    )


def _past() -> list[statetimeline.Panel]:
    by_alert = f"max by (alertname, severity) ({_FIRING})"
    return [
        state_timeline(
            "By alert",
            "Times at which each alert fired.",
            query(by_alert, "{{alertname}}, {{severity}}"),
            FIRING,
        ),
        state_timeline(
            "By brand",
            "State of each brand's alert according to the worker, without replays.",
            query("badbuzz:brand_alert_state:max", "{{brand}}"),
            SEVERITIES,
        ),
    ]


def _firing_by_severity() -> timeseries.Panel:
    return time_series(
        "Firing alerts",
        "Number of firing alerts by severity.",
        query(f"count by (severity) ({_FIRING})", "{{severity}}"),
        width=24,
    )


def _recorded() -> table.Panel:
    description = "From the store, by event time, with acknowledgement and latest ruling."
    return sql_table(
        "Recorded alerts of the brands", description, "alerts", units={"acknowledged after": "s"}
    )


def _delivery() -> list[timeseries.Panel]:
    outcomes = time_series(
        "Notifications by sink",
        "Per hour, by outcome. Notifications that were given up or refused did not arrive.",
        query(
            "sum by (sink, outcome) (increase(badbuzz_notified_total[1h]))", "{{sink}} {{outcome}}"
        ),
        width=8,
    )
    seconds = "sum by (sink, le) (badbuzz_notify_seconds_bucket)"
    delay = time_series(
        "Delivery time",
        "95th percentile of the time from an alert to its acceptance by the sink, since the "
        "notifier's start.",
        query(f"histogram_quantile(0.95, {seconds})", "{{sink}}"),
        unit="s",
        width=8,
    )
    waiting = time_series(
        "Waiting",
        "Notifications that the sink has not accepted yet.",
        query("sum by (sink) (badbuzz_sink_waiting)", "{{sink}}"),
        width=8,
    )
    return [stack(outcomes), delay, waiting]


def _sinks() -> statetimeline.Panel:
    return state_timeline(
        "Sinks available",
        "Whether the sink accepted the last notification.",
        query("max by (sink) (badbuzz_sink_reached)", "{{sink}}"),
        YES_NO,
    )
