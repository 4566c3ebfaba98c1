"""The kinds of panel of the dashboards, in one style and on one data source."""

from __future__ import annotations

from collections.abc import Mapping
from string import ascii_uppercase
from typing import Final

from grafana_foundation_sdk.builders import common as build_common
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import (
    heatmap,
    prometheus,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.models import common, dashboard
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

PROMETHEUS: Final = dashboard.DataSourceRef(type_val="prometheus", uid="badbuzz-prometheus")

SEVERITIES: Final = {
    "0": ("none", "green"),
    "1": ("informational", "blue"),
    "2": ("warning", "orange"),
    "3": ("critical", "red"),
}
"""Names and colours of ``badbuzz_brand_alert_state``."""

YES_NO: Final = {"0": ("no", "red"), "1": ("yes", "green")}
FIRING: Final = {"1": ("firing", "red")}


def query(expression: str, legend: str = "") -> prometheus.Dataquery:
    """Return a range query.

    Parameters
    ----------
    expression
        PromQL, with ``$__rate_interval`` and the dashboard's variables.
    legend
        Name of a series, with ``{{label}}`` for the value of a label; default: Grafana's.
    """
    ranged = prometheus.Dataquery().expr(expression).range()
    return ranged.legend_format(legend) if legend else ranged


def instant_query(expression: str) -> prometheus.Dataquery:
    """Return an instant query at the end of the time range, one row per series."""
    return prometheus.Dataquery().expr(expression).instant().format(PromQueryFormat.TABLE)


def time_series(
    title: str,
    description: str,
    *queries: prometheus.Dataquery,
    unit: str = "short",
    width: int = 12,
) -> timeseries.Panel:
    """Return a panel with lines over time.

    Parameters
    ----------
    title, description
        Title, and text of the info icon.
    queries
        Queries of the series, at least one.
    unit
        Grafana's name of the unit of the values.
    width
        Width in columns; a row has 24.
    """
    panel = timeseries.Panel().title(title).description(description).datasource(PROMETHEUS)
    for letter, target in zip(ascii_uppercase, queries, strict=False):
        panel.with_target(target.ref_id(letter))
    legend = build_common.VizLegendOptions().display_mode(common.LegendDisplayMode.LIST)
    tooltip = build_common.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI)
    return (
        panel.unit(unit)
        .min(0)
        .span(width)
        .height(8)
        .line_width(2)
        .show_points(common.VisibilityMode.NEVER)
        .legend(legend.placement(common.LegendPlacement.BOTTOM).show_legend(True))
        .tooltip(tooltip.sort(common.SortOrder.DESCENDING))
    )


def stack(panel: timeseries.Panel) -> timeseries.Panel:
    """Stack the series of a panel."""
    stacking = build_common.StackingConfig().mode(common.StackingMode.NORMAL).group("A")
    return panel.stacking(stacking).fill_opacity(30).line_width(1)


def with_limit(panel: timeseries.Panel, limit: float) -> timeseries.Panel:
    """Add a dashed line at a limit to a panel."""
    style = build_common.GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.DASHED)
    return panel.thresholds(_steps({limit: "red"})).thresholds_style(style)


def _steps(colours: Mapping[float, str]) -> build.ThresholdsConfig:
    steps = [dashboard.Threshold(value=None, color="green")]
    steps += [dashboard.Threshold(value=value, color=name) for value, name in colours.items()]
    return build.ThresholdsConfig().mode(dashboard.ThresholdsMode.ABSOLUTE).steps(steps)


def _mapped(names: Mapping[str, tuple[str, str]]) -> list[dashboard.ValueMapping]:
    results = {
        value: dashboard.ValueMappingResult(text=text, color=colour, index=place)
        for place, (value, (text, colour)) in enumerate(names.items())
    }
    return [dashboard.ValueMap(options=results)]


def stat_panel(
    title: str,
    description: str,
    expression: str,
    *,
    unit: str = "short",
    limits: Mapping[float, str] | None = None,
    names: Mapping[str, tuple[str, str]] | None = None,
    width: int = 4,
) -> stat.Panel:
    """Return a panel with the latest value as one large number.

    Parameters
    ----------
    expression
        PromQL of one series; the other parameters are those of :func:`time_series`.
    limits
        Colours from a value upwards; green below the first.
    names
        Text and colour of each value, shown instead of the value.
    """
    newest = build_common.ReduceDataOptions().calcs(["lastNotNull"])
    return (
        stat.Panel()
        .title(title)
        .description(description)
        .datasource(PROMETHEUS)
        .with_target(query(expression).ref_id("A"))
        .unit(unit)
        .thresholds(_steps(limits or {}))
        .mappings(_mapped(names or {}))
        .reduce_options(newest)
        .graph_mode(common.BigValueGraphMode.NONE)
        .color_mode(common.BigValueColorMode.VALUE)
        .no_value("–")
        .span(width)
        .height(4)
    )


def state_timeline(
    title: str,
    description: str,
    data: prometheus.Dataquery,
    names: Mapping[str, tuple[str, str]],
    *,
    width: int = 24,
) -> statetimeline.Panel:
    """Return a panel with one band per series, coloured by its values."""
    return (
        statetimeline.Panel()
        .title(title)
        .description(description)
        .datasource(PROMETHEUS)
        .with_target(data.ref_id("A"))
        .mappings(_mapped(names))
        .merge_values(True)
        .show_value(common.VisibilityMode.AUTO)
        .no_value("none")
        .span(width)
        .height(6)
    )


def table_panel(
    title: str,
    description: str,
    data: prometheus.Dataquery,
    columns: Mapping[str, str],
    *,
    unit: str = "short",
    width: int = 24,
) -> table.Panel:
    """Return a table with one row per series.

    Parameters
    ----------
    columns
        Headings of the shown labels and of ``Value``, in order.
    unit
        Unit of the column ``Value``.
    """
    organised = {
        "includeByName": dict.fromkeys(columns, True),
        "indexByName": {name: place for place, name in enumerate(columns)},
        "renameByName": dict(columns),
    }
    transformation = dashboard.DataTransformerConfig(id_val="organize", options=organised)
    value = [dashboard.DynamicConfigValue(id_val="unit", value=unit)]
    return (
        table.Panel()
        .title(title)
        .description(description)
        .datasource(PROMETHEUS)
        .with_target(data.ref_id("A"))
        .with_transformation(transformation)
        .override_by_name(columns.get("Value", "Value"), value)
        .no_value("none")
        .span(width)
        .height(8)
    )


def heatmap_panel(
    title: str, description: str, expression: str, *, width: int = 12
) -> heatmap.Panel:
    """Return a heatmap of a histogram of seconds; the expression returns rates by ``le``."""
    data = query(expression, "{{le}}").format(PromQueryFormat.HEATMAP).ref_id("A")
    return (
        heatmap.Panel()
        .title(title)
        .description(description)
        .datasource(PROMETHEUS)
        .with_target(data)
        .calculate(False)
        .y_axis(heatmap.YAxisConfig().unit("s"))
        .span(width)
        .height(8)
    )
