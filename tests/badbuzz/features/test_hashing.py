from __future__ import annotations

from zlib import crc32

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from badbuzz.features import token_cache
from badbuzz.features.hashing import HashedFeatures, HashedFeaturiser
from badbuzz.features.tokens import MAX_TOKENS, tokenise

FEATURES = HashedFeatures(n_bits=18, shortest=4, longest=4, width=64)
WIDE = HashedFeatures(n_bits=18, shortest=1, longest=0, width=1024)
texts = st.lists(st.text(max_size=60) | st.sampled_from(["not good", "late :(", ""]), max_size=8)


def ids(text: str, features: HashedFeatures = FEATURES) -> set[int]:
    row = HashedFeaturiser(features).rows([text])[0]
    return set(row[row < features.n_buckets].tolist())


@given(texts)
def test_a_row_does_not_depend_on_its_neighbours(texts: list[str]) -> None:
    together = HashedFeaturiser(FEATURES).rows(texts)
    apart = [HashedFeaturiser(FEATURES).rows([text])[0] for text in texts]
    np.testing.assert_array_equal(together, np.array(apart).reshape(len(texts), 64))


@given(texts)
def test_a_row_holds_distinct_ids_then_padding(texts: list[str]) -> None:
    for row in HashedFeaturiser(FEATURES).rows(texts):
        real = row[row < FEATURES.n_buckets]
        assert (np.diff(real) > 0).all()
        assert (row[len(real) :] == FEATURES.n_buckets).all()


def test_rows_are_the_same_after_the_cache_was_emptied(monkeypatch: pytest.MonkeyPatch) -> None:
    remembering, forgetting = HashedFeaturiser(FEATURES), HashedFeaturiser(FEATURES)
    first = [remembering.rows([f"bag number{i} lost"]) for i in range(30)]
    monkeypatch.setattr(token_cache, "MAX_CACHED", 5)
    again = [forgetting.rows([f"bag number{i} lost"]) for i in range(30)]
    np.testing.assert_array_equal(first, again)


def test_the_cache_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_cache, "MAX_CACHED", 1000)
    featuriser = HashedFeaturiser(FEATURES)
    featuriser.rows([f"w{i:x}" for i in range(10_000)])
    assert len(featuriser._chunks) <= 1000 + token_cache.BATCH_SIZE


def test_a_long_chunk_is_not_cached() -> None:
    featuriser = HashedFeaturiser(FEATURES)
    featuriser.rows(["x" * 2000, "https://a.org"])
    assert dict(featuriser._chunks) == {}


def test_many_texts_are_taken_at_once() -> None:
    many = [f"flight {i}x" for i in range(3 * token_cache.BATCH_SIZE + 1)]
    assert HashedFeaturiser(FEATURES).rows(many).shape == (len(many), 64)


def test_no_texts_give_no_rows() -> None:
    assert HashedFeaturiser(FEATURES).rows([]).shape == (0, 64)


@pytest.mark.parametrize(
    ("text", "n_ids"),
    [
        ("", 0),
        ("ok", 2),  # the word; <ok>
        ("flight", 6),  # the word; <fli flig ligh ight ght>
        ("<3 :(", 3),  # two moods, their pair; no letters
        ("a b", 3),  # two words too short for a sequence, their pair
        ("late late late", 5),  # the word, its pair with itself, three sequences
    ],
)
def test_words_pairs_and_letter_sequences_are_counted_once(text: str, n_ids: int) -> None:
    assert len(ids(text)) == n_ids


def test_order_matters_through_pairs_only() -> None:
    assert len(ids("lost bag") ^ ids("bag lost")) == 2


def test_a_negated_word_is_another_word_of_the_same_letters() -> None:
    plain, marked = ids("late"), ids("not late")
    assert len(plain - marked) == 1


@given(st.text(max_size=300))
def test_a_narrow_row_reads_the_start_of_the_text(text: str) -> None:
    narrow = HashedFeatures(n_bits=18, shortest=4, longest=4, width=16)
    assert ids(text, narrow) <= ids(text, HashedFeatures(18, 4, 4, width=2048))


def test_a_first_word_that_does_not_fit_leaves_an_empty_row() -> None:
    assert ids("unforgettable", HashedFeatures(n_bits=18, shortest=1, longest=4, width=4)) == set()


def test_features_that_do_not_fit_are_dropped_from_the_end() -> None:
    narrow = HashedFeatures(n_bits=18, shortest=1, longest=0, width=4)
    assert ids("one two three four", narrow) == ids("one two", narrow)


def test_ids_are_what_they_were_when_bundles_were_built() -> None:
    row: NDArray[np.int32] = HashedFeaturiser(FEATURES).rows(["not ok 😡"])[0]
    assert row[row < FEATURES.n_buckets].tolist() == [
        47357,
        56868,
        95991,
        108827,
        130421,
        144068,
        179947,
        245568,
    ]


@given(st.text(max_size=300) | st.just("ce n'est pas bien :( #TooLate @user"))
def test_every_token_has_its_id(text: str) -> None:
    hashed = {crc32(token.encode()) % WIDE.n_buckets for token in tokenise(text)}
    assert hashed <= ids(text, WIDE)


def test_tokens_behind_the_cut_have_none() -> None:
    many = [f"{chr(97 + i % 26)}{chr(97 + i // 26)}x" for i in range(MAX_TOKENS + 50)]
    assert ids(" ".join(many), WIDE) == ids(" ".join(many[:MAX_TOKENS]), WIDE)
