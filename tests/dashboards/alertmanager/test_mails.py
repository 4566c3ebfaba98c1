"""Mails and text messages of a real Alertmanager with the shipped routes and templates."""

from __future__ import annotations

import asyncio
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import httpx
import pytest

from badbuzz.config.settings import Settings
from badbuzz.messages.mail import write
from badbuzz.messages.text import example
from badbuzz.messages.translator import Language
from badbuzz.model import Alert
from stream_processor.notifier.notification import Notification
from stream_processor.notifier.sinks.alertmanager import Alertmanager
from tests.support.alertmanager_server import SHIPPED, AlertmanagerServer, Mailbox, body
from tests.support.browser import chromium
from tests.support.http_server import EMPTY, HttpServer
from tests.support.servers import lacking
from tests.support.stream import await_that

pytestmark = pytest.mark.services

PARIS = ZoneInfo("Europe/Paris")
TEAM, DEPUTY, DIGEST = "crisis-team@example.org", "deputy@example.org", "digest@example.org"
WARNING = replace(example(), severity="warning")
CRITICAL = replace(example(), phase="escalated", score=9.0)
OVER = replace(example(), phase="resolved", evidence=None)


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as mailbox:
        yield mailbox


@pytest.fixture
def phone() -> Iterator[HttpServer]:
    """A gateway for text messages."""
    with HttpServer(EMPTY) as phone:
        yield phone


@pytest.fixture
def server(tmp_path: Path, mailbox: Mailbox, phone: HttpServer) -> Iterator[AlertmanagerServer]:
    with AlertmanagerServer(tmp_path / "alertmanager", mailbox, phone.url) as server:
        yield server


def send(
    server: AlertmanagerServer,
    *alerts: Alert,
    language: Language = "fr",
    repeat: bool = False,
    mark: Any = "",
) -> None:
    """Send alerts to Alertmanager as the notifier does."""

    async def run() -> None:
        sink = Alertmanager(Settings(alertmanager_url=server.url))
        for alert in alerts:
            message = write(alert, PARIS, language, "https://dashboard.example.org/", mark)
            notification = Notification(alert, message, int(time.time() * 1000), mark)
            await (sink.repeat([notification]) if repeat else sink.send(notification))
        await sink.close()

    asyncio.run(run())


def await_mails(mailbox: Mailbox, address: str, n: int) -> list[str]:
    await_that(lambda: len(mailbox.to(address)) >= n, f"mail {n} to {address}", 20)
    return mailbox.subjects(address)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "fr",
            [
                "CRISE (critique) : Air Paradis",
                "Air Paradis : 38 tweets négatifs sur 51 au cours des 15 dernières minutes",
                "15 dernières minutes ; 6 étaient attendus.",
                "Depuis le 31/12/2025 à 15:05 (CET).",
                "Part de négatifs : 75 % (habituellement 30 %).",
                "Mots saillants : bags, lost, luggage. Surtout : bagages perdus.",
                "« @user 12 hours and still no bags. Nobody answers. »",
                "https://social.example/status/7",
                "Ouvrir le tableau de bord\nhttps://dashboard.example.org/",
                "Prendre en charge\nhttps://alerts.example.org/#/silences/new?filter="
                "%7Balertname%3D%22BrandCrisisReminder%22%2C"
                "id%3D%22Air%20Paradis%2F1767189600000%22%7D",
            ],
        ),
        (
            "en",
            [
                "CRISIS (critical): Air Paradis",
                "38 of 51 tweets about Air Paradis in the last 15 minutes are negative; 6 were",
                "Since 31 December 2025, 15:05 (CET).",
                "Negative rate: 75 % (usually 30 %).",
                "Driven by: bags, lost, luggage. Mostly about: lost luggage.",
                "“@user 12 hours and still no bags. Nobody answers.”",
                "https://social.example/status/7",
                "Open the dashboard\nhttps://dashboard.example.org/",
                "Acknowledge\nhttps://alerts.example.org/#/silences/new?filter="
                "%7Balertname%3D%22BrandCrisisReminder%22%2C"
                "id%3D%22Air%20Paradis%2F1767189600000%22%7D",
            ],
        ),
    ],
)
def test_a_mail_has_counts_start_terms_examples_and_links(
    language: Language, words: list[str], server: AlertmanagerServer, mailbox: Mailbox
) -> None:
    send(server, example(), language=language)
    assert await_mails(mailbox, TEAM, 1) == [words[0]]
    text = body(mailbox.to(TEAM)[0], "plain").replace("\N{NO-BREAK SPACE}", " ")
    assert [word for word in words if word not in text] == []


def test_a_browser_shows_the_mail(server: AlertmanagerServer, mailbox: Mailbox) -> None:
    send(server, example())
    await_mails(mailbox, TEAM, 1)
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 380, "height": 900})
        page.set_content(body(mailbox.to(TEAM)[0]))
        assert page.get_by_role("heading").inner_text() == "CRISE (critique) : Air Paradis"
        silence = page.get_by_role("link", name="Prendre en charge").get_attribute("href")
        assert silence is not None
        assert silence.startswith("https://alerts.example.org/#/silences/new?filter=")
        assert page.evaluate("document.documentElement.scrollWidth") <= 380


def test_the_acknowledge_link_encodes_the_id(server: AlertmanagerServer, mailbox: Mailbox) -> None:
    send(server, replace(example(), id="Air & Co #1/7", brand="Air & Co #1"))
    await_mails(mailbox, TEAM, 1)
    for part in ("plain", "html"):
        text = unescape(body(mailbox.to(TEAM)[0], part))
        (asked,) = re.findall(r"silences/new\?filter=([^\s>]*%7[dD]|[^>]*})", text)
        assert unquote(asked).endswith('id="Air & Co #1/7"}')
        assert "&" not in asked


def test_repetitions_cause_no_further_mail(server: AlertmanagerServer, mailbox: Mailbox) -> None:
    send(server, WARNING)
    await_mails(mailbox, TEAM, 1)
    for _ in range(5):
        send(server, WARNING, repeat=True)
    send(server, replace(OVER, severity="warning"))
    assert await_mails(mailbox, TEAM, 2) == [
        "CRISE (avertissement) : Air Paradis",
        "TERMINÉE : Air Paradis",
    ]


def test_an_escalation_causes_a_mail_and_the_end_of_the_replaced_alert_does_not(
    server: AlertmanagerServer, mailbox: Mailbox
) -> None:
    send(server, WARNING)
    await_mails(mailbox, TEAM, 1)
    send(server, CRITICAL)
    await_mails(mailbox, TEAM, 2)
    await_that(lambda: server.has_flushed_the_end("warning"), "the warning's end, inhibited")
    send(server, OVER)
    assert await_mails(mailbox, TEAM, 3) == [
        "CRISE (avertissement) : Air Paradis",
        "CRISE AGGRAVÉE (critique) : Air Paradis",
        "TERMINÉE : Air Paradis",
    ]


def test_the_text_message_reaches_the_gateway(
    server: AlertmanagerServer, phone: HttpServer
) -> None:
    send(server, example())
    await_that(lambda: bool(phone.bodies), "a webhook")
    (alert,) = phone.bodies[0][0]["alerts"]
    assert alert["annotations"]["sms"].startswith("CRISE (critique) : Air Paradis: 38/51 tweets")


def test_an_unacknowledged_alert_reaches_the_deputy(
    server: AlertmanagerServer, mailbox: Mailbox
) -> None:
    send(server, example())
    assert await_mails(mailbox, DEPUTY, 1) == ["CRISE (critique) : Air Paradis"]


def acknowledge(server: AlertmanagerServer, alert: Alert) -> None:
    """Silence the reminders of an alert as the notifier does after an acknowledgement."""

    async def run() -> None:
        sink = Alertmanager(Settings(alertmanager_url=server.url))
        message = write(alert, PARIS, "fr")
        await sink.silence(Notification(alert, message, int(time.time() * 1000)), "camille")
        await sink.close()

    asyncio.run(run())


def test_an_acknowledged_alert_causes_no_reminder_but_a_mail_at_its_end(
    server: AlertmanagerServer, mailbox: Mailbox
) -> None:
    acknowledge(server, example())
    send(server, example())
    send(server, replace(example(), id="Nordwind/1", brand="Nordwind"))
    assert await_mails(mailbox, DEPUTY, 1) == ["CRISE (critique) : Nordwind"]
    send(server, OVER)
    assert await_mails(mailbox, TEAM, 2) == [
        "CRISE (critique) : Air Paradis",
        "TERMINÉE : Air Paradis",
    ]
    assert mailbox.subjects(DEPUTY) == ["CRISE (critique) : Nordwind"]


def test_acknowledging_is_idempotent_and_keeps_an_expired_silence(
    server: AlertmanagerServer,
) -> None:
    for _ in range(2):
        acknowledge(server, example())
    (silence,) = server.silences()
    assert (silence["createdBy"], silence["status"]["state"]) == ("camille", "active")
    httpx.delete(f"{server.url}/api/v2/silence/{silence['id']}").raise_for_status()
    acknowledge(server, example())
    assert [silence["status"]["state"] for silence in server.silences()] == ["expired"]


def test_an_alert_without_a_baseline_goes_to_the_digest(
    server: AlertmanagerServer, mailbox: Mailbox
) -> None:
    send(server, *(replace(example(), severity="info", brand=name) for name in ("One", "Two")))
    await_that(lambda: "Two" in "".join(map(body, mailbox.to(DIGEST))), "a digest")
    assert mailbox.to(TEAM) == []


def test_a_test_alert_is_marked_and_does_not_reach_the_deputy(
    server: AlertmanagerServer, mailbox: Mailbox
) -> None:
    send(server, example(), mark="test")
    send(server, replace(example(), brand="Nordwind"))
    await_mails(mailbox, DEPUTY, 1)
    assert mailbox.subjects(TEAM) == ["[ESSAI] CRISE (critique) : Air Paradis"]
    assert mailbox.subjects(DEPUTY) == ["CRISE (critique) : Nordwind"]


def test_markup_in_a_tweet_is_escaped(server: AlertmanagerServer, mailbox: Mailbox) -> None:
    shown = example()
    assert shown.evidence is not None
    (worst,) = shown.evidence.most_negative
    loud = replace(worst, text="<script>alert(1)</script> & co")
    send(server, replace(shown, evidence=replace(shown.evidence, most_negative=(loud,))))
    await_mails(mailbox, TEAM, 1)
    html = body(mailbox.to(TEAM)[0])
    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)" in html


# The routes as they are shipped


def amtool(*arguments: str) -> str:
    try:
        ran = subprocess.run(["amtool", *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        lacking("amtool is missing: apt-get install prometheus-alertmanager", "REQUIRE_SERVICES")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout.strip()


def test_amtool_accepts_the_configuration() -> None:
    assert "FAILED" not in amtool("check-config", str(SHIPPED / "alertmanager.yml"))


CRISIS, REMINDER = "alertname=BrandCrisis", "alertname=BrandCrisisReminder"


@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        ([CRISIS, "severity=critical", "brand=Air Paradis"], "team-and-phone"),
        ([CRISIS, "severity=warning", "brand=Air Paradis"], "team"),
        ([CRISIS, "severity=info", "brand=Nordwind"], "digest"),
        ([CRISIS, "severity=critical", "brand=Nordwind"], "nordwind"),
        ([CRISIS, "severity=critical", "brand=Air Paradis", "mark=replay"], "team-and-phone"),
        ([REMINDER, "severity=critical", "brand=Nordwind"], "deputy"),
        ([REMINDER, "severity=warning", "brand=Air Paradis"], "nobody"),
        (["alertname=BrokerUnreachable", "severity=critical"], "operators"),
    ],
)
def test_the_receiver_of_an_alert(labels: list[str], receivers: str) -> None:
    config = f"--config.file={SHIPPED / 'alertmanager.yml'}"
    quoted = [label.replace("=", '="') + '"' for label in labels]
    assert amtool("config", "routes", "test", config, *quoted) == receivers
