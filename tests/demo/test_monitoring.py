"""The demo's monitoring is started, or reported as missing."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from demo.monitoring import Monitoring
from stream_processor.worker import notify
from tests.support.alertmanager_server import AlertmanagerServer
from tests.support.servers import lacking

HOSTS = {"worker": "127.0.0.1:6066"}


def monitoring(folder: Path) -> Monitoring:
    return Monitoring(folder, HOSTS, "http://127.0.0.1:8501", "en", "sqlite:////nowhere.db")


def with_programs(monkeypatch: pytest.MonkeyPatch, folder: Path, *names: str) -> None:
    """Install only programs of these names."""
    for name in names:
        program = folder / name
        program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(folder))


def test_missing_programs_are_named_in_one_line_and_not_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_programs(monkeypatch, tmp_path)
    monitored = monitoring(tmp_path)
    assert monitored.services == []
    assert monitored.urls == {}
    assert "Prometheus (Debian: prometheus)" in monitored.missing
    assert "Alertmanager (Debian: prometheus-alertmanager)" in monitored.missing
    assert "\n" not in monitored.missing


def test_prometheus_alone_runs_without_a_notifier(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_programs(monkeypatch, tmp_path, "prometheus")
    monitored = monitoring(tmp_path)
    assert [service.name for service in monitored.services] == ["prometheus"]
    assert "Prometheus (" not in monitored.missing
    assert "alertmanagers" not in (tmp_path / "prometheus.yml").read_text()


def test_with_both_programs_all_services_start_and_none_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_programs(monkeypatch, tmp_path, "prometheus", "alertmanager")
    monitored = monitoring(tmp_path)
    assert {service.name for service in monitored.services} == {
        "prometheus",
        "alertmanager",
        "notifier",
    }
    assert monitored.missing == ""


def test_the_notifier_command_line_is_valid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_programs(monkeypatch, tmp_path, "alertmanager")
    (service,) = [
        service for service in monitoring(tmp_path).services if service.name == "notifier"
    ]
    options = notify.make_context("notify", list(service.command[4:])).params
    assert options == {"replays": True, "no_store": False}
    assert service.environ["BADBUZZ_STORE"] == "sqlite:////nowhere.db"


def check(program: str, *arguments: str | Path) -> None:
    if shutil.which(program) is None:
        lacking(f"{program} is missing (Debian: prometheus, {program})", "REQUIRE_SERVICES")
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.services
def test_prometheus_accepts_its_configuration_and_finds_the_shipped_rules(tmp_path: Path) -> None:
    monitoring(tmp_path)
    check("promtool", "check", "config", tmp_path / "prometheus.yml")
    assert "rules found" in subprocess.run(
        ["promtool", "check", "config", tmp_path / "prometheus.yml"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip


@pytest.mark.services
def test_alertmanager_accepts_its_configuration(tmp_path: Path) -> None:
    AlertmanagerServer.program()
    monitoring(tmp_path)
    check("amtool", "check-config", tmp_path / "alertmanager.yml")
