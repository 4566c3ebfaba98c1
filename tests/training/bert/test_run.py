"""Test rows, and texts used for distilling."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from badbuzz.errors import SettingsError
from training.bert.run import unlabelled_texts, views_of
from training.datasets.corpus import Corpus
from training.datasets.labelled import ReadOptions, read_own
from training.datasets.rows import Rows
from training.recipes.shipped import AIRLINE_EN


@pytest.fixture(scope="module")
def corpus(simulated: Path) -> Corpus:
    return read_own([str(simulated)], ReadOptions())


def names(corpus: Corpus, *unseen: str) -> list[str]:
    return [fold.name for view in views_of(corpus, 1, unseen) for fold in view.folds]


def brands(corpus: Corpus) -> list[str]:
    """Return brands by size, the largest first."""
    distinct, counts = np.unique(corpus.rows.brands, return_counts=True)
    return [str(distinct[place]) for place in np.argsort(-counts, kind="stable")]


def test_the_largest_brand_is_left_out_when_none_is_given(corpus: Corpus) -> None:
    assert names(corpus) == ["fold 0", brands(corpus)[0]]


def test_the_brand_that_the_card_leaves_out_comes_before_the_largest(corpus: Corpus) -> None:
    left_out, second = str(AIRLINE_EN.left_out), brands(corpus)[1]
    renamed = np.where(corpus.rows.brands == second, left_out, corpus.rows.brands)
    known = replace(corpus, rows=replace(corpus.rows, brands=renamed), recipe=AIRLINE_EN.name)
    assert left_out != brands(known)[0]
    assert names(known) == ["fold 0", left_out]


def test_brands_that_are_given_are_left_out_in_turn(corpus: Corpus) -> None:
    first, second = brands(corpus)[:2]
    assert names(corpus, second, first) == ["fold 0", second, first]


def test_an_unknown_brand_is_refused(corpus: Corpus) -> None:
    with pytest.raises(SettingsError, match="--unseen Nobody: is none of the brands"):
        names(corpus, "Nobody")


def test_rows_that_may_be_tested_on_are_not_distilled_with() -> None:
    rows = Rows(["late", "lost"], np.array([True, True]), np.array(["", ""]))
    texts = unlabelled_texts(Corpus("own", "en", rows), ["late", "new", "new", "other"])
    assert texts == ["new", "other"]


def test_french_rows_are_not_distilled_with_english_texts(tmp_path: Path) -> None:
    (tmp_path / "sentiment140").mkdir()
    (tmp_path / "sentiment140" / "train.jsonl.gz").write_bytes(
        gzip.compress(b'{"text": "late", "label": "negative"}')
    )
    rows = Rows(["retard"], np.array([True]), np.array([""]))
    english = Corpus("own", "en", rows, folder=tmp_path)
    assert unlabelled_texts(english, None) == ["late"]
    assert unlabelled_texts(replace(english, language="fr"), None) == []
