"""The dashboard *Buzz* for communication teams: a brand's negative tweets and its baseline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import stat, statetimeline, table, timeseries
from grafana_foundation_sdk.models import dashboard

from dashboards.grafana.pages import Annotation, add_panels, new_dashboard
from dashboards.grafana.panels import (
    PROMETHEUS,
    SEVERITIES,
    query,
    stat_panel,
    state_timeline,
    time_series,
)
from dashboards.grafana.stored import sql_table, sql_time_series

_GREY: Final = "#8e8e8e"


def _newest(metric: str) -> str:
    return f'max by (brand) ({metric}{{brand="$brand"}})'


def buzz() -> build.Dashboard:
    """Return the dashboard."""
    opened = f"{_newest('badbuzz_brand_alert_state')} >= 2"
    board = (
        new_dashboard("Buzz", "Negative tweets of a brand, the baseline and the alerts.")
        .with_variable(_brand())
        .annotation(Annotation("Alerts", opened, "{{brand}}: alert", "red"))
    )
    return add_panels(
        board,
        "All brands", _every_state(), _furthest_above(),
        "$brand", *_figures(), _negatives_and_baseline(), _rates(),
        "$brand, by event time", _recorded(), _terms(), _alerts(), _most_negative(),
    )  # fmt: skip


def _brand() -> build.QueryVariable:
    return (
        build.QueryVariable("brand")
        .label("Brand")
        .datasource(PROMETHEUS)
        .query("label_values(badbuzz_brand_alert_state, brand)")
        .refresh(dashboard.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(dashboard.VariableSort.ALPHABETICAL_ASC)
    )


def _every_state() -> statetimeline.Panel:
    return state_timeline(
        "Alerts",
        "State of each brand's alert according to the worker, including replays.",
        query("max by (brand) (badbuzz_brand_alert_state)", "{{brand}}"),
        SEVERITIES,
    )


def _furthest_above() -> timeseries.Panel:
    return time_series(
        "Furthest above the baseline",
        "Negative tweets divided by the upper end of the baseline band; above 1 is unusual. "
        "The five highest brands.",
        query(
            "topk(5, max by (brand) (badbuzz_brand_negatives)"
            " / max by (brand) (badbuzz_brand_expected_negatives_high))",
            "{{brand}}",
        ),
        width=24,
    )


def _figures() -> list[stat.Panel]:
    negatives = _newest("badbuzz_brand_negatives")
    expected = _newest("badbuzz_brand_expected_negatives")
    rate = _newest("badbuzz_brand_negative_rate")
    state = _newest("badbuzz_brand_alert_state")
    return [
        stat_panel("State", "State of the brand's alert.", state, names=SEVERITIES, width=6),
        stat_panel("Negatives", "Negative tweets of the last closed window.", negatives, width=6),
        stat_panel("Expected", "Baseline for this hour.", expected, width=6),
        stat_panel(
            "Negative rate", "Share of negative tweets in the last closed window.", rate,
            unit="percentunit", width=6,
        ),
    ]  # fmt: skip


def _negatives_and_baseline() -> timeseries.Panel:
    panel = time_series(
        "Negatives and baseline",
        "Negative tweets per closed window (five minutes) and the band of the baseline. The time "
        "axis is wall-clock time: in a replay, event time runs faster.",
        query(_newest("badbuzz_brand_negatives"), "negatives"),
        query(_newest("badbuzz_brand_expected_negatives"), "expected"),
        query(_newest("badbuzz_brand_expected_negatives_low"), "expected, low"),
        query(_newest("badbuzz_brand_expected_negatives_high"), "expected, high"),
        width=24,
    )
    return _banded(panel)


def _banded(panel: timeseries.Panel) -> timeseries.Panel:
    """Make a panel higher and draw the baseline as a band."""
    filling = {"custom.fillBelowTo": "expected, low", "custom.fillOpacity": 25}
    dashed = {"custom.lineStyle": {"fill": "dash", "dash": [8, 8]}}
    return (
        panel.height(12)
        .override_by_name("negatives", _look("red"))
        .override_by_name("expected", _look(_GREY, dashed))
        .override_by_name("expected, low", _look(_GREY, {"custom.lineWidth": 0}))
        .override_by_name("expected, high", _look(_GREY, {"custom.lineWidth": 0, **filling}))
    )


def _look(
    colour: str, more: Mapping[str, object] | None = None
) -> list[dashboard.DynamicConfigValue]:
    properties = {"color": {"mode": "fixed", "fixedColor": colour}, **(more or {})}
    return [dashboard.DynamicConfigValue(id_val=k, value=v) for k, v in properties.items()]


def _rates() -> timeseries.Panel:
    return time_series(
        "Negative rate",
        "Share of negative tweets: counted, and adjusted for the classifier's errors.",
        query(_newest("badbuzz_brand_negative_rate"), "counted"),
        query(_newest("badbuzz_brand_adjusted_negative_rate"), "adjusted"),
        unit="percentunit",
        width=24,
    ).max(1)


def _recorded() -> timeseries.Panel:
    description = "The same from the store, by event time, which places replays correctly."
    return _banded(sql_time_series("Negatives and baseline, recorded", description, "windows"))


def _terms() -> table.Panel:
    description = "Terms over-represented in each alert's negative tweets, highest z first."
    return sql_table("Driving terms", description, "driving_terms", width=12)


def _alerts() -> table.Panel:
    return sql_table("Alerts of the brand", "Newest first.", "brand_alerts", width=12)


def _most_negative() -> table.Panel:
    description = "Sampled tweets with the highest scores, names masked."
    return sql_table(
        "Most negative tweets", description, "most_negative", units={"score": "percentunit"}
    )
