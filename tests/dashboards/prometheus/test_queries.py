"""Every expression has a value in a Prometheus that scrapes a deployment during a crisis."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import psycopg
import pytest

from dashboards.grafana.build import FOLDER
from tests.dashboards.grafana.test_build import NAMES, panels, read
from tests.dashboards.prometheus.conftest import Watched
from tests.dashboards.prometheus.test_rules import rules
from tests.support.prometheus import PrometheusServer
from tests.support.stream import await_that

pytestmark = [pytest.mark.services, pytest.mark.slow]

TIMEOUT_S: Final = 30.0
MACROS: Final = {
    "$__unixEpochFrom()": "0",
    "$__unixEpochTo()": "4000000000",
    "${brand:sqlstring}": "'Air Paradis'",
}
VARIABLES: Final = {"$brand": "Air Paradis", "$__rate_interval": "1m", "$__range": "1h"}

QUIET: Final = {
    'ALERTS{alertstate="firing", alertname!="BrandSpike"}': "fires on slow machines only"
}
"""Expressions that may be empty here, and the reason."""


def await_value(prometheus: PrometheusServer, expression: str) -> None:
    """Wait until an expression has a series whose value is a number."""

    def has_value() -> bool:
        return any(sample["value"][1] != "NaN" for sample in prometheus.query(expression))

    await_that(has_value, expression, TIMEOUT_S)


def substitute(expression: str) -> str:
    """Replace Grafana's variables in an expression."""
    for name, value in VARIABLES.items():
        expression = expression.replace(name, value)
    return expression


@pytest.mark.parametrize("level", [rule["record"] for rule in rules("record")])
def test_a_level_has_a_value(level: str, prometheus: PrometheusServer) -> None:
    await_value(prometheus, level)


@pytest.mark.parametrize("rule", rules("alert"), ids=lambda rule: rule["alert"])
def test_the_metrics_of_an_alert_exist(rule: dict[str, Any], prometheus: PrometheusServer) -> None:
    metrics = re.findall(r"\b(?:badbuzz[\w:]+|process_\w+|up)\b", rule["expr"])
    assert metrics
    for metric in metrics:
        await_value(prometheus, metric)


def test_prometheus_evaluates_every_rule_without_an_error(prometheus: PrometheusServer) -> None:
    def evaluated() -> bool:
        return all(rule["health"] == "ok" for rule in prometheus.rules())

    await_that(evaluated, "the rules' health", TIMEOUT_S)
    assert len(prometheus.rules()) == len(rules("record")) + len(rules("alert"))


def test_the_crisis_fires_its_alert(prometheus: PrometheusServer) -> None:
    await_value(
        prometheus, 'ALERTS{alertname="BrandSpike", alertstate="firing", brand="Air Paradis"}'
    )


def test_no_other_alert_fires(prometheus: PrometheusServer) -> None:
    others = 'ALERTS{alertstate="firing", alertname!~"BrandSpike|LatencyBudgetBurning"}'
    assert prometheus.query(others) == []


def targets() -> list[Any]:
    """Return every PromQL expression of every dashboard."""
    missing = [
        pytest.param(target["expr"], id=f"{name}-{panel['title']}-{target['refId']}")
        for name in NAMES
        for panel in panels(name)
        for target in panel["targets"]
        if "expr" in target
    ]
    missing += [
        pytest.param(annotation["target"]["expr"], id=f"{name}-annotation")
        for name in NAMES
        for annotation in read(name)["annotations"].get("list", [])
    ]
    return missing


@pytest.mark.parametrize("expression", targets())
def test_a_panel_is_not_empty(expression: str, prometheus: PrometheusServer) -> None:
    if expression in QUIET:
        prometheus.query(substitute(expression))
    else:
        await_value(prometheus, substitute(expression))


def test_an_expression_that_may_be_empty_exists() -> None:
    assert set(QUIET) <= {parameter.values[0] for parameter in targets()}


def statements() -> list[Any]:
    """Return every SQL statement of every dashboard."""
    return [
        pytest.param(target["rawSql"], id=f"{name}-{panel['title']}")
        for name in NAMES
        for panel in panels(name)
        for target in panel["targets"]
        if "rawSql" in target
    ]


@pytest.fixture(scope="module")
def reader(watched: Watched) -> Iterator[psycopg.Connection[Any]]:
    """A connection with the database role of Grafana."""
    script = FOLDER.parent / "reader.sql"
    with psycopg.connect(watched.store_url, autocommit=True) as connection:
        connection.execute(script.read_text(encoding="utf-8").encode())
        connection.execute("SET ROLE badbuzz_grafana")
        yield connection


@pytest.mark.parametrize("statement", statements())
def test_a_panel_of_the_store_is_not_empty(statement: str, reader: psycopg.Connection[Any]) -> None:
    for name, value in MACROS.items():
        statement = statement.replace(name, value)
    await_that(lambda: bool(reader.execute(statement.encode()).fetchone()), "a row", TIMEOUT_S)


@pytest.mark.parametrize("table", ["keys", "audit"])
def test_grafana_cannot_read_keys_and_audit_log(
    table: str, reader: psycopg.Connection[Any]
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.execute(f"SELECT * FROM {table}".encode())


def test_grafana_cannot_write(reader: psycopg.Connection[Any]) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.execute("DELETE FROM feedback")


@pytest.mark.parametrize("name", NAMES)
def test_a_variable_has_values(name: str, prometheus: PrometheusServer) -> None:
    for variable in read(name)["templating"].get("list", []):
        match = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["query"])
        assert match
        await_value(prometheus, f'{match[1]}{{{match[2]}!=""}}')
