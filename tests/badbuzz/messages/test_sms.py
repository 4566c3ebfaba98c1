from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badbuzz.messages.sms import MAX_PLACES, gsm, n_places, sms
from badbuzz.messages.text import example
from badbuzz.messages.translator import Language
from badbuzz.model import Alert, Phase, Severity, Term
from badbuzz.wire import is_name

PARIS = ZoneInfo("Europe/Paris")
ALPHABET = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡§¿"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜabcdefghijklmnopqrstuvwxyzäöñüà^{}\\[~]|€"
)


@st.composite
def alerts(draw: st.DrawFn) -> Alert:
    shown = example()
    assert shown.evidence is not None
    words = draw(st.lists(st.text(min_size=1, max_size=40), max_size=5))
    n = draw(st.integers(0, 10**7))
    return replace(
        shown,
        brand=draw(st.text(min_size=1, max_size=100).filter(is_name)),
        phase=draw(st.sampled_from(("firing", "escalated", "resolved"))),
        severity=draw(st.sampled_from(("info", "warning", "critical"))),
        scale_min=draw(st.sampled_from((5, 15, 30, 60))),
        n=n,
        n_negative=draw(st.integers(0, n)),
        expected=draw(st.floats(0, 10**7)),
        evidence=replace(shown.evidence, terms=tuple(Term(word, 1, 1.0) for word in words)),
    )


@given(alerts(), st.sampled_from(["en", "fr"]), st.sampled_from(["", "ESSAI"]))
def test_it_fits_into_one_sms(alert: Alert, language: Language, mark: str) -> None:
    text = sms(alert, PARIS, language, mark)
    assert n_places(text) <= MAX_PLACES
    assert set(text) <= ALPHABET


@given(st.text())
def test_a_text_in_the_alphabet_is_unchanged(text: str) -> None:
    assert gsm(gsm(text)) == gsm(text)


@pytest.mark.parametrize("phase", ["firing", "escalated", "resolved"])
@pytest.mark.parametrize("severity", ["info", "warning", "critical"])
def test_a_brand_of_usual_length_is_not_shortened(phase: Phase, severity: Severity) -> None:
    text = sms(replace(example(), phase=phase, severity=severity), PARIS, "fr")
    assert "Air Paradis: 38/51 tweets negatifs" in text.replace("é", "e")


def test_the_clock_is_the_brands() -> None:
    assert "depuis 15:05" in sms(example(), PARIS)


def test_terms_are_left_out_one_by_one() -> None:
    alert = example()
    assert alert.evidence is not None
    terms = tuple(Term(word, 9, 5.0) for word in ("luggage " * 3, "carousel", "compensation " * 3))
    text = sms(replace(alert, evidence=replace(alert.evidence, terms=terms)), PARIS, "en")
    assert "carousel" in text
    assert "compensation" not in text
