from __future__ import annotations

import pytest

from badbuzz.evidence.reasons import (
    _ENGLISH,
    _FRENCH,
    _REASON_OF,
    PHRASES,
    REASONS,
    find_reasons,
)
from badbuzz.evidence.terms import extract_terms, extract_words


@pytest.mark.parametrize("table", [_ENGLISH, _FRENCH], ids=["en", "fr"])
def test_every_reason_has_terms_and_no_others_have(table: dict[str, str]) -> None:
    assert table.keys() == set(REASONS)


def test_a_term_indicates_one_reason() -> None:
    listed = [
        term for table in (_ENGLISH, _FRENCH) for terms in table.values() for term in terms.split()
    ]
    assert sorted(listed) == sorted(set(listed))


@pytest.mark.parametrize("term", sorted(_REASON_OF))
def test_every_term_of_the_table_can_be_found_in_a_text(term: str) -> None:
    assert term in extract_terms(extract_words(f"so {term} now"))


def test_pairs_are_terms() -> None:
    assert "flight attendant" in PHRASES
    assert find_reasons(["flight attendant"]) == ("flight_attendant",)


def test_reasons_are_distinct_and_in_order() -> None:
    assert find_reasons(["valise", "sunshine", "annule", "bagages"]) == (
        "lost_luggage",
        "cancelled_flight",
    )
