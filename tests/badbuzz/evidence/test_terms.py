from __future__ import annotations

import math
from collections import Counter

import pytest

from badbuzz.evidence.terms import MAX_TERM_BYTES, extract_terms, extract_words, find_drivers

USUAL = {"flight": 400.0, "late": 200.0, "crew": 100.0, "bags": 20.0}


def test_masks_moods_and_addresses_are_no_words() -> None:
    text = "@jane 😡 jane@example.org j@example.org https://example.org/lost 06 12 late :("
    assert extract_words(text) == ["late"]


@pytest.mark.parametrize("text", ["the your not", "les vous pas", "an ok"])
def test_stop_words_are_no_terms(text: str) -> None:
    assert extract_terms(extract_words(text)) == []


def test_a_term_counts_once_a_text() -> None:
    assert extract_terms(extract_words("Late, late, LATE again")) == ["late"]


def test_a_word_too_long_to_keep_is_no_term() -> None:
    assert extract_terms(["x" * MAX_TERM_BYTES, "y" * (MAX_TERM_BYTES + 1), "é" * 11]) == [
        "x" * MAX_TERM_BYTES
    ]


def test_the_term_that_rose_most_comes_first() -> None:
    counts = Counter({"flight": 8, "late": 4, "bags": 8})
    assert find_drivers(counts, USUAL, 0.0, 8)[0].term == "bags"


def test_usual_terms_are_not_drivers() -> None:
    counts = Counter({"flight": 8, "late": 4, "crew": 2, "bags": 8})
    assert not {"late", "crew"} & {term.term for term in find_drivers(counts, USUAL, 0.0, 8)}


def test_a_term_of_one_text_is_no_driver() -> None:
    assert find_drivers({"volcano": 1}, USUAL, 0.0, 8) == []


def test_an_unknown_term_is_compared_with_the_upper_limit() -> None:
    (unseen,) = find_drivers({"volcano": 5}, USUAL, 0.0, 8)
    (maybe,) = find_drivers({"volcano": 5}, USUAL, 200.0, 8)
    assert maybe.z < unseen.z


def test_the_figure_is_that_of_the_formula() -> None:
    counts, usual = {"bags": 9, "late": 21}, {"bags": 20.0, "late": 80.0}
    smoothed, usually = (9 + 50 * 20.5 / 101.5), 20.5 / (101.5 - 20.5)
    odds = math.log(smoothed / (30 + 50 - smoothed)) - math.log(usually)
    z = odds / math.sqrt(1 / smoothed + 1 / 20.5)
    assert find_drivers(counts, usual, 0.0, 1)[0].z == round(z, 2)


def test_without_history_the_most_frequent_terms_come_first() -> None:
    assert [term.term for term in find_drivers({"bags": 9, "late": 2}, {}, 0.0, 1)] == ["bags"]


def test_a_bigram_replaces_its_words() -> None:
    counts = {"hold": 6, "on hold": 5, "service": 9, "customer service": 4}
    drivers = {term.term for term in find_drivers(counts, {"late": 500.0}, 0.0, 8)}
    assert drivers == {"on hold", "service", "customer service"}


def test_equal_terms_are_in_alphabetical_order() -> None:
    assert [t.term for t in find_drivers({"b": 2, "a": 2, "c": 2}, {}, 0.0, 2)] == ["a", "b"]


def test_a_term_has_3_characters_to_20_bytes() -> None:
    words = ["aa", "bag", "x" * 20, "x" * 21]
    assert extract_terms(words) == ["bag", "x" * 20]


def test_a_term_of_two_texts_may_be_a_driver() -> None:
    assert [(t.term, t.n) for t in find_drivers({"lava": 2, "ash": 1}, USUAL, 0.0, 8)] == [
        ("lava", 2)
    ]


@pytest.mark.parametrize(("n", "kept"), [(8, True), (7, False)])
def test_a_bigram_replaces_a_word_if_most_texts_have_it(n: int, kept: bool) -> None:
    drivers = find_drivers({"hold": n, "on hold": 4}, {"late": 500.0}, 0.0, 8)
    assert ("hold" in {term.term for term in drivers}) == kept


def test_a_pair_must_be_listed() -> None:
    assert extract_terms(["customer", "service", "customer"]) == [
        "customer",
        "service",
        "customer service",
    ]


def test_an_unknown_terms_figure_is_that_of_the_formula() -> None:
    before, n_usual = 3.0 + 0.5, 20.0 + 3.0 + 0.5 * 3
    smoothed = 5 + 50 * before / n_usual
    odds = math.log(smoothed / (5 + 50 - smoothed)) - math.log(before / (n_usual - before))
    (term,) = find_drivers({"lava": 5}, {"bags": 20.0}, 3.0, 1)
    assert term.z == round(odds / math.sqrt(1 / smoothed + 1 / before), 2)
