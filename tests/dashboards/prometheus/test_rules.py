"""The rules of Prometheus are valid; each alert has cases that fire and a runbook."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

import pytest
from ruamel.yaml import YAML

from tests.support.prometheus import PrometheusServer
from tests.support.servers import ROOT

PROMETHEUS: Final = ROOT / "dashboards" / "prometheus"
CASES: Final = sorted((Path(__file__).parent / "rules").glob("*.yml"))


def read_yaml(path: Path) -> Any:
    return YAML(typ="safe").load(path.read_text(encoding="utf-8"))


def rules(kind: str) -> list[dict[str, Any]]:
    """Return every rule of a kind, ``alert`` or ``record``."""
    return [
        rule
        for path in sorted((PROMETHEUS / "rules").glob("*.yml"))
        for group in read_yaml(path)["groups"]
        for rule in group["rules"]
        if kind in rule
    ]


ALERTS: Final = sorted({rule["alert"] for rule in rules("alert")})


def promtool(*arguments: str | Path) -> str:
    """Return the errors that promtool reports; empty if there are none."""
    PrometheusServer.require()
    done = subprocess.run(
        ["promtool", *arguments], capture_output=True, text=True, check=False, cwd=ROOT
    )
    return done.stdout + done.stderr if done.returncode else ""


def test_the_configuration_and_its_rules_are_valid() -> None:
    assert promtool("check", "config", PROMETHEUS / "prometheus.yml") == ""


def test_the_linter_accepts_the_rules() -> None:
    files = sorted((PROMETHEUS / "rules").glob("*.yml"))
    assert promtool("check", "rules", "--lint=all", "--lint-fatal", *files) == ""


def test_the_configuration_lists_every_rule_file() -> None:
    named = read_yaml(PROMETHEUS / "prometheus.yml")["rule_files"]
    assert {f"rules/{path.name}" for path in (PROMETHEUS / "rules").iterdir()} == set(named)


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_the_alerts_fire_when_they_should(case: Path) -> None:
    assert promtool("test", "rules", case) == ""


def test_a_rule_that_does_not_fire_fails_its_case(tmp_path: Path) -> None:
    shutil.copytree(PROMETHEUS / "rules", tmp_path / "rules")
    alerts = tmp_path / "rules" / "alerts.yml"
    alerts.write_text(alerts.read_text().replace(":max == 3", ":max == 4"))
    case = tmp_path / "brands.yml"
    brands = (CASES[0].parent / "brands.yml").read_text()
    case.write_text(brands.replace("../../../../dashboards/prometheus/", ""))
    assert "got:[]" in promtool("test", "rules", case)


def expectations() -> dict[str, set[bool]]:
    """Return, for each alert, whether its cases expect it to fire."""
    tested: dict[str, set[bool]] = defaultdict(set)
    for case in CASES:
        for test in read_yaml(case)["tests"]:
            for expected in test["alert_rule_test"]:
                tested[expected["alertname"]].add(bool(expected["exp_alerts"]))
    return tested


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_has_a_case_that_fires_and_one_that_does_not(alert: str) -> None:
    assert expectations()[alert] == {True, False}


@pytest.mark.parametrize("rule", rules("alert"), ids=lambda rule: rule["alert"])
def test_an_alert_has_severity_summary_and_runbook(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["annotations"]["summary"]
    assert rule["annotations"]["runbook"] == f"docs/operations.md#{rule['alert'].lower()}"


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    chapter = page.partition("\n## Alerts\n")[2].partition("\n## ")[0]
    assert sorted(re.findall(r"^### (\w+)$", chapter, re.MULTILINE)) == ALERTS
