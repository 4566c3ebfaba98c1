from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from badbuzz.features import token_cache
from badbuzz.features.token_cache import (
    CachedFeaturiser,
    ChunkTokens,
    Inputs,
    Ints,
    WordIds,
    double,
    mask_fitting,
)


class Letters(WordIds):
    """Word numbers with an id for each letter."""

    def compute_ids(self, word: str, number: int) -> Sequence[int]:
        return [ord(letter) for letter in word]


class NumberFeaturiser(CachedFeaturiser[None]):
    """Featuriser whose inputs are the word numbers of all texts and their token counts."""

    padding = (0, 0)

    def _new_words(self) -> WordIds:
        return Letters()

    def _batch(self, numbers: Ints, lengths: Ints) -> Inputs:
        return numbers, lengths


def test_batches_and_cache_are_bounded_as_documented() -> None:
    assert (token_cache.BATCH_SIZE, token_cache.MAX_CACHED) == (256, 50_000)


@pytest.mark.parametrize(
    ("chunk", "is_cached"),
    [("x" * 48, True), ("x" * 49, False), ("http://a.org", False), ("late", True)],
)
def test_short_chunks_that_are_not_urls_are_cached(chunk: str, *, is_cached: bool) -> None:
    chunks = ChunkTokens()
    assert chunks[chunk]
    assert (chunk in chunks) == is_cached


@pytest.mark.parametrize(
    ("text", "is_replaced"),
    [("a b", False), ("a b c", True), ("a A AA", True), ("#BagLostNow", True), ("a a a", False)],
)
def test_a_cache_is_replaced_above_the_limit_of_chunks_or_words(
    monkeypatch: pytest.MonkeyPatch, text: str, *, is_replaced: bool
) -> None:
    monkeypatch.setattr(token_cache, "MAX_CACHED", 2)
    featuriser = NumberFeaturiser(None)
    featuriser.inputs([text])
    featuriser.inputs([])
    assert (not featuriser._chunks and not featuriser._words) == is_replaced


def test_words_are_numbered_from_zero_and_counted_by_text() -> None:
    numbers, lengths = NumberFeaturiser(None).inputs(["late bag", "", "bag"])
    assert numbers.tolist() == [0, 1, 1]
    assert lengths.tolist() == [2, 0, 1]


def test_only_the_tokens_that_count_are_numbered() -> None:
    assert NumberFeaturiser(None).inputs(["late " * 200])[1].tolist() == [128]


def test_the_ids_of_words_survive_the_growth_of_the_arrays() -> None:
    words = Letters()
    spelt = [f"word{i:x}" for i in range(9000)]
    numbers = np.array([words[word] for word in spelt], np.int32)
    firsts = words.firsts[numbers]
    ids = words.gather(firsts, words.firsts[numbers + 1] - firsts)
    assert "".join(map(chr, ids.tolist())) == "".join(spelt)


def test_tokens_fit_while_their_ids_do() -> None:
    n_ids, lengths = np.array([2, 2, 3, 1], np.int32), np.array([3, 1], np.int32)
    rows = np.array([0, 0, 0, 1], np.int32)
    assert mask_fitting(n_ids, lengths, rows, 4).tolist() == [True, True, False, True]
    assert mask_fitting(n_ids, lengths, rows, 3).tolist() == [True, False, False, True]


def test_a_doubled_array_ends_in_zeros() -> None:
    assert double(np.array([1, 2])).tolist() == [1, 2, 0, 0]


def test_no_more_columns_are_required_than_ids() -> None:
    assert NumberFeaturiser(None).required_width(["late bag", "bag"]) == 7
