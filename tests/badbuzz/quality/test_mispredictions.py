from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badbuzz.quality.mispredictions import (
    MARGINS,
    FeedbackGroup,
    changes_by_version,
    changes_by_week,
    latest_feedback,
    summarise_mispredictions,
)
from badbuzz.store.model import Feedback
from tests.support.feedback import feedback

DAY_MS = 86_400_000
WORDS = st.sampled_from(["ok", "missed", "false"])


def test_no_feedback_gives_empty_groups() -> None:
    summary = summarise_mispredictions([])
    assert summary.overall == FeedbackGroup("all", 0, 0, 0)
    assert summary.overall.wrong.rate is None
    assert (summary.languages, summary.terms, summary.worst) == ((), (), ())


def test_feedback_without_a_label_is_ignored() -> None:
    assert summarise_mispredictions([feedback("ok", predicted=None)]).overall.n == 0


def test_false_negatives_and_false_positives_are_counted_separately() -> None:
    summary = summarise_mispredictions(
        [feedback(kind) for kind in ("ok", "missed", "missed", "false")]
    )
    assert summary.overall == FeedbackGroup("all", 4, n_missed=2, n_false=1)
    assert summary.overall.wrong.rate == 0.75


def test_the_latest_feedback_of_a_person_counts() -> None:
    first = feedback("missed", tweet_id="9")
    second = replace(first, id="z", at_ms=first.at_ms + 1, ground_truth=False)
    assert latest_feedback([second, first]) == [second]


@pytest.mark.parametrize("field", [{"by": "sam"}, {"tweet_id": "10"}, {"bundle": "b@2"}])
def test_feedback_of_another_person_text_or_bundle_counts_separately(field: dict[str, str]) -> None:
    first = feedback("missed", tweet_id="9")
    assert len(latest_feedback([first, replace(first, id="z", **field)])) == 2  # type: ignore[arg-type]


def test_answers_to_the_labelling_list_are_counted_separately() -> None:
    entries = [feedback("missed"), feedback("ok", source="try"), feedback("ok", source="labelling")]
    summary = summarise_mispredictions(entries)
    assert summary.corrections == FeedbackGroup("corrections", 2, 1, 0)
    assert summary.labelling == FeedbackGroup("labelling", 1, 0, 0)


@given(
    entries=st.lists(st.tuples(WORDS, st.sampled_from(["en", "fr"]), st.floats(0, 1)), max_size=40)
)
def test_every_label_with_feedback_is_in_one_language_brand_and_bin(
    entries: list[tuple[str, str, float]],
) -> None:
    summary = summarise_mispredictions(
        [feedback(kind, score, lang=lang) for kind, lang, score in entries]
    )
    for groups in (summary.languages, summary.brands, summary.margins):
        assert sum(group.n for group in groups) == len(entries)
        assert sum(group.wrong.n_with for group in groups) == summary.overall.wrong.n_with


def test_groups_with_most_errors_come_first() -> None:
    entries = [feedback("ok", brand="A") for _ in range(5)]
    entries += [
        feedback("missed", brand="B"),
        feedback("false", brand="C"),
        feedback("ok", brand="C"),
    ]
    assert [group.name for group in summarise_mispredictions(entries).brands] == ["B", "C", "A"]


def test_a_text_counts_in_each_of_its_reasons() -> None:
    entries = [feedback("missed", text="they lost my bag, rude crew"), feedback("ok", text="hm")]
    assert {group.name: group.n for group in summarise_mispredictions(entries).reasons} == {
        "lost_luggage": 1, "flight_attendant": 1, "none": 1,
    }  # fmt: skip


def test_terms_are_sorted_by_the_certainty_of_their_errors() -> None:
    entries = [feedback("false", text="strike") for _ in range(9)]
    entries += [feedback("false", text="delight") for _ in range(3)]
    entries += [feedback("ok", text="luggage") for _ in range(9)]
    assert [group.name for group in summarise_mispredictions(entries).terms] == [
        "strike",
        "delight",
    ]


def test_the_words_of_a_brands_name_are_no_terms() -> None:
    text = "paradis, airparadis: strike"
    entries = [feedback("missed", text=text, brand=brand) for brand in ("Air Paradis", "", "")]
    assert [group.name for group in summarise_mispredictions(entries).terms] == ["strike"]


def test_the_words_of_a_brands_name_indicate_reasons() -> None:
    (reason,) = summarise_mispredictions(
        [feedback("missed", text="my luggage", brand="Luggage")]
    ).reasons
    assert reason.name == "lost_luggage"


def test_two_texts_are_too_few_for_a_term() -> None:
    assert (
        summarise_mispredictions([feedback("missed", text="strike") for _ in range(2)]).terms == ()
    )


@pytest.mark.parametrize(
    ("score", "place"),
    [
        (0.5, 0),
        (0.41, 0),
        (0.4, 1),
        (0.65, 1),
        (0.31, 1),
        (0.3, 2),
        (0.21, 2),
        (0.2, 3),
        (0.11, 3),
        (0.1, 4),
        (0.95, 4),
        (0.0, 4),
    ],
)
def test_a_margin_is_the_distance_to_the_threshold(score: float, place: int) -> None:
    (worst,) = summarise_mispredictions([feedback("missed", score, predicted=score >= 0.5)]).worst
    assert worst.margin == pytest.approx(abs(score - 0.5))
    groups = summarise_mispredictions([worst.feedback]).margins
    assert [group.name for group in groups if group.n] == [MARGINS[place]]


def margins(entries: list[Feedback]) -> dict[float | None, float | None]:
    """Return the margin of each wrong label by its score."""
    worst = summarise_mispredictions(entries).worst
    return {example.feedback.score: example.margin for example in worst}


def test_the_threshold_is_read_off_the_labels() -> None:
    entries = [feedback("missed", 0.6, predicted=False), feedback("false", 0.9)]
    assert margins(entries) == {0.6: 0.0, 0.9: pytest.approx(0.3)}


def test_each_bundle_has_a_threshold_of_its_own() -> None:
    entries = [feedback("missed", 0.6, predicted=False), feedback("false", 0.9, bundle="c@1")]
    assert margins(entries)[0.9] == pytest.approx(0.4)


def test_the_most_confident_mistakes_come_first_and_unscored_ones_last() -> None:
    unscored = replace(feedback("missed"), score=None)
    unscored = replace(unscored, text="never scored")
    entries = [unscored, feedback("false", 0.7), feedback("missed", 0.05), feedback("ok", 0.0)]
    worst = summarise_mispredictions(entries, n_worst=3).worst
    assert [example.feedback.score for example in worst] == [0.05, 0.7, None]


def test_the_number_of_worst_labels_is_limited() -> None:
    entries = [feedback("missed", text=f"late {i}") for i in range(9)]
    assert len(summarise_mispredictions(entries, n_worst=4).worst) == 4


def test_equal_texts_are_shown_once_with_their_number() -> None:
    entries = [feedback("missed", 0.2), feedback("missed", 0.1), feedback("false", 0.9)]
    worst = summarise_mispredictions(entries).worst
    assert [(example.feedback.score, example.n) for example in worst] == [(0.1, 2), (0.9, 1)]


def test_twenty_of_the_worst_are_given_by_default() -> None:
    entries = [feedback("missed", text=f"late {i}") for i in range(21)]
    assert len(summarise_mispredictions(entries).worst) == 20


def test_a_margin_has_four_decimals() -> None:
    (worst,) = summarise_mispredictions([feedback("missed", 0.123456)]).worst
    assert worst.margin == 0.3765


def test_of_equal_groups_the_smaller_and_then_the_first_by_name_comes_first() -> None:
    entries = [feedback("missed", brand=brand) for brand in "DBA"] + [feedback("ok", brand="A")]
    assert [group.name for group in summarise_mispredictions(entries).brands] == ["B", "D", "A"]


def test_three_texts_are_enough_for_a_term() -> None:
    entries = [feedback("missed", text="strike") for _ in range(3)]
    assert [group.name for group in summarise_mispredictions(entries).terms] == ["strike"]


def test_thresholds_are_inferred_within_the_labels() -> None:
    entries = [feedback("missed", 0.3, predicted=False), feedback("false", 0.4)]
    assert margins(entries) == {0.3: 0.1, 0.4: 0.0}


# Over time


def test_a_version_is_compared_with_the_one_before() -> None:
    entries = [feedback("missed" if i < 10 else "ok") for i in range(100)]
    entries += [feedback("missed" if i < 30 else "ok", bundle="b@2") for i in range(100)]
    entries += [feedback("missed", bundle="b@3")]
    ((first, second, third),) = changes_by_version(latest_feedback(entries))
    assert (first.change, second.change, third.change) == (None, "worse", "too few")
    assert second.before == first.group == FeedbackGroup("b@1", 100, 10, 0)


def test_versions_of_different_bundles_are_not_compared() -> None:
    chains = changes_by_version([feedback("ok", bundle="fr@1"), feedback("missed", bundle="en@1")])
    assert [[step.group.name for step in steps] for steps in chains] == [["en@1"], ["fr@1"]]


def test_weeks_begin_on_monday_in_utc() -> None:
    sunday, monday = 4 * DAY_MS - 1, 4 * DAY_MS
    steps = changes_by_week([feedback("ok", at_ms=sunday), feedback("ok", at_ms=monday)])
    assert [step.group.name for step in steps] == ["1969-12-29", "1970-01-05"]
