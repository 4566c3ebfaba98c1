from __future__ import annotations

from functools import cache
from math import exp, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badbuzz.features.attribution import Explanation, explain_score, occlude
from badbuzz.features.tokens import MAX_TOKENS
from badbuzz.models.scorer import Scorer

NAMES = ("airline-en", "tweets-fr")
load = cache(Scorer.load)
texts = st.text(max_size=120) | st.lists(
    st.sampled_from(["late", "not", "bag", "😡", "merci", "@air", ":(", "&lt;3", "l'avion", "!!"])
).map(" ".join)


def explain(text: str, name: str = "airline-en") -> Explanation:
    (explanation,) = load(name).explain([text])
    return explanation


def by_token(explanation: Explanation) -> dict[str, float]:
    return {part.token: part.logit for part in explanation.contributions}


@pytest.mark.parametrize("name", NAMES)
@given(text=texts)
def test_contributions_and_bias_sum_to_the_logit(name: str, text: str) -> None:
    explanation = explain(text, name)
    assert explanation.bias + sum(
        part.logit for part in explanation.contributions
    ) == pytest.approx(explanation.logit, abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
@given(text=texts)
def test_the_logit_is_that_of_the_score(name: str, text: str) -> None:
    explanation = explain(text, name)
    assert explanation.score == load(name).score([text])[0]
    assert 1 / (1 + exp(-explanation.logit)) == pytest.approx(explanation.score, abs=1e-4)


@given(text=texts)
def test_every_part_is_at_its_position_in_the_text(text: str) -> None:
    at = 0
    for part in explain(text).contributions:
        assert at <= part.start < part.end
        assert text[part.start : part.end] == part.token
        at = part.end


@given(company=st.lists(texts, max_size=4), text=texts)
def test_an_explanation_does_not_depend_on_its_batch(company: list[str], text: str) -> None:
    assert load("airline-en").explain([*company, text])[-1] == explain(text)


@pytest.mark.parametrize("text", ["", "   \n ", ",,, --", "\u200d\ufe0f"])
def test_a_text_without_tokens_is_all_bias(text: str) -> None:
    explanation = explain(text)
    assert explanation.contributions == ()
    assert explanation.logit == explanation.bias


def test_no_texts_have_no_explanations() -> None:
    assert load("airline-en").explain([]) == []


def test_negative_and_positive_words_have_opposite_signs() -> None:
    explanation = by_token(explain("worst flight, lovely crew"))
    assert explanation["worst"] > 0.3
    assert explanation["lovely"] < -0.1


def test_each_emoji_is_a_part() -> None:
    explanation = explain("bag😡😡 lost")
    assert [(part.token, part.start) for part in explanation.contributions] == [
        ("bag", 0), ("😡", 3), ("😡", 4), ("lost", 6),
    ]  # fmt: skip


def test_equal_words_contribute_equally() -> None:
    first, _, second = explain("Worst crew, worst").contributions
    assert first.logit == second.logit > 0.1


def test_equal_words_are_removed_together() -> None:
    assert occlude("bag, bag!").without == (" ,  !", "bag, bag ")


def test_a_repeated_word_keeps_its_contribution() -> None:
    parts = explain("terrible " * 9).contributions
    assert len({part.logit for part in parts}) == 1
    assert parts[0].logit > 0.1


def test_a_word_after_a_negation_is_another_part() -> None:
    turned = occlude("good, not good")
    assert len(turned.without) == 3


def test_words_behind_the_networks_limit_contribute_nothing() -> None:
    words = [f"{chr(97 + i % 26)}{chr(97 + i // 26)}departures" for i in range(60)]
    explanation = explain(" ".join(words))
    assert explanation.contributions[0].logit != 0.0
    assert explanation.contributions[-1].logit == 0.0


def test_occlusion_is_bounded_for_a_long_text() -> None:
    occluded = occlude("bag lost " * 10_000)
    assert max(map(len, occluded.without)) < MAX_TOKENS * len("bag lost")


def test_a_hashtag_is_one_part() -> None:
    assert occlude("#WorstService ever").without == ("  ever", "#WorstService  ")


def test_the_remainder_is_shared_equally() -> None:
    explanation = explain_score(occlude("a b"), 0.5, 0.5, [0.5, 0.5], 0.2)
    assert [part.logit for part in explanation.contributions] == pytest.approx([log(4) / 2] * 2)


def test_a_score_of_one_has_a_finite_logit() -> None:
    explanation = explain_score(occlude("a"), 1.0, 1.0, [0.0], 0.0)
    assert explanation.logit == pytest.approx(log(2**24 - 1))


def test_characters_without_tokens_cost_no_time() -> None:
    words = [f"{chr(97 + i % 26)}{chr(97 + i // 26)}x" for i in range(120)]
    text = "".join("-" * 28 + word for word in words)
    occluded = occlude(text)
    assert [text[start:end] for start, end, _ in occluded.parts] == words
    assert max(map(len, occluded.without)) < 5 * len(words)
    assert [part.token for part in explain(text).contributions] == words
