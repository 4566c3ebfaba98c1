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

WATCHED = {"worker": "127.0.0.1:6066"}


def monitoring(folder: Path) -> Monitoring:
    return Monitoring(folder, WATCHED, "http://127.0.0.1:8501", "en", "sqlite:////nowhere.db")


def with_programs(monkeypatch: pytest.MonkeyPatch, folder: Path, *names: str) -> None:
    """Let nothing be installed but programs of these names."""
    for name in names:
        program = folder / name
        program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(folder))


def test_what_is_not_installed_is_said_in_a_line_and_not_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_programs(monkeypatch, tmp_path)
    found = monitoring(tmp_path)
    assert found.parts == []
    assert found.addresses == ()
    assert "Prometheus (Debian: prometheus)" in found.missing
    assert "Alertmanager (Debian: prometheus-alertmanager)" in found.missing
    assert "\n" not in found.missing


def test_prometheus_alone_watches_without_a_notifier(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_programs(monkeypatch, tmp_path, "prometheus")
    found = monitoring(tmp_path)
    assert [part.name for part in found.parts] == ["prometheus"]
    assert "Prometheus (" not in found.missing
    assert "alertmanagers" not in (tmp_path / "prometheus.yml").read_text()


def test_everything_there_leaves_nothing_to_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_programs(monkeypatch, tmp_path, "prometheus", "alertmanager")
    found = monitoring(tmp_path)
    assert {part.name for part in found.parts} == {"prometheus", "alertmanager", "notifier"}
    assert found.missing == ""


def test_the_notifier_understands_how_it_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_programs(monkeypatch, tmp_path, "alertmanager")
    (part,) = [part for part in monitoring(tmp_path).parts if part.name == "notifier"]
    options = notify.make_context("notify", list(part.command[4:])).params
    assert options == {"replays": True, "no_store": False}
    assert part.environ["BADBUZZ_STORE"] == "sqlite:////nowhere.db"


def check(program: str, *arguments: str | Path) -> None:
    if shutil.which(program) is None:
        lacking(f"{program} is missing (Debian: prometheus, {program})", "REQUIRE_SERVICES")
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.services
def test_prometheus_takes_its_configuration_and_finds_the_shipped_rules(tmp_path: Path) -> None:
    monitoring(tmp_path)
    check("promtool", "check", "config", tmp_path / "prometheus.yml")
    assert "rules found" in subprocess.run(
        ["promtool", "check", "config", tmp_path / "prometheus.yml"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip


@pytest.mark.services
def test_alertmanager_takes_its_configuration(tmp_path: Path) -> None:
    AlertmanagerServer.program()
    monitoring(tmp_path)
    check("amtool", "check-config", tmp_path / "alertmanager.yml")
