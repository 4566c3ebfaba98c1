from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from badbuzz.detection.buckets import SCALES
from badbuzz.messages.text import chosen, describe, example, examples, headline, quoted, why
from badbuzz.messages.translator import Language
from badbuzz.model import Alert, Reason

PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "ALERT (major, open): Air Paradis\n38 of 51"),
        ("fr", "ALERTE (major, ouverte) : Air Paradis"),
    ],
)
def test_values_of_a_newer_version_are_shown_by_their_key(language: Language, words: str) -> None:
    shown = example().evidence
    assert shown is not None
    evidence = replace(shown, reasons=(Reason("volcanic_ash", 30),))
    text = describe(replace(example(), severity="major", evidence=evidence), PARIS, language)
    assert text.startswith(words)
    assert "volcanic_ash" in text
    assert "(critical, merged)" in describe(replace(example(), phase="merged"), PARIS)


@pytest.mark.parametrize("n_buckets", SCALES)
def test_the_headline_names_the_span(n_buckets: int) -> None:
    minutes = 5 * n_buckets
    words = "last hour" if minutes == 60 else f"last {minutes} minutes"
    assert words in headline(replace(example(), scale_min=minutes))


@pytest.mark.parametrize(
    ("expected", "words"),
    [(0.2, "fewer than 1 were expected"), (1.0, "1 was expected"), (6.1, "6 were expected")],
)
def test_the_expected_number_is_rounded(expected: float, words: str) -> None:
    assert words in headline(replace(example(), expected=expected))


def test_french_has_the_same_content() -> None:
    text = describe(example(), PARIS, "fr")
    title, sentence = text.splitlines()[:2]
    assert title == "CRISE (critique) : Air Paradis"
    assert sentence.startswith("Air Paradis : 38 tweets négatifs sur 51 au cours des 15 dernières")
    assert "Part de négatifs : 75 % (habituellement 30 %)." in text
    assert "par hasard : moins de 1 sur 500." in text


def test_times_are_the_brands_own() -> None:
    assert "Since 15:05." in describe(example(), PARIS)


@pytest.mark.parametrize(
    ("p_value", "words"),
    [
        (1e-12, "less than 1 in 500."),
        (1e-5, "less than 1 in 100."),
        (1e-3, "less than 1 in 20."),
        (1e-2, "less than 1 in 5."),
        (0.1, "more than 1 in 20."),
    ],
)
def test_chance_claims_only_what_was_measured(p_value: float, words: str) -> None:
    assert f"by chance: {words}" in describe(replace(example(), p_value=p_value), PARIS)


def test_without_a_baseline_the_title_states_it() -> None:
    text = describe(replace(example(), severity="info"), PARIS)
    assert text.startswith("INFO (no baseline yet): ")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "Resolved. 38"),
        ("fr", "Alerte terminée. A"),
    ],
)
def test_a_resolved_alert_is_marked_as_over(language: Language, words: str) -> None:
    assert headline(replace(example(), phase="resolved"), language).startswith(words)


def with_evidence(**fields: object) -> Alert:
    alert = example()
    assert alert.evidence is not None
    return replace(alert, evidence=replace(alert.evidence, **fields))  # type: ignore[arg-type]


@pytest.mark.parametrize(("n", "words"), [(18, "Often about"), (19, "Mostly about")])
def test_mostly_is_half_at_least(n: int, words: str) -> None:
    (drivers, _) = why(with_evidence(reasons=(Reason("booking", n),)))
    assert drivers.endswith(f"{words}: booking problems.")


def test_the_first_reason_is_named() -> None:
    (drivers, _) = why(with_evidence(reasons=(Reason("booking", 19), Reason("lost_luggage", 9))))
    assert drivers.endswith("booking problems.")


def test_the_size_of_a_sample_is_stated() -> None:
    alert = replace(example(), n_negative=200)
    assert why(alert)[1].startswith("38 of 200 sampled; 34 authors for 38 tweets;")


def test_one_author_is_singular() -> None:
    alert = with_evidence(n_authors=1)
    assert why(alert)[1].startswith("1 author for 38 tweets;")
    assert why(alert, "fr")[1].startswith("1 auteur pour 38 tweets ;")


def test_unknown_figures_are_left_out() -> None:
    bare = with_evidence(terms=(), reasons=(), n_signed=0, near_duplicate_rate=0.0, reach=0)
    assert why(bare) == []


@pytest.mark.parametrize("language", ["en", "fr"])
def test_without_evidence_there_are_no_sentences(language: Language) -> None:
    bare = replace(example(), evidence=None)
    assert why(bare, language) == examples(bare, language) == []


def test_evidence_is_rendered_in_french() -> None:
    assert examples(example(), "fr")[1] == (
        "« Two flights, zero luggage, no apology » (et 5 semblables) "
        "https://social.example/status/7"
    )
    assert why(with_evidence(reach=1), "fr")[1].endswith(" ; 1 retweet.")


def test_one_near_duplicate_is_singular() -> None:
    pair = replace(chosen(example())[1], n_alike=2)
    assert quoted(pair, "fr").endswith(" (et 1 semblable)")


def test_the_worst_and_the_most_repeated_alternate() -> None:
    alert = example()
    assert alert.evidence is not None
    many = with_evidence(most_negative=alert.evidence.most_negative * 3)
    assert ["similar" in line for line in examples(many, most=4)] == [False, True, False, False]


def test_the_example_has_known_terms() -> None:
    evidence = example().evidence
    assert evidence is not None
    terms = [(term.term, term.n, term.z) for term in evidence.terms]
    assert terms == [("bags", 19, 6.31), ("lost", 14, 4.2), ("luggage", 11, 3.87)]
