"""What all dashboards have in common: names, times, links, and the alerts as annotations."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard
from grafana_foundation_sdk.models.prometheus import Dataquery

from dashboards.grafana.panels import PROMETHEUS

TAG: Final = "badbuzz"


class Annotation(dashboard.AnnotationQuery, Builder[dashboard.AnnotationQuery]):
    """An annotation from PromQL: drawn from when the expression has a value until it has none.

    The SDK's own knows only Grafana's built-in source.

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
        """Itself: what the SDK asks of a builder."""
        return self

    def to_json(self) -> dict[str, object]:
        """As Grafana reads it: the query in both places where one of its versions looks."""
        return {
            **super().to_json(),
            "target": self._query.to_json(),
            "expr": self._query.expr,
            "step": self._query.interval,
            "titleFormat": self._title,
        }


def page(name: str, about: str, *, since: str = "now-6h", refresh: str = "30s") -> build.Dashboard:
    """An empty dashboard.

    Parameters
    ----------
    name
        Its title, and in lower case after ``badbuzz-`` its uid.
    about
        What it is for.
    since
        Where it begins.
    refresh
        How often it is drawn anew.
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
        .description(about)
        .tags([TAG])
        .timezone("browser")
        .time(since, "now")
        .refresh(refresh)
        .tooltip(dashboard.DashboardCursorSync.CROSSHAIR)
        .readonly()
        .link(others)
    )


def filled(made: build.Dashboard, *contents: str | Builder[dashboard.Panel]) -> build.Dashboard:
    """The dashboard with panels, left to right and top to bottom; a text is a heading."""
    for item in contents:
        if isinstance(item, str):
            made.with_row(build.Row(item))
        else:
            made.with_panel(item)
    return made
