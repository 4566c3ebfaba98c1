from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badbuzz.evidence.masking import mask


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("thanks @Jane_Doe.", "thanks @user."),
        ("@jane.bsky.social and @jane@mastodon.example agree", "@user and @user agree"),
        ("＠jane", "@user"),
        ("@jane@joe@ann", "@user"),
        ("RT @jane: late", "RT @user: late"),
    ],
)
def test_user_names_are_hidden_on_every_network(text: str, shown: str) -> None:
    assert mask(text) == shown


@pytest.mark.parametrize("address", ["jane.doe+air@example.org", "j@mail.example.co.uk", "é@ex.fr"])
def test_an_e_mail_address_is_hidden(address: str) -> None:
    assert mask(f"write to {address}, please") == "write to ✉, please"


@pytest.mark.parametrize(
    "number",
    ["0612345678", "06 12 34 56 78", "+33 6 12 34 56 78", "(555) 010-9999", "555.010.9999"],
)
def test_a_phone_number_is_hidden(number: str) -> None:
    assert mask(f"call {number}!") == "call ☎!"


@pytest.mark.parametrize(
    "text",
    ["flight 8412 at 18:30", "$1,051 lost", "2 bags, 12 hours", "3/31/15 to 4/17/15", "50 000"],
)
def test_other_numbers_stay(text: str) -> None:
    assert mask(text) == text


def test_a_url_is_kept_up_to_its_query() -> None:
    text = "https://example.org/status/5695551234567890?mail=jane@example.org"
    assert mask(text) == "https://example.org/status/5695551234567890"


@given(st.text())
def test_masking_twice_is_masking_once(text: str) -> None:
    assert mask(mask(text)) == mask(text)


@pytest.mark.parametrize("text", ["a" * 4000, "1 " * 2000, "@a." * 1300, "a." * 2000 + "@"])
def test_no_text_takes_long(text: str) -> None:
    mask(text)


def test_a_long_text_is_cut_at_a_word() -> None:
    shown = mask("late " * 818 + "jane@example.org " + "late " * 100)
    assert shown.endswith("late…")
    assert len(shown) <= 4096
    assert mask("漢" * 5000) == "漢" * 4095 + "…"


@pytest.mark.parametrize(
    ("digits", "masked"),
    [("123456", False), ("1234567", True), ("1" * 15, True), ("1" * 16, False)],
)
def test_a_phone_number_has_7_to_15_digits(digits: str, masked: bool) -> None:
    assert mask(f"call {digits}") == ("call ☎" if masked else f"call {digits}")
