"""Tests of a simulated crisis from its first tweet to the mail, through all workers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from badbuzz import wire
from badbuzz.messages.mail import Message, write
from badbuzz.messages.translator import Language
from badbuzz.model import Alert
from tests.e2e.scenario import ENVIRON, write_scenario
from tests.support.alertmanager_server import AlertmanagerServer, Mailbox, body
from tests.support.http_server import EMPTY, HttpServer
from tests.support.stream import Deployment, await_that

pytestmark = [pytest.mark.e2e, pytest.mark.services, pytest.mark.slow]

BUCKET_MS = 300_000
PARIS = ZoneInfo("Europe/Paris")
TEAM = "crisis-team@example.org"
PACED = ("--speed", "600", "--fast-until", "33.5h")


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("notify")
    return write_scenario(folder, brands=3, tweets_per_day=2500, magnitude=24.0)


@pytest.fixture
def stream(real_kafka: str, topic_prefix: str, tmp_path: Path) -> Iterator[Deployment]:
    stream = Deployment(real_kafka, topic_prefix, tmp_path, ENVIRON)
    stream.create_topics()
    yield stream
    stream.close()


def raised(stream: Deployment, language: Language) -> list[tuple[Alert, Message]]:
    """Return the alerts about Air Paradis and their messages."""
    alerts = [wire.decode_alert(value) for _, value in stream.committed(wire.ALERTS)]
    return [
        (alert, write(alert, PARIS, language, mark="replay"))
        for alert in alerts
        if alert.brand == "Air Paradis"
    ]


@pytest.mark.parametrize(("language", "over"), [("fr", "TERMINÉE"), ("en", "RESOLVED")])
def test_the_start_and_the_end_of_a_crisis_are_mailed(
    language: Language, over: str, recording: Path, stream: Deployment, tmp_path: Path
) -> None:
    with (
        Mailbox() as mailbox,
        HttpServer() as azure,
        HttpServer(EMPTY) as phone,
        AlertmanagerServer(tmp_path / "alertmanager", mailbox, phone.url) as manager,
    ):
        stream.worker().await_ready()
        environ = {
            "BADBUZZ_ALERTMANAGER_URL": manager.url,
            "BADBUZZ_AZURE_CONNECTION_STRING": azure.connection_string,
            "BADBUZZ_LANGUAGE": language,
            "BADBUZZ_NOTIFY_REPEAT_S": "1",
        }
        stream.notifier(environ, "--notify").await_ready()
        replay = stream.command("replay", str(recording), "--quiet", *PACED)
        await_that(lambda: bool(mailbox.to(TEAM)), "the mail of the crisis")
        await_that(lambda: over in "".join(mailbox.subjects(TEAM)), "the mail of its end")
        assert replay.finish() == 0, replay.log_text()
        phases = raised(stream, language)
        print_delay(mailbox, stream, phases[0][0])
        await_that(lambda: len(changes(azure)) >= len(phases), "every change at Azure Monitor")

    first, last = phases[0][1], phases[-1][1]
    mails = [body(mail) for mail in mailbox.to(TEAM)]
    assert mailbox.subjects(TEAM)[0] == first.subject
    assert [text for text in (first.summary, *first.why) if text not in unescaped(mails[0])] == []
    assert last.summary in unescaped(mails[-1])
    texts = [alert["annotations"]["sms"] for post in phone.bodies for alert in post[0]["alerts"]]
    assert {message.sms for alert, message in phases if alert.severity == "critical"} & set(texts)
    # One per severity and one at the end; each notification was repeated every second.
    severities = {alert.severity for alert, _ in phases}
    assert len(mails) == len(severities) + 1
    assert changes(azure) == [
        f"{alert.id}/{alert.phase}/{alert.window_end_ms}" for alert, _ in phases
    ]


def changes(azure: HttpServer) -> list[str]:
    properties = [trace["properties"] for trace in azure.envelopes()]
    return [trace["change"] for trace in properties if trace.get("brand") == "Air Paradis"]


def unescaped(html: str) -> str:
    return html.replace("&#39;", "'").replace("&#43;", "+")


def print_delay(mailbox: Mailbox, stream: Deployment, fired: Alert) -> None:
    """Print the seconds from the tweets that crossed the threshold to the mail (pytest -rP).

    The time starts at the first tweet of the five-minute bucket and is therefore an upper bound. It
    includes the lateness, because a window is evaluated when it closes.
    """
    posts = ((sent_s, wire.decode_tweet(value)) for sent_s, value in stream.sent(wire.TWEETS))
    crossing_s = min(
        sent_s
        for sent_s, tweet in posts
        if (tweet.brand, tweet.kind) == (fired.brand, "post")
        and fired.window_end_ms - BUCKET_MS <= tweet.created_ms < fired.window_end_ms
    )
    print(f"crossing tweets to mail: {mailbox.arrived_s[0] - crossing_s:.2f} s")  # noqa: T201
