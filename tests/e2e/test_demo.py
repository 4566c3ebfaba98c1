"""Tests of the demo command."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import orjson
import psutil
import pytest

from tests.support.stream import await_that

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
COMMAND = [sys.executable, "-m", "badbuzz", "demo"]


def moment(text: str) -> int:
    """Parse a time in February 2015, UTC, such as ``23 05:30``; return Unix milliseconds."""
    at = datetime.strptime(f"2015-02-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
    return int(at.timestamp() * 1000)


def objects(output: bytes) -> list[dict[str, object]]:
    return [orjson.loads(line) for line in output.splitlines()]


@pytest.fixture(scope="module")
def airline(shared_data: Path) -> list[dict[str, object]]:
    """Return the alerts of the airline recording after 36 hours of warm-up."""
    recording = shared_data / "airline" / "airline_tweets.jsonl.gz"
    done = subprocess.run(
        [*COMMAND, str(recording), "--warmup", "36h", "--json"], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return objects(done.stdout)


def openings(alerts: list[dict[str, object]], brand: str) -> list[int]:
    return [
        int(str(alert["opened_ms"]))
        for alert in alerts
        if (alert["brand"], alert["phase"]) == (brand, "firing") and alert["severity"] != "info"
    ]


@pytest.mark.parametrize(
    ("brand", "start", "end"),
    [
        ("United", "23 04:00", "23 05:30"),
        ("US Airways", "23 06:45", "23 07:45"),
        ("Southwest", "24 16:15", "24 17:15"),
    ],
)
def test_it_fires_on_a_real_burst(
    airline: list[dict[str, object]], brand: str, start: str, end: str
) -> None:
    assert any(moment(start) <= at <= moment(end) for at in openings(airline, brand))


def test_a_benign_surge_raises_no_alert(airline: list[dict[str, object]]) -> None:
    surge = range(moment("23 00:45"), moment("23 02:00"))
    assert not any(at in surge for at in openings(airline, "Southwest"))


def test_a_brand_without_history_raises_no_alert(airline: list[dict[str, object]]) -> None:
    assert openings(airline, "American") == []


def test_a_brand_without_history_is_displayed_as_such(shared_data: Path) -> None:
    recording = shared_data / "airline" / "airline_tweets.jsonl.gz"
    done = subprocess.run(
        [*COMMAND, str(recording), "--warmup", "36h", "--headless"],
        capture_output=True,
        text=True,
        check=True,
    )
    american = [line for line in done.stdout.splitlines() if "American" in line]
    assert "no baseline" in american[0]
    assert american[-1].startswith("Tue 24 Feb")
    assert "baseline learnt" in american[-1]


def test_ten_simulated_days_end_with_a_summary_of_all_incidents() -> None:
    done = subprocess.run([*COMMAND, "--json", "--speed", "max"], capture_output=True, check=True)
    summary = objects(done.stdout)[-1]
    incidents = summary["incidents"]
    assert isinstance(incidents, list)
    assert len(incidents) >= 4
    assert sum(incident["alert"] is not None for incident in incidents) >= 3


def test_it_ends_with_three_working_commands_and_ctrl_c_is_no_error(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*COMMAND, "--serve", "--speed", "max"],
            stdout=output,
            stderr=output,
        )

    def curls() -> list[str]:
        assert process.poll() is None, log.read_text()
        return [line for line in log.read_text().splitlines() if line.startswith("curl ")]

    try:
        await_that(lambda: len(curls()) == 3, "three lines")
        assert log.read_text().splitlines()[-3:] == curls()
        assert "╭─ alerts" not in log.read_text()  # it is printed on terminals only
        for line in curls():
            failing = line.replace("curl -s", "curl -s --fail")
            answer = subprocess.run(
                ["bash", "-o", "pipefail", "-c", failing], capture_output=True, check=True
            )
            orjson.loads(answer.stdout)
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0


def test_ctrl_c_before_the_end_prints_no_commands(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "--serve", "--keep", str(tmp_path)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    await_that((tmp_path / "replay.log").exists, "the replay")
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "curl" not in output
    assert output.endswith("ended\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_signal_ends_all_processes(number: signal.Signals, tmp_path: Path) -> None:
    process = subprocess.Popen([*COMMAND, "--headless", "--keep", str(tmp_path)])
    parent = psutil.Process(process.pid)
    await_that((tmp_path / "replay.log").exists, "the replay")
    children = parent.children(recursive=True)
    assert len(children) >= 3
    process.send_signal(number)
    assert process.wait(60) == 128 + number
    assert not [child for child in children if child.is_running()]
