"""The kinds of panel that the dashboards are made of: one look, one data source, one place."""

from __future__ import annotations

from collections.abc import Mapping
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
    """A PromQL expression over the time that the dashboard shows.

    Parameters
    ----------
    expression
        May hold Grafana's ``$__rate_interval`` and the dashboard's variables.
    legend
        A series' name, with ``{{label}}`` for a label's value; Grafana's own when empty.
    """
    made = prometheus.Dataquery().expr(expression).range()
    return made.legend_format(legend) if legend else made


def now(expression: str) -> prometheus.Dataquery:
    """A PromQL expression at the end of the time that the dashboard shows, a row a series."""
    return prometheus.Dataquery().expr(expression).instant().format(PromQueryFormat.TABLE)


def _targets(queries: tuple[prometheus.Dataquery, ...]) -> list[prometheus.Dataquery]:
    return [made.ref_id(chr(ord("A") + place)) for place, made in enumerate(queries)]


def graph(
    title: str, about: str, *queries: prometheus.Dataquery, unit: str = "short", width: int = 12
) -> timeseries.Panel:
    """Lines over time.

    Parameters
    ----------
    title, about
        What it is called, and what the (i) beside it says.
    queries
        One or more.
    unit
        Grafana's name of the values' unit.
    width
        Of 24 columns.
    """
    panel = timeseries.Panel().title(title).description(about).datasource(PROMETHEUS)
    for target in _targets(queries):
        panel.with_target(target)
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


def stacked(panel: timeseries.Panel) -> timeseries.Panel:
    """The same panel, its series stood upon each other."""
    stacking = build_common.StackingConfig().mode(common.StackingMode.NORMAL).group("A")
    return panel.stacking(stacking).fill_opacity(30).line_width(1)


def limited(panel: timeseries.Panel, limit: float) -> timeseries.Panel:
    """The same panel, with a dashed line at the value above which it is bad."""
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


def figure(
    title: str,
    about: str,
    expression: str,
    *,
    unit: str = "short",
    limits: Mapping[float, str] | None = None,
    names: Mapping[str, tuple[str, str]] | None = None,
    width: int = 4,
) -> stat.Panel:
    """One number, large, as it is now.

    Parameters
    ----------
    expression
        PromQL, one series; the others are as of :func:`graph`.
    limits
        Colours from a value upwards; green below.
    names
        Words and colours instead of values.
    """
    newest = build_common.ReduceDataOptions().calcs(["lastNotNull"])
    return (
        stat.Panel()
        .title(title)
        .description(about)
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


def states(
    title: str,
    about: str,
    made: prometheus.Dataquery,
    names: Mapping[str, tuple[str, str]],
    *,
    width: int = 24,
) -> statetimeline.Panel:
    """A band for each series, in the words and colours of its values."""
    return (
        statetimeline.Panel()
        .title(title)
        .description(about)
        .datasource(PROMETHEUS)
        .with_target(made.ref_id("A"))
        .mappings(_mapped(names))
        .merge_values(True)
        .show_value(common.VisibilityMode.AUTO)
        .no_value("none")
        .span(width)
        .height(6)
    )


def rows(
    title: str,
    about: str,
    made: prometheus.Dataquery,
    columns: Mapping[str, str],
    *,
    unit: str = "short",
    width: int = 24,
) -> table.Panel:
    """A table, a row for each series.

    Parameters
    ----------
    columns
        Labels that are shown, and ``Value``, in this order: what each is called.
    unit
        Of the column ``Value``.
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
        .description(about)
        .datasource(PROMETHEUS)
        .with_target(made.ref_id("A"))
        .with_transformation(transformation)
        .override_by_name(columns.get("Value", "Value"), value)
        .no_value("none")
        .span(width)
        .height(8)
    )


def spectrum(title: str, about: str, expression: str, *, width: int = 12) -> heatmap.Panel:
    """A histogram over time; the expression gives rates by ``le``, the values are seconds."""
    made = query(expression, "{{le}}").format(PromQueryFormat.HEATMAP).ref_id("A")
    return (
        heatmap.Panel()
        .title(title)
        .description(about)
        .datasource(PROMETHEUS)
        .with_target(made)
        .calculate(False)
        .y_axis(heatmap.YAxisConfig().unit("s"))
        .span(width)
        .height(8)
    )
