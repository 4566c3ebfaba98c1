"""Panels from the store in SQL: by event time, which the metrics of a replay do not have."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from grafana_foundation_sdk.builders import table, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import dashboard

from dashboards.grafana.panels import time_series

STORE: Final = dashboard.DataSourceRef(
    type_val="grafana-postgresql-datasource", uid="badbuzz-store"
)
_FOLDER: Final = Path(__file__).parent / "sql"


class Sql(Dataquery, Builder[Dataquery]):
    """A query to PostgreSQL, which the SDK does not support.

    Parameters
    ----------
    name
        Name of a file in ``sql/``, without its suffix.
    shape
        Result format: ``table``, or ``time_series`` if the first column is ``time``.

    Examples
    --------
    >>> Sql("driving_terms", "table").to_json()["format"]
    'table'
    """

    def __init__(self, name: str, shape: str) -> None:
        self._statement = (_FOLDER / f"{name}.sql").read_text(encoding="utf-8").strip()
        self._shape = shape

    def build(self) -> Dataquery:
        """Return the query itself, as the SDK's interface of a builder requires."""
        return self

    def to_json(self) -> dict[str, Any]:
        """Return Grafana's JSON."""
        return {
            "datasource": STORE,
            "editorMode": "code",
            "format": self._shape,
            "rawQuery": True,
            "rawSql": self._statement,
            "refId": "A",
        }


def sql_time_series(
    title: str, description: str, name: str, *, unit: str = "short", width: int = 24
) -> timeseries.Panel:
    """Return a panel with lines over event time, one per column of a statement in ``sql/``."""
    panel = time_series(title, description, unit=unit, width=width).datasource(STORE)
    return panel.with_target(Sql(name, "time_series"))


def sql_table(
    title: str,
    description: str,
    name: str,
    *,
    units: Mapping[str, str] | None = None,
    width: int = 24,
) -> table.Panel:
    """Return a table with the rows of a statement.

    Parameters
    ----------
    name
        Name of a file in ``sql/``, without its suffix.
    units
        Units of columns, by heading.
    """
    panel = (
        table.Panel()
        .title(title)
        .description(description)
        .datasource(STORE)
        .with_target(Sql(name, "table"))
        .no_value("none")
        .span(width)
        .height(8)
    )
    for column, unit in (units or {}).items():
        panel.override_by_name(column, [dashboard.DynamicConfigValue(id_val="unit", value=unit)])
    return panel
