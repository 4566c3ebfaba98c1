"""Azure's alert rules: parsed, and held against what the notifier really tells."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import pycep
import pytest

from stream_processor.notifier.sinks.dimensions import (
    ALERT_FIELDS,
    ALERT_TRACE,
    HEARTBEAT_FIELDS,
    HEARTBEAT_TRACE,
    MISPREDICTION_FIELDS,
    MISPREDICTION_TRACE,
)
from tests.support.servers import ROOT

FIELDS: Final = {
    ALERT_TRACE: ALERT_FIELDS,
    HEARTBEAT_TRACE: HEARTBEAT_FIELDS,
    MISPREDICTION_TRACE: MISPREDICTION_FIELDS,
}
NUMBERS: Final = {"n", "n_negative", "expected", "rate", "baseline_rate", "p_value", "score"}
VERSIONS: Final = {
    "Microsoft.Insights/components": "2020-02-02",
    "Microsoft.Insights/actionGroups": "2023-01-01",
    "Microsoft.Insights/scheduledQueryRules": "2023-12-01",
    "Microsoft.AlertsManagement/actionRules": "2021-08-08",
}


@pytest.fixture(scope="module")
def bicep() -> dict[str, Any]:
    text = (ROOT / "deploy" / "azure" / "alerts.bicep").read_text(encoding="utf-8")
    return dict(pycep.BicepParser().parse(text=text))


def texts(value: Any) -> Iterator[str]:
    """Yield every string in a parsed file."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


def queries(bicep: dict[str, Any]) -> dict[str, str]:
    """Return each query by the trace that it reads."""
    traces = [text for text in texts(bicep) if text.lstrip().startswith("traces\n")]
    return {re.findall(r'message == "([^"]+)"', query)[0]: query for query in traces}


def rules(bicep: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the properties of the query rules by their name in the file."""
    properties = {}
    for name, resource in bicep["resources"].items():
        if resource["type"].endswith("scheduledQueryRules"):
            config = resource["config"]
            properties[name] = config.get("config", config)["properties"]
    return properties


def test_every_resource_is_of_a_known_kind_and_version(bicep: dict[str, Any]) -> None:
    versions = {
        resource["type"]: resource["api_version"] for resource in bicep["resources"].values()
    }
    assert versions == VERSIONS


def test_there_is_a_rule_for_each_kind_of_trouble(bicep: dict[str, Any]) -> None:
    assert set(rules(bicep)) == {"spikes", "repeatedMispredictions", "heartbeatMissing"}
    severities = [severity["severity"] for severity in bicep["variables"]["severities"]["value"]]
    assert severities == ["critical", "warning"]


def test_each_trace_that_is_sent_has_a_query(bicep: dict[str, Any]) -> None:
    assert set(queries(bicep)) == set(FIELDS)


@pytest.mark.parametrize("trace", FIELDS)
def test_a_query_names_only_dimensions_that_are_sent(trace: str, bicep: dict[str, Any]) -> None:
    named = set(re.findall(r"customDimensions\.(\w+)", queries(bicep)[trace]))
    assert named
    assert named <= set(FIELDS[trace])


def test_texts_are_converted_back_to_numbers(bicep: dict[str, Any]) -> None:
    casts = re.findall(r"(\w+)\(customDimensions\.(\w+)\)", queries(bicep)[ALERT_TRACE])
    assert {(cast == "todouble") == (field in NUMBERS) for cast, field in casts} == {True}
    assert "expected" in {field for _, field in casts}


@pytest.mark.parametrize(
    ("rule", "trace", "dimensions"),
    [
        ("spikes", ALERT_TRACE, ["brand", "mark"]),
        ("repeatedMispredictions", MISPREDICTION_TRACE, ["bundle"]),
    ],
)
def test_a_rule_is_split_by_columns_of_its_query(
    rule: str, trace: str, dimensions: list[str], bicep: dict[str, Any]
) -> None:
    (criterion,) = rules(bicep)[rule]["criteria"]["allOf"]
    assert [dimension["name"] for dimension in criterion["dimensions"]] == dimensions
    assert all(f"{name} = " in queries(bicep)[trace] for name in dimensions)


@pytest.mark.parametrize(
    ("trace", "name"), [(ALERT_TRACE, "change"), (MISPREDICTION_TRACE, "feedback")]
)
def test_a_trace_that_was_sent_twice_counts_once(
    trace: str, name: str, bicep: dict[str, Any]
) -> None:
    assert f"summarize arg_min(timestamp, *) by {name}\n" in queries(bicep)[trace]


def test_three_corrections_within_five_minutes_are_too_many(bicep: dict[str, Any]) -> None:
    rule = rules(bicep)["repeatedMispredictions"]
    (criterion,) = rule["criteria"]["allOf"]
    assert (rule["windowSize"], criterion["operator"]) == ("PT5M", "GreaterThanOrEqual")
    assert criterion["threshold"] == "mispredictions"
    assert bicep["parameters"]["mispredictions"]["default"] == 3


def test_people_get_mails_and_text_messages_in_france(bicep: dict[str, Any]) -> None:
    people = bicep["resources"]["people"]["config"]["properties"]
    assert people["emailReceivers"]
    assert people["smsReceivers"][0]["countryCode"] == "countryCode"
    assert bicep["parameters"]["countryCode"]["default"] == "33"


def test_quiet_hours_hold_back_warnings_only(bicep: dict[str, Any]) -> None:
    properties = bicep["resources"]["quietHours"]["config"]["properties"]
    (condition,) = properties["conditions"]
    assert condition["field"] == "AlertRuleId"
    assert "spikes" in str(condition["values"])
    assert properties["actions"] == [{"actionType": "RemoveAllActionGroups"}]


def test_every_parameter_is_used(bicep: dict[str, Any]) -> None:
    resources = " ".join(texts(bicep["resources"]))
    unused = [name for name in bicep["parameters"] if name not in resources]
    assert not unused
