from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from badbuzz.messages.mail import write
from badbuzz.messages.text import example
from badbuzz.messages.translator import Language

PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "Since 31 December 2025, 15:05 (CET)."),
        ("fr", "Depuis le 31/12/2025 à 15:05 (CET)."),
    ],
)
def test_times_are_the_brands_own(language: Language, words: str) -> None:
    assert write(example(), PARIS, language).since == words


def test_a_resolved_alert_has_start_and_end() -> None:
    alert = example()
    over = replace(alert, phase="resolved", window_end_ms=alert.opened_ms + 3_600_000)
    assert write(over, PARIS).since == "Du 31/12/2025 à 15:05 au 31/12/2025 à 16:05 (CET)."


@pytest.mark.parametrize(("language", "mark"), [("en", "[REPLAY] CRISIS"), ("fr", "[REJEU] CRISE")])
def test_a_replay_is_marked_in_the_subject(language: Language, mark: str) -> None:
    assert write(example(), PARIS, language, mark="replay").subject.startswith(mark)


def test_a_test_is_marked_in_the_text_message() -> None:
    assert write(example(), PARIS, "en", mark="test").sms.startswith("(TEST) ")


def test_two_examples_come_with_their_permalinks() -> None:
    message = write(example(), PARIS, "en").annotations()
    assert message["example_1"] == "“@user 12 hours and still no bags. Nobody answers.”"
    assert "example_1_url" not in message
    assert message["example_2_url"] == "https://social.example/status/7"


def test_both_languages_fill_the_same_places() -> None:
    english, french = (write(example(), PARIS, language) for language in ("en", "fr"))
    assert english.annotations().keys() == french.annotations().keys()


def test_without_evidence_there_are_no_annotations_of_it() -> None:
    message = write(replace(example(), evidence=None), PARIS).annotations()
    assert not {"why", "voices", "example_1"} & message.keys()


def test_a_percent_sign_stays_with_its_number() -> None:
    assert "75\N{NO-BREAK SPACE}%" in write(example(), PARIS).rates


def test_the_link_keeps_the_query_of_the_dashboards_address() -> None:
    message = write(example(), PARIS, dashboard="https://buzz.example/live?lang=fr#top")
    assert message.dashboard == (
        "https://buzz.example/live?lang=fr&alert=Air%20Paradis%2F1767189600000#top"
    )
