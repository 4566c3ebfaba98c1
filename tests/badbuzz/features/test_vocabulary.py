from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from badbuzz.features import token_cache
from badbuzz.features.featurisers import KINDS, build_featuriser
from badbuzz.features.tokens import MAX_TOKENS
from badbuzz.features.vocabulary import hash_subwords

WORDS = ["bag", "late", "not_late", "<url>"]
VOCABULARIES: dict[str, dict[str, Any]] = {
    "words": {"words": WORDS},
    "subwords": {"words": WORDS, "n_buckets": 1000, "shortest": 3, "longest": 6},
    "counts": {
        "words": [*WORDS, "bag late"], "letters": [" b", "la", "ate "],
        "shortest": 2, "longest": 5,
    },
}  # fmt: skip
every_kind = pytest.mark.parametrize("kind", VOCABULARIES)
any_text = st.text(max_size=40) | st.sampled_from(["late bag late", "not late", "bags", ""])
texts = st.lists(any_text, max_size=6)


def reader(kind: str, width: int = 64) -> Any:
    return build_featuriser({"kind": kind, "features": {**VOCABULARIES[kind], "width": width}})


def assert_same(inputs: tuple[Any, ...], expected: tuple[Any, ...]) -> None:
    for array, other in zip(inputs, expected, strict=True):
        np.testing.assert_array_equal(array, other)


def test_every_kind_except_the_hashed_one_is_tested_here() -> None:
    assert {"hashed", *VOCABULARIES} == set(KINDS)


@every_kind
@given(texts=texts)
def test_a_row_does_not_depend_on_its_neighbours(kind: str, texts: list[str]) -> None:
    together = reader(kind).inputs(texts)
    apart = [reader(kind).inputs([text]) for text in texts]
    for place, rows in enumerate(together):
        alone = np.array([arrays[place][0] for arrays in apart]).reshape(len(texts), 64)
        np.testing.assert_array_equal(rows, alone)


@every_kind
@given(texts=st.lists(any_text, min_size=1, max_size=6))
def test_the_required_width_keeps_every_feature(kind: str, texts: list[str]) -> None:
    wide = reader(kind, 512)
    needed = wide.required_width(texts)
    inputs = reader(kind, max(needed, 1)).inputs(texts)
    assert_same(inputs, tuple(rows[:, : max(needed, 1)] for rows in wide.inputs(texts)))


@every_kind
def test_rows_are_the_same_after_the_cache_was_emptied(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    distinct = [f"late bag number{chr(97 + i)}" for i in range(26)]
    expected = [reader(kind).inputs([text]) for text in distinct]
    forgetting = reader(kind)
    monkeypatch.setattr(token_cache, "MAX_CACHED", 5)
    for text, rows in zip(distinct, expected, strict=True):
        assert_same(forgetting.inputs([text]), rows)


@every_kind
@pytest.mark.parametrize("n", [0, 2 * token_cache.BATCH_SIZE + 1])
def test_any_number_of_texts_has_as_many_rows(kind: str, n: int) -> None:
    assert {rows.shape for rows in reader(kind).inputs(["late bag"] * n)} == {(n, 64)}


@pytest.mark.parametrize(
    ("kind", "text", "kept"),
    [
        ("words", "late bag url late", [2, 1, 2]),
        ("subwords", "late unknown late", [2, 0, 0]),
        ("counts", "bag late", [1, 6, 0]),
        ("counts", "late bag", [0, 0, 0]),
    ],
)
def test_words_that_do_not_fit_are_left_out_from_the_end(
    kind: str, text: str, kept: list[int]
) -> None:
    assert reader(kind, 3).inputs([text])[0][0].tolist() == kept


@every_kind
def test_64_kib_of_anything_are_read(kind: str) -> None:
    for text in ("a" * 65_536, "late " * 13_000, "😡" * 16_000, "\ud800" * 100):
        assert all(rows.shape == (1, 64) for rows in reader(kind).inputs([text]))


def ids(kind: str, text: str) -> list[int]:
    row: list[int] = reader(kind).inputs([text])[0][0].tolist()
    return [number for number in row if number]


def test_known_words_are_in_order_with_repetitions() -> None:
    assert ids("words", "late bag, so LATE http://x.y") == [2, 1, 2, 4]


def test_a_negated_word_is_a_word_of_its_own() -> None:
    assert ids("words", "not late") == [3]


def test_tokens_behind_the_cut_have_no_id() -> None:
    long = build_featuriser({"kind": "words", "features": {"words": ["late"], "width": 512}})
    assert np.count_nonzero(long.inputs(["late " * 300])[0]) == MAX_TOKENS


def test_an_unknown_word_is_its_letter_sequences() -> None:
    first = len(WORDS) + 1
    assert ids("subwords", "late ok") == [
        2,
        *(first + hashed for hashed in hash_subwords("ok", 3, 6, 1000)),
    ]


def test_weights_of_a_word_sum_to_one() -> None:
    _, weights = reader("subwords").inputs(["late ok whatever"])
    assert weights.sum() == pytest.approx(3)


@pytest.mark.parametrize(
    ("word", "buckets"),
    [
        ("ok", [14245, 43249, 7651]),
        ("été", [8133, 9617, 49949, 37927, 46363, 41535]),
        ("\u0140", [32928]),  # its last byte is 0x80, the first that is sign-extended
        ("\x7f", [42006]),
    ],
)
def test_letter_sequences_are_hashed_as_fasttext_does(word: str, buckets: list[int]) -> None:
    assert hash_subwords(word, 3, 6, 50_000) == buckets


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("bag", {1: 1, 6: 1}),
        ("bag late", {1: 1, 2: 1, 5: 1, 6: 1, 7: 1, 8: 1}),
        ("late late", {2: 2, 7: 2, 8: 2}),
        ("not late", {3: 1, 7: 1, 8: 1}),
        ("not bag", {6: 1}),
    ],
)
def test_words_pairs_and_letters_are_counted(text: str, expected: dict[int, int]) -> None:
    row, weights = (rows[0] for rows in reader("counts").inputs([text]))
    weight_of = dict(zip(row[row > 0].tolist(), weights[row > 0].tolist(), strict=True))
    assert weight_of == pytest.approx(
        {token_id: 1 + math.log(n) for token_id, n in expected.items()}
    )


def test_counted_terms_ascend_and_are_padded_at_the_end() -> None:
    ids, weights = reader("counts", width=8).inputs(["bag so late"])
    assert ids.tolist() == [[1, 2, 6, 7, 8, 0, 0, 0]]
    assert weights.tolist() == [[1, 1, 1, 1, 1, 0, 0, 0]]


def test_a_counted_token_needs_a_column_for_its_bigram() -> None:
    assert reader("counts", width=7).inputs(["bag so late"])[0][0].tolist() == [1, 6, 0, 0, 0, 0, 0]


@pytest.mark.parametrize(("kind", "n"), [("words", 2), ("subwords", 2), ("counts", 8)])
def test_the_required_width_counts_ids_and_bigrams(kind: str, n: int) -> None:
    assert reader(kind).required_width(["bag", "bag late"]) == n - (kind == "counts")


@every_kind
def test_a_text_without_tokens_is_all_padding(kind: str) -> None:
    featuriser = reader(kind)
    for rows, padding in zip(featuriser.inputs([""]), featuriser.padding, strict=True):
        assert (rows == padding).all()
