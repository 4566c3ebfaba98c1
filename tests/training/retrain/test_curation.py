"""Curation of corrections and the rules of a retraining, without a server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from badbuzz.store.model import Feedback
from tests.support.feedback import feedback
from tests.training.retrain.own_rows import rows, unlike
from training.datasets.rows import Rows
from training.retrain.curation import (
    CAP,
    DUPLICATE,
    IN_HELDOUT_SET,
    KNOWN,
    OUTVOTED,
    TAKEN_BACK,
    TIED,
    UNREADABLE,
    Curated,
    curate,
)
from training.retrain.messages import quarantine

NOTHING = Rows([], np.zeros(0, np.bool_), np.zeros(0, np.str_))


def correction(text: str, by: str, ground_truth: bool, **fields: Any) -> Feedback:
    """Return a person's correction of a text."""
    return feedback("ok", text=text, by=by, ground_truth=ground_truth, **fields)


def curated(
    corrections: Sequence[Feedback],
    base: Rows = NOTHING,
    heldout: Sequence[str] = (),
    per_author: int = 200,
) -> Curated:
    return curate(corrections, base, heldout, "en", per_author)


def reasons(result: Curated) -> Counter[str]:
    return Counter(rejection.reason for rejection in result.rejected)


def kept(result: Curated) -> dict[str, bool]:
    return {entry.text: entry.ground_truth for entry in [*result.learnt, *result.held]}


# Poison


def test_a_thousand_flipped_labels_of_one_person_are_no_more_than_the_cap() -> None:
    honest = [correction(unlike(n), "ann", ground_truth=True) for n in range(50)]
    flipped = [correction(unlike(n), "eve", ground_truth=False) for n in range(1000, 2000)]
    result = curated([*honest, *flipped])
    assert Counter(entry.by for entry in [*result.learnt, *result.held]) == {"ann": 50, "eve": 200}
    assert reasons(result) == {CAP: 800}


def test_the_latest_corrections_of_a_person_count() -> None:
    corrections = [correction(unlike(n), "ann", ground_truth=True, at_ms=n) for n in range(20)]
    assert set(kept(curated(corrections, per_author=5))) == {unlike(n) for n in range(15, 20)}


def test_corrections_beyond_the_cap_do_not_count() -> None:
    honest = [correction(unlike(n), f"p{n}", ground_truth=True) for n in range(30)]
    flipped = [correction(unlike(n), "eve", ground_truth=False, at_ms=n) for n in range(30)]
    assert kept(curated([*honest, *flipped], per_author=10)) == {unlike(n): True for n in range(20)}


def test_the_majority_decides_on_a_text() -> None:
    corrections = [
        correction(unlike(1), by, ground_truth=by != "eve") for by in ("ann", "bob", "eve")
    ]
    result = curated(corrections)
    assert kept(result) == {unlike(1): True}
    assert reasons(result) == {OUTVOTED: 1, DUPLICATE: 1}


def test_a_tied_text_is_not_trained_on() -> None:
    result = curated([correction(unlike(1), by, ground_truth=by == "ann") for by in ("ann", "eve")])
    assert kept(result) == {}
    assert reasons(result) == {TIED: 2}


def test_near_duplicates_of_many_people_count_once() -> None:
    corrections = [
        correction(f"RT {unlike(1)} http://x.example/{n}", f"p{n}", ground_truth=True)
        for n in range(9)
    ]
    result = curated(corrections)
    assert len(kept(result)) == 1
    assert reasons(result) == {DUPLICATE: 8}


def test_the_latest_vote_of_a_person_on_near_duplicates_counts() -> None:
    corrections = [correction(unlike(1), "eve", ground_truth=True, at_ms=n) for n in range(9)]
    others = [correction(f"rt {unlike(1)}", by, ground_truth=False) for by in ("ann", "bob")]
    result = curated([*corrections, *others])
    assert [entry.ground_truth for entry in [*result.learnt, *result.held]] == [False]
    assert reasons(result) == {TAKEN_BACK: 8, OUTVOTED: 1, DUPLICATE: 1}


def test_one_person_does_not_change_the_base_data() -> None:
    base = rows((unlike(1), True), (unlike(2), False))
    result = curated([correction(unlike(1), "eve", ground_truth=False)], base)
    assert result.base.all()
    assert reasons(result) == {TIED: 1}


def test_two_people_change_the_base_data() -> None:
    base = rows((unlike(1), True), (unlike(2), False))
    result = curated([correction(unlike(1), by, ground_truth=False) for by in ("ann", "bob")], base)
    assert result.base.tolist() == [False, True]
    assert kept(result) == {unlike(1): False}


def test_a_correction_that_the_base_data_have_is_rejected() -> None:
    result = curated([correction(unlike(1), "ann", ground_truth=True)], rows((unlike(1), True)))
    assert result.base.all()
    assert reasons(result) == {KNOWN: 1}


def test_the_prediction_that_a_client_sends_is_ignored() -> None:
    corrections = [correction(unlike(n), "ann", ground_truth=n % 2 == 0) for n in range(30)]
    lies = [
        replace(entry, predicted=not entry.ground_truth, score=0.5, bundle="x@1")
        for entry in corrections
    ]
    assert kept(curated(corrections)) == kept(curated(lies))


# Leaks


def test_near_duplicates_of_the_heldout_set_are_not_trained_on() -> None:
    base = rows((f"RT {unlike(1)}", True), (unlike(2), False))
    corrections = [
        correction(f"@ann {unlike(3)} !!", "ann", ground_truth=True),
        correction(unlike(4), "ann", ground_truth=True),
    ]
    result = curated(corrections, base, heldout=[unlike(1), unlike(3)])
    assert result.base.tolist() == [False, True]
    assert result.n_heldout == 1
    assert set(kept(result)) == {unlike(4)}
    assert reasons(result) == {IN_HELDOUT_SET: 1}


def test_near_duplicates_of_held_out_corrections_are_not_trained_on() -> None:
    corrections = [
        correction(unlike(n), by, ground_truth=True) for n in range(40) for by in ("ann", "bob")
    ]
    base = rows(*((f"rt {unlike(n)}", False) for n in range(40)))
    result = curated(corrections, base)
    held = {entry.text for entry in result.held}
    assert held
    trained = {text for text, keep in zip(base.texts, result.base, strict=True) if keep}
    assert trained.isdisjoint({f"rt {text}" for text in held})


def test_held_out_texts_stay_held_out_when_corrections_are_added() -> None:
    corrections = [correction(unlike(n), "ann", ground_truth=True) for n in range(100)]
    few, many = curated(corrections[:50]), curated(corrections)
    assert 0 < len(many.held) < 50
    assert {entry.text for entry in few.held} <= {entry.text for entry in many.held}


# What cannot be read


@pytest.mark.parametrize(
    "fields", [{"lang": "und"}, {"lang": ""}, {"text": "😡 123"}, {"text": "late \ud83d"}]
)
def test_an_unreadable_correction_is_quarantined(fields: dict[str, Any]) -> None:
    result = curated([feedback("ok", **{"text": unlike(1), **fields})])
    assert reasons(result) == {UNREADABLE: 1}
    assert orjson.loads(quarantine(result.rejected))["reason"] == UNREADABLE


def test_corrections_in_other_languages_are_counted_and_not_quarantined() -> None:
    result = curated([correction(unlike(1), "ann", ground_truth=True, lang="fr-CA")])
    assert (result.n_foreign, result.rejected, kept(result)) == (1, [], {})


# All together

FEEDBACK = st.builds(
    lambda n, by, ground_truth, at_ms, lang: correction(
        unlike(n), by, ground_truth=ground_truth, at_ms=at_ms, lang=lang
    ),
    st.integers(0, 4), st.sampled_from("abc"), st.booleans(), st.integers(0, 9),
    st.sampled_from(["en", "en", "en", "fr", ""]),
)  # fmt: skip


@given(st.lists(FEEDBACK, max_size=25), st.integers(1, 3), st.randoms(use_true_random=False))
def test_every_correction_has_one_place_whatever_the_order(
    corrections: list[Feedback], per_author: int, draw: Random
) -> None:
    base = rows((unlike(0), True), (unlike(1), False))
    result = curated(corrections, base, [unlike(2)], per_author)
    placed = [*result.learnt, *result.held, *(rejection.feedback for rejection in result.rejected)]
    own = [entry for entry in corrections if entry.lang != "fr"]
    assert Counter(entry.id for entry in placed) == Counter(entry.id for entry in own)
    again = curated(draw.sample(corrections, len(corrections)), base, [unlike(2)], per_author)
    assert kept(again) == kept(result)
