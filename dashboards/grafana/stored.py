"""Panels from the store, in SQL: by the tweets' own time, which a replay's metrics do not have."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from grafana_foundation_sdk.builders import table, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import dashboard

from dashboards.grafana.panels import graph

STORE: Final = dashboard.DataSourceRef(
    type_val="grafana-postgresql-datasource", uid="badbuzz-store"
)
_FOLDER: Final = Path(__file__).parent / "sql"


class Sql(Dataquery, Builder[Dataquery]):
    """A query to PostgreSQL, which the SDK does not know.

    Parameters
    ----------
    name
        Of a file in ``sql/``, which may hold Grafana's macros and the dashboard's variables.
    shape
        ``table``, or ``time_series`` where the first column is ``time``.

    Examples
    --------
    >>> Sql("driving_terms", "table").to_json()["format"]
    'table'
    """

    def __init__(self, name: str, shape: str) -> None:
        self._statement = (_FOLDER / f"{name}.sql").read_text(encoding="utf-8").strip()
        self._shape = shape

    def build(self) -> Dataquery:
        """Itself: what the SDK asks of a builder."""
        return self

    def to_json(self) -> dict[str, Any]:
        """As Grafana reads it."""
        return {
            "datasource": STORE,
            "editorMode": "code",
            "format": self._shape,
            "rawQuery": True,
            "rawSql": self._statement,
            "refId": "A",
        }


def history(
    title: str, about: str, name: str, *, unit: str = "short", width: int = 24
) -> timeseries.Panel:
    """Lines over the tweets' own time, from the statement of that name: a column for each."""
    panel = graph(title, about, unit=unit, width=width).datasource(STORE)
    return panel.with_target(Sql(name, "time_series"))


def listing(
    title: str,
    about: str,
    name: str,
    *,
    units: Mapping[str, str] | None = None,
    width: int = 24,
) -> table.Panel:
    """A table, a row for each of the statement's.

    Parameters
    ----------
    name
        Of the statement.
    units
        Of columns, by name.
    """
    panel = (
        table.Panel()
        .title(title)
        .description(about)
        .datasource(STORE)
        .with_target(Sql(name, "table"))
        .no_value("none")
        .span(width)
        .height(8)
    )
    for column, unit in (units or {}).items():
        panel.override_by_name(column, [dashboard.DynamicConfigValue(id_val="unit", value=unit)])
    return panel
