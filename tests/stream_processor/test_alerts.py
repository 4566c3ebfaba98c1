"""Tests of ``badbuzz alerts`` on real brokers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from confluent_kafka import Producer

from badbuzz import wire
from badbuzz.messages.text import example
from tests.support.stream import Deployment

pytestmark = pytest.mark.kafka


def printed(stream: Deployment, topic: str, *values: bytes) -> str:
    """Return the output of the command for a topic with these records."""
    producer = Producer({"bootstrap.servers": stream.settings.kafka_bootstrap_servers})
    for value in values:
        producer.produce(stream.settings.topic(topic), value, key="an id", partition=1)
    producer.flush()
    command = stream.command("alerts", "--no-follow")
    assert command.finish() == 0, command.log_text()
    return command.log_text()


def test_an_alert_is_a_line_with_its_sentence(stream: Deployment) -> None:
    lines = printed(stream, wire.ALERTS, wire.encode_alert(example())).splitlines()
    (line,) = [line for line in lines if "Air Paradis" in line]
    assert "38 of 51 tweets about Air Paradis" in line


def test_an_unreadable_record_is_skipped_and_the_others_are_shown(stream: Deployment) -> None:
    lines = printed(stream, wire.ALERTS, b"{}", wire.encode_alert(example())).splitlines()
    assert lines[0].startswith("badbuzz: a record of the topic was skipped: v: version")
    assert "38 of 51" in lines[1]


def test_an_alert_that_cannot_be_rendered_is_reported_and_the_others_are_shown(
    stream: Deployment,
) -> None:
    unshowable = wire.encode_alert(replace(example(), window_end_ms=2**62))
    lines = printed(stream, wire.ALERTS, unshowable, wire.encode_alert(example())).splitlines()
    assert lines[0].startswith("badbuzz: a record of the topic was skipped: ")
    assert "38 of 51" in lines[1]


def test_without_windows_the_message_names_the_worker(stream: Deployment) -> None:
    assert printed(stream, wire.ALERTS) == (
        "no alerts and no windows in the topics: is badbuzz process running?\n"
    )


def test_with_windows_but_no_alerts_the_message_names_the_warm_up(stream: Deployment) -> None:
    assert "first week is its warm-up" in printed(stream, wire.WINDOWS, b"{}")
