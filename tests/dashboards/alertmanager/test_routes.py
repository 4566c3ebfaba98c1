"""Alertmanager routes the alerts of Prometheus to operators and inhibits redundant ones."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.dashboards.alertmanager.test_mails import amtool
from tests.dashboards.prometheus.test_rules import rules
from tests.support.alertmanager_server import SHIPPED, AlertmanagerServer, Mailbox
from tests.support.stream import await_that

pytestmark = pytest.mark.services


@pytest.mark.parametrize("rule", rules("alert"), ids=lambda rule: rule["alert"])
def test_an_alert_goes_to_the_operators(rule: dict[str, Any]) -> None:
    labels = [f'alertname="{rule["alert"]}"', f'severity="{rule["labels"]["severity"]}"']
    config = f"--config.file={SHIPPED / 'alertmanager.yml'}"
    assert amtool("config", "routes", "test", config, *labels, 'brand="Nordwind"') == "operators"


@pytest.mark.parametrize(
    ("alertname", "severity", "receiver"),
    [
        ("BrandCrisis", "critical", "team-and-phone"),
        ("BrandCrisisReminder", "critical", "deputy"),
        ("BrandCrisisReminder", "warning", "nobody"),
    ],
)
def test_a_crisis_goes_to_the_team_and_its_reminder_to_the_deputy(
    alertname: str, severity: str, receiver: str
) -> None:
    config = f"--config.file={SHIPPED / 'alertmanager.yml'}"
    labels = [f'alertname="{alertname}"', f'severity="{severity}"', 'brand="Air Paradis"']
    assert amtool("config", "routes", "test", config, *labels) == receiver


@pytest.fixture
def server(tmp_path: Path) -> Iterator[AlertmanagerServer]:
    with Mailbox() as mailbox, AlertmanagerServer(tmp_path / "alertmanager", mailbox) as server:
        yield server


def post(server: AlertmanagerServer, **labels: str) -> None:
    ends = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    answer = httpx.post(f"{server.url}/api/v2/alerts", json=[{"labels": labels, "endsAt": ends}])
    answer.raise_for_status()


def inhibited_brands(server: AlertmanagerServer) -> set[str]:
    """Return the brands whose BrandSpike is inhibited."""
    return {
        alert["labels"]["brand"]
        for alert in server.alerts()
        if alert["labels"]["alertname"] == "BrandSpike" and alert["status"]["inhibitedBy"]
    }


def test_brand_crisis_inhibits_brand_spike_of_the_same_brand(
    server: AlertmanagerServer,
) -> None:
    for brand in ("Air Paradis", "Nordwind"):
        post(server, alertname="BrandSpike", severity="critical", brand=brand)
    post(server, alertname="BrandCrisis", severity="warning", brand="Air Paradis")
    await_that(lambda: inhibited_brands(server) == {"Air Paradis"}, "the inhibition", 20)
