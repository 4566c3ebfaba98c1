from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from badbuzz.baseline import SCALES
from badbuzz.render import Language, describe, example, headline

PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize("n_buckets", SCALES)
def test_the_span_is_said(n_buckets: int) -> None:
    minutes = 5 * n_buckets
    words = "last hour" if minutes == 60 else f"last {minutes} minutes"
    assert words in headline(replace(example(), scale_min=minutes))


@pytest.mark.parametrize(
    ("expected", "words"),
    [(0.2, "fewer than 1 were expected"), (1.0, "1 was expected"), (6.1, "6 were expected")],
)
def test_what_was_expected_is_said_in_whole_tweets(expected: float, words: str) -> None:
    assert words in headline(replace(example(), expected=expected))


def test_french_says_the_same() -> None:
    text = describe(example(), PARIS, "fr")
    assert text.startswith("CRISE (critique) : Air Paradis\nAir Paradis : 38 des 51 tweets")
    assert "75 % de négatifs, d'ordinaire 30 %" in text
    assert "2 sur un milliard" in text


def test_times_are_the_brands_own() -> None:
    assert "Since 15:05;" in describe(example(), PARIS)


@pytest.mark.parametrize(
    ("p_value", "words"),
    [(0.012, "12 in a thousand"), (2e-5, "20 in a million"), (1e-12, "less than 1 in a billion")],
)
def test_chance_is_said_as_people_say_it(p_value: float, words: str) -> None:
    assert words in describe(replace(example(), p_value=p_value), PARIS)


def test_without_a_baseline_it_says_so() -> None:
    assert describe(replace(example(), severity="info"), PARIS).startswith("NO BASELINE YET: ")


@pytest.mark.parametrize(
    ("language", "words"), [("en", "Back to usual: 38 of"), ("fr", "Retour à la normale : Air")]
)
def test_a_resolved_alert_says_that_it_is_over(language: Language, words: str) -> None:
    assert headline(replace(example(), phase="resolved"), language).startswith(words)
