"""Curation of corrections and the rules of a retraining, without a server."""

from __future__ import annotations

import fcntl
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from badbuzz.errors import BundleError, RecordingError
from badbuzz.features.hashing import HashedFeatures
from badbuzz.models.scorer import Scorer
from badbuzz.store.model import Feedback
from tests.support.feedback import feedback
from tests.support.registered import SHIPPED, local, variant
from training.datasets.labelled import ReadOptions
from training.datasets.rows import Rows
from training.recipes.bundles import golden_texts
from training.recipes.linear import Shape
from training.recipes.shipped import AIRLINE_EN, RECIPES, TWEETS_FR, Recipe
from training.registry.gate import Check
from training.retrain.base import like_champion, read_base
from training.retrain.building import check_rows
from training.retrain.comparison import (
    CORRECTIONS,
    HELDOUT_SET,
    BundleQuality,
    ChampionComparison,
    not_better,
)
from training.retrain.curation import (
    CAP,
    DUPLICATE,
    FROZEN,
    KNOWN,
    OUTVOTED,
    REASONS,
    TAKEN_BACK,
    TIED,
    UNREADABLE,
    Curated,
    curate,
)
from training.retrain.messages import quarantine

NOTHING = Rows([], np.zeros(0, np.bool_), np.zeros(0, np.str_))


def unlike(n: int) -> str:
    """Return a text that has no word in common with those of other numbers."""
    letters = "".join("abcdefghij"[int(digit)] for digit in str(n))
    return " ".join(f"{word}{letters}" for word in ("bag", "gate", "crew", "late"))


def correction(text: str, by: str, right: bool, **fields: Any) -> Feedback:
    """Return a person's correction of a text."""
    return feedback("ok", text=text, by=by, right=right, **fields)


def rows(*pairs: tuple[str, bool]) -> Rows:
    """Return base data of texts and labels."""
    texts = [text for text, _ in pairs]
    return Rows(texts, np.array([one for _, one in pairs], np.bool_), np.array([""] * len(pairs)))


def curated(
    corrections: Sequence[Feedback],
    base: Rows = NOTHING,
    frozen: Sequence[str] = (),
    per_author: int = 200,
) -> Curated:
    return curate(corrections, base, frozen, "en", per_author)


def reasons(result: Curated) -> Counter[str]:
    return Counter(one.reason for one in result.rejected)


def kept(result: Curated) -> dict[str, bool]:
    return {one.text: one.right for one in [*result.learnt, *result.held]}


# Poison


def test_a_thousand_flipped_labels_of_one_person_are_no_more_than_the_cap() -> None:
    honest = [correction(unlike(n), "ann", right=True) for n in range(50)]
    flipped = [correction(unlike(n), "eve", right=False) for n in range(1000, 2000)]
    result = curated([*honest, *flipped])
    assert Counter(one.by for one in [*result.learnt, *result.held]) == {"ann": 50, "eve": 200}
    assert reasons(result) == {CAP: 800}


def test_the_latest_corrections_of_a_person_count() -> None:
    corrections = [correction(unlike(n), "ann", right=True, at_ms=n) for n in range(20)]
    assert set(kept(curated(corrections, per_author=5))) == {unlike(n) for n in range(15, 20)}


def test_corrections_beyond_the_cap_do_not_count() -> None:
    honest = [correction(unlike(n), f"p{n}", right=True) for n in range(30)]
    flipped = [correction(unlike(n), "eve", right=False, at_ms=n) for n in range(30)]
    assert kept(curated([*honest, *flipped], per_author=10)) == {unlike(n): True for n in range(20)}


def test_the_majority_decides_on_a_text() -> None:
    corrections = [correction(unlike(1), by, right=by != "eve") for by in ("ann", "bob", "eve")]
    result = curated(corrections)
    assert kept(result) == {unlike(1): True}
    assert reasons(result) == {OUTVOTED: 1, DUPLICATE: 1}


def test_a_tied_text_is_not_trained_on() -> None:
    result = curated([correction(unlike(1), by, right=by == "ann") for by in ("ann", "eve")])
    assert kept(result) == {}
    assert reasons(result) == {TIED: 2}


def test_near_duplicates_of_many_people_count_once() -> None:
    corrections = [
        correction(f"RT {unlike(1)} http://x.example/{n}", f"p{n}", right=True) for n in range(9)
    ]
    result = curated(corrections)
    assert len(kept(result)) == 1
    assert reasons(result) == {DUPLICATE: 8}


def test_a_person_has_one_vote_on_near_duplicates_the_latest() -> None:
    corrections = [correction(unlike(1), "eve", right=True, at_ms=n) for n in range(9)]
    others = [correction(f"rt {unlike(1)}", by, right=False) for by in ("ann", "bob")]
    result = curated([*corrections, *others])
    assert [one.right for one in [*result.learnt, *result.held]] == [False]
    assert reasons(result) == {TAKEN_BACK: 8, OUTVOTED: 1, DUPLICATE: 1}


def test_one_person_does_not_change_the_base_data() -> None:
    base = rows((unlike(1), True), (unlike(2), False))
    result = curated([correction(unlike(1), "eve", right=False)], base)
    assert result.base.all()
    assert reasons(result) == {TIED: 1}


def test_two_people_change_the_base_data() -> None:
    base = rows((unlike(1), True), (unlike(2), False))
    result = curated([correction(unlike(1), by, right=False) for by in ("ann", "bob")], base)
    assert result.base.tolist() == [False, True]
    assert kept(result) == {unlike(1): False}


def test_a_correction_that_the_base_data_have_is_rejected() -> None:
    result = curated([correction(unlike(1), "ann", right=True)], rows((unlike(1), True)))
    assert result.base.all()
    assert reasons(result) == {KNOWN: 1}


def test_the_prediction_that_a_client_sends_is_ignored() -> None:
    corrections = [correction(unlike(n), "ann", right=n % 2 == 0) for n in range(30)]
    lies = [replace(one, predicted=not one.right, score=0.5, bundle="x@1") for one in corrections]
    assert kept(curated(corrections)) == kept(curated(lies))


# Leaks


def test_near_duplicates_of_the_evaluation_set_are_not_trained_on() -> None:
    base = rows((f"RT {unlike(1)}", True), (unlike(2), False))
    corrections = [
        correction(f"@ann {unlike(3)} !!", "ann", right=True),
        correction(unlike(4), "ann", right=True),
    ]
    result = curated(corrections, base, frozen=[unlike(1), unlike(3)])
    assert result.base.tolist() == [False, True]
    assert result.n_frozen == 1
    assert set(kept(result)) == {unlike(4)}
    assert reasons(result) == {FROZEN: 1}


def test_near_duplicates_of_held_out_corrections_are_not_trained_on() -> None:
    corrections = [
        correction(unlike(n), by, right=True) for n in range(40) for by in ("ann", "bob")
    ]
    base = rows(*((f"rt {unlike(n)}", False) for n in range(40)))
    result = curated(corrections, base)
    held = {one.text for one in result.held}
    assert held
    trained = {text for text, keep in zip(base.texts, result.base, strict=True) if keep}
    assert trained.isdisjoint({f"rt {text}" for text in held})


def test_held_out_texts_stay_held_out_when_corrections_are_added() -> None:
    corrections = [correction(unlike(n), "ann", right=True) for n in range(100)]
    few, many = curated(corrections[:50]), curated(corrections)
    assert 0 < len(many.held) < 50
    assert {one.text for one in few.held} <= {one.text for one in many.held}


# What cannot be read


@pytest.mark.parametrize(
    "fields", [{"lang": "und"}, {"lang": ""}, {"text": "😡 123"}, {"text": "late \ud83d"}]
)
def test_an_unreadable_correction_is_quarantined(fields: dict[str, Any]) -> None:
    result = curated([feedback("ok", **{"text": unlike(1), **fields})])
    assert reasons(result) == {UNREADABLE: 1}
    assert orjson.loads(quarantine(result.rejected))["reason"] == UNREADABLE


def test_corrections_in_other_languages_are_counted_and_not_quarantined() -> None:
    result = curated([correction(unlike(1), "ann", right=True, lang="fr-CA")])
    assert (result.n_foreign, result.rejected, kept(result)) == (1, [], {})


def test_the_quarantine_has_person_reason_and_masked_text() -> None:
    corrections = correction("@jane_doe my bag is lost", "eve", right=False, lang="und")
    line = orjson.loads(quarantine(curated([corrections]).rejected))
    assert (line["by"], line["right"], line["text"]) == ("eve", False, "@user my bag is lost")
    assert line["why"] == REASONS[UNREADABLE]


# All together

FEEDBACK = st.builds(
    lambda n, by, right, at_ms, lang: correction(
        unlike(n), by, right=right, at_ms=at_ms, lang=lang
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
    placed = [*result.learnt, *result.held, *(one.feedback for one in result.rejected)]
    own = [one for one in corrections if one.lang != "fr"]
    assert Counter(one.id for one in placed) == Counter(one.id for one in own)
    again = curated(draw.sample(corrections, len(corrections)), base, [unlike(2)], per_author)
    assert kept(again) == kept(result)


# What is better


def comparison(name: str, challenger: float, champion: float | None) -> ChampionComparison:
    sides = [
        BundleQuality(one, one, 0.0) if one is not None else None for one in (challenger, champion)
    ]
    assert sides[0] is not None
    return ChampionComparison(name, 100, 50, sides[0], sides[1])


HOLDS, FAILS = Check("quality", holds=True, found="fine"), Check("size", holds=False, found="huge")


@pytest.mark.parametrize(
    ("checks", "comparisons", "expected"),
    [
        ([HOLDS], [comparison(HELDOUT_SET, 0.8, None)], ""),
        ([HOLDS], [comparison(HELDOUT_SET, 0.8, 0.8), comparison(CORRECTIONS, 0.6, 0.3)], ""),
        (
            [HOLDS],
            [comparison(HELDOUT_SET, 0.9, 0.8), comparison(CORRECTIONS, 0.3, 0.3)],
            "in 30.0% of",
        ),
        ([HOLDS], [comparison(HELDOUT_SET, 0.8, 0.8)], "evaluation set, the champion in 80.0%"),
        ([HOLDS, FAILS], [comparison(CORRECTIONS, 0.9, 0.1)], "size: huge"),
    ],
)
def test_a_better_challenger_passes_and_has_a_higher_accuracy_on_corrections(
    checks: list[Check], comparisons: list[ChampionComparison], expected: str
) -> None:
    why = not_better(checks, comparisons)
    assert expected in why
    assert bool(why) == bool(expected)


# Files and settings


def test_a_language_without_golden_texts_of_its_own_has_those_of_all() -> None:
    assert golden_texts("de") == [text for text in golden_texts("en") if text in golden_texts("fr")]


BAD = {
    "a third label": (b'{"text": "hm", "label": "angry"}', "label 'angry' is none of"),
    "one class": (b'{"text": "hm", "label": "negative"}\n' * 200, "all 200 rows are negative"),
    "no label": (b'{"text": "hm"}', "no column 'label'"),
    "no text": (b'{"text": " ", "label": "negative"}', "no row has both"),
    "Latin-1": (b"text,label\nquelle journ\xe9e,negative\n", "--encoding latin-1"),
}


@pytest.mark.parametrize("fault", BAD)
@pytest.mark.parametrize(
    "command", [("freeze-eval",), ("retrain", "--without-corrections", "--data")], ids=" ".join
)
def test_unusable_rows_are_named_before_a_request_to_a_server(
    command: tuple[str, ...], fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    content, message = BAD[fault]
    Path("rows.csv" if fault == "Latin-1" else "rows.jsonl").write_bytes(content)
    (path,) = tmp_path.iterdir()
    ran = local("train", *command, path.name, "--language", "en")
    assert ran.exit_code == 1
    assert message in ran.said


def own_rows(path: Path) -> Path:
    """Write rows that can be trained on."""
    lines = [
        orjson.dumps({"text": unlike(n), "label": "neutral" if n % 2 else "negative"})
        for n in range(120)
    ]
    path.write_bytes(b"\n".join(lines))
    return path


@pytest.mark.parametrize(("more", "exit_code"), [((), 5), (("--without-corrections",), 7)])
def test_an_unreachable_store_or_registry_has_its_exit_code(
    more: tuple[str, ...], exit_code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    own = own_rows(tmp_path / "mine.jsonl")
    ran = local("train", "retrain", "--data", own, *more, BADBUZZ_MLFLOW_URI="http://127.0.0.1:9")
    assert ran.exit_code == exit_code, ran.said
    assert not (tmp_path / "badbuzz.db").exists()


def test_only_one_retraining_runs_at_a_time(tmp_path: Path) -> None:
    own = own_rows(tmp_path / "mine.jsonl")
    with own.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        ran = local("train", "retrain", "--data", own, "--without-corrections")
    assert ran.exit_code == 1
    assert "another retraining" in ran.said


def test_a_folder_with_other_files_is_refused_before_the_training(tmp_path: Path) -> None:
    own = own_rows(tmp_path / "mine.jsonl")
    (tmp_path / "card.json").write_text("{}")
    ran = local("train", "retrain", "--data", own, "--without-corrections", "-o", tmp_path)
    assert ran.exit_code == 1
    assert "mine.jsonl, which is not a file of a bundle" in ran.said


def test_copies_of_one_text_are_no_fold_of_both_classes() -> None:
    copies = rows(*((f"{unlike(1)} {letter}", True) for letter in "abcdefghijklmnopqrstuvwxyz" * 4))
    others = rows(*((unlike(n), n % 6 == 0) for n in range(2, 400)))
    mixed = rows(*((unlike(n), False) for n in range(500, 560)))
    check_rows("mine", "en", others)
    with pytest.raises(RecordingError, match="one class only"):
        check_rows("mine", "en", copies.joined(mixed).joined(others.kept(~others.negative)))


# Base and recipe


def test_a_folder_and_files_are_one_base(shared_data: Path, tmp_path: Path) -> None:
    own = str(own_rows(tmp_path / "mine.jsonl"))
    both = read_base([str(shared_data), own], ReadOptions(lang="fr"))
    alone = read_base([str(shared_data)], ReadOptions(lang="fr"))
    assert both.recipe == alone.recipe == TWEETS_FR
    assert len(both.rows) == len(alone.rows) + 120


def test_own_rows_have_the_recipe_without_prior_and_left_out_brand(tmp_path: Path) -> None:
    recipe = read_base([str(own_rows(tmp_path / "mine.jsonl"))], ReadOptions(lang="en")).recipe
    assert (recipe.features, recipe.shape) == (AIRLINE_EN.features, AIRLINE_EN.shape)
    assert (recipe.name, recipe.prior, recipe.left_out) == ("own-en", None, None)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_the_champions_recipe_is_read_from_its_bundle(recipe: Recipe) -> None:
    other = replace(
        recipe, name="x", features=HashedFeatures(9, 1, 2, 3), shape=Shape(9.0, 9.0, 9.0)
    )
    champion = Scorer.load(recipe.name)
    assert like_champion(other, champion, SHIPPED / recipe.name) == recipe


def test_a_champion_of_another_kind_is_refused(tmp_path: Path) -> None:
    bundle = variant(tmp_path / "other", model={"kind": "fasttext-mean, dense"})
    with pytest.raises(BundleError, match=r"fasttext-mean, dense.*--shipped-recipe"):
        like_champion(AIRLINE_EN, Scorer.load(str(bundle)), bundle)


@pytest.mark.parametrize("name", ["../../escaped", "..", "a/b"])
def test_a_champions_name_must_be_a_folders_name(tmp_path: Path, name: str) -> None:
    bundle = variant(tmp_path / "other", name=name)
    with pytest.raises(BundleError, match="its name is not a folder's name"):
        like_champion(AIRLINE_EN, Scorer.load(str(bundle)), bundle)
