"""The command ``badbuzz alert test``: the alert that it sends and the output."""

from __future__ import annotations

import subprocess
import sys

import pytest

from stream_processor.notifier.sinks.dimensions import ALERT_TRACE
from tests.support.http_server import ACCEPTS, EMPTY, Answer, HttpServer


def badbuzz(environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "badbuzz", "alert", "test", *arguments],
        env={"PATH": "/usr/bin:/bin", "BADBUZZ_NOTIFY_TIMEOUT_S": "2", **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_marked_alert_goes_through_every_sink() -> None:
    with HttpServer(ACCEPTS) as azure, HttpServer(EMPTY) as manager:
        environ = {
            "BADBUZZ_ALERTMANAGER_URL": manager.url,
            "BADBUZZ_AZURE_CONNECTION_STRING": azure.connection_string,
        }
        ran = badbuzz(environ, "--brand", "Air Paradis", "--severity", "warning")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines() == [
        "alertmanager: accepted (answered 200)",
        "azure: accepted (answered 200)",
    ]
    (alert,) = manager.bodies[0]
    assert (alert["labels"]["severity"], alert["labels"]["mark"]) == ("warning", "test")
    assert alert["annotations"]["subject"] == "[ESSAI] CRISE (avertissement) : Air Paradis"
    (trace,) = azure.envelopes()
    assert (trace["message"], trace["properties"]["mark"]) == (ALERT_TRACE, "test")


def test_a_sink_that_fails_is_named_and_the_others_receive_the_alert() -> None:
    with HttpServer(ACCEPTS) as azure, HttpServer(Answer(503, b"starting")) as manager:
        environ = {
            "BADBUZZ_ALERTMANAGER_URL": manager.url,
            "BADBUZZ_AZURE_CONNECTION_STRING": azure.connection_string,
        }
        ran = badbuzz(environ, "--brand", "Air Paradis")
    assert ran.returncode == 6
    assert "alertmanager: not accepted: answered 503: starting" in ran.stdout
    assert "azure: accepted" in ran.stdout
    assert ran.stderr.splitlines() == ["badbuzz: alertmanager did not accept the test alert"]


def test_a_brand_that_is_not_watched_is_reported() -> None:
    with HttpServer(EMPTY) as manager:
        ran = badbuzz({"BADBUZZ_ALERTMANAGER_URL": manager.url}, "--brand", "Air Pardis")
    assert "'Air Pardis' is not watched; watched brands: Air Paradis" in ran.stderr


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("BADBUZZ_AZURE_CONNECTION_STRING", "mine", "copy it from the Application Insights"),
        ("BADBUZZ_ALERTMANAGER_URL", "", "no sink is configured"),
        ("BADBUZZ_LANGUAGE", "de", "expected one of en, fr"),
    ],
)
def test_an_invalid_setting_is_reported_in_one_line(variable: str, value: str, words: str) -> None:
    ran = badbuzz({variable: value}, "--brand", "Air Paradis")
    assert ran.returncode == 2
    (line,) = ran.stderr.splitlines()
    assert words in line
