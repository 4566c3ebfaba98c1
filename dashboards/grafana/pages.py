"""The common parts of the dashboards: settings, links, annotations, layout."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard
from grafana_foundation_sdk.models.prometheus import Dataquery

from dashboards.grafana.panels import PROMETHEUS

TAG: Final = "badbuzz"


class Annotation(dashboard.AnnotationQuery, Builder[dashboard.AnnotationQuery]):
    """An annotation from PromQL: it spans the time in which the expression has a value.

    The SDK's own annotation supports only Grafana's built-in source.

    Examples
    --------
    >>> Annotation("Alert", "up == 0", "{{job}} is down", "red").to_json()["titleFormat"]
    '{{job}} is down'
    """

    def __init__(self, name: str, expression: str, title: str, colour: str) -> None:
        super().__init__(name=name, datasource=PROMETHEUS, enable=True, icon_color=colour)
        self._query = Dataquery(expr=expression, ref_id="Anno", interval="30s", range_val=True)
        self._title = title

    def build(self) -> dashboard.AnnotationQuery:
        """Return the annotation itself, as the SDK's interface of a builder requires."""
        return self

    def to_json(self) -> dict[str, object]:
        """Return Grafana's JSON, with the query in the fields of old and of new versions."""
        return {
            **super().to_json(),
            "target": self._query.to_json(),
            "expr": self._query.expr,
            "step": self._query.interval,
            "titleFormat": self._title,
        }


def new_dashboard(
    name: str, description: str, *, since: str = "now-6h", refresh: str = "30s"
) -> build.Dashboard:
    """Return an empty dashboard.

    Parameters
    ----------
    name
        Title; the uid is ``badbuzz-`` and the name in lower case.
    description
        Purpose of the dashboard.
    since
        Start of the default time range, relative to now.
    refresh
        Interval of automatic refreshes.
    """
    others = (
        build.DashboardLink("badbuzz")
        .type(dashboard.DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .as_dropdown(True)
        .keep_time(True)
    )
    return (
        build.Dashboard(name)
        .uid(f"badbuzz-{name.lower()}")
        .description(description)
        .tags([TAG])
        .timezone("browser")
        .time(since, "now")
        .refresh(refresh)
        .tooltip(dashboard.DashboardCursorSync.CROSSHAIR)
        .readonly()
        .link(others)
    )


def add_panels(
    board: build.Dashboard, *contents: str | Builder[dashboard.Panel]
) -> build.Dashboard:
    """Add panels from left to right and top to bottom; a text starts a row with that title."""
    for item in contents:
        if isinstance(item, str):
            board.with_row(build.Row(item))
        else:
            board.with_panel(item)
    return board
