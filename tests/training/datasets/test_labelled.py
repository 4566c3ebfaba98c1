"""Reading of a user's labelled files, and splits."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from badbuzz.errors import RecordingError
from tests.training.compare.small import TINY
from training.compare.views import RANDOM, UNSEEN, views
from training.datasets.corpus import Corpus, named
from training.datasets.labelled import ReadOptions, read_own
from training.datasets.rows import Rows


def lines(n: int = 60, **more: Any) -> list[dict[str, Any]]:
    """Rows of both classes, no two alike."""
    return [
        {
            "text": f"{'awful delay' if i % 2 else 'lovely crew'} number{'abcdefghij'[i % 10]} "
            f"gate{i} row{i * 7}",
            "label": "negative" if i % 2 else "positive",
            **more,
        }
        for i in range(2 * n)
    ]


def written(path: Path, rows: list[dict[str, Any]]) -> str:
    path.write_bytes(b"\n".join(orjson.dumps(row) for row in rows))
    return str(path)


def test_unlabelled_and_empty_rows_are_skipped_and_noted(tmp_path: Path) -> None:
    rows = [*lines(), {"text": "who knows", "label": None}, {"text": " ", "label": "negative"}]
    corpus = read_own([written(tmp_path / "own.jsonl", rows)], ReadOptions())
    assert len(corpus.rows) == 120
    assert corpus.notes == (
        "1 rows without a label were skipped",
        "1 rows without a text were skipped",
    )


@pytest.mark.parametrize("label", ["negativ", "mixed"])
def test_an_invalid_label_names_its_row_and_the_remedy(tmp_path: Path, label: str) -> None:
    path = written(tmp_path / "own.jsonl", [*lines(), {"text": "hm", "label": label}])
    with pytest.raises(RecordingError, match=rf"own.jsonl:121: label '{label}'.*--label {label}="):
        read_own([path], ReadOptions())


def test_a_label_can_be_mapped(tmp_path: Path) -> None:
    path = written(tmp_path / "own.jsonl", [*lines(), {"text": "hm", "label": "bad"}])
    corpus = read_own([path], ReadOptions(words={"bad": "negative"}))
    assert corpus.rows.negative[-1]


def test_rows_of_one_class_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "own.jsonl", lines(label="negative"))
    with pytest.raises(RecordingError, match="all 120 rows are negative: give rows of both"):
        read_own([path], ReadOptions())


def test_too_few_rows_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "own.jsonl", lines(n=20))
    with pytest.raises(RecordingError, match="20 negative rows and 20 others: at least 50"):
        read_own([path], ReadOptions())


def test_a_latin_1_file_is_refused_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_bytes("text,label\nquelle journée,negative\n".encode("latin-1"))
    with pytest.raises(RecordingError, match=r"own.csv:2: text is not UTF-8.*--encoding latin-1"):
        read_own([str(path)], ReadOptions())


def test_a_latin_1_file_is_read_with_its_encoding(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    rows = [f"{row['text']} journée,{row['label']}" for row in lines()]
    path.write_bytes("\n".join(["text,label", *rows]).encode("latin-1"))
    corpus = read_own([str(path)], ReadOptions(encoding="latin-1"))
    assert corpus.rows.texts[0].endswith("journée")


@pytest.mark.parametrize("column", ["text", "label"])
def test_a_missing_column_is_named(tmp_path: Path, column: str) -> None:
    rows = [{k: v for k, v in row.items() if k != column} for row in lines()]
    path = written(tmp_path / "own.jsonl", rows)
    with pytest.raises(RecordingError, match=rf"no column '{column}'.*--map {column}=COLUMN"):
        read_own([path], ReadOptions())


def test_a_column_can_be_mapped(tmp_path: Path) -> None:
    rows = [{"said": row["text"], "label": row["label"]} for row in lines()]
    corpus = read_own(
        [written(tmp_path / "own.jsonl", rows)], ReadOptions(columns={"text": "said"})
    )
    assert len(corpus.rows) == 120


def test_a_known_kind_of_file_needs_no_map(tmp_path: Path) -> None:
    path = tmp_path / "airline.csv"
    rows = [f"{i},{row['label']},Costa,{row['text']},x" for i, row in enumerate(lines())]
    path.write_text("\n".join(["tweet_id,airline_sentiment,airline,text,tweet_created", *rows]))
    assert set(read_own([str(path)], ReadOptions()).rows.brands) == {"Costa"}


def test_several_languages_require_a_choice(tmp_path: Path) -> None:
    path = written(tmp_path / "own.jsonl", [*lines(lang="en"), *lines(lang="fr")])
    with pytest.raises(RecordingError, match=r"en \(120 rows\), fr \(120 rows\).*--lang"):
        read_own([path], ReadOptions())


def test_a_few_rows_in_other_languages_are_skipped_and_noted(tmp_path: Path) -> None:
    path = written(tmp_path / "own.jsonl", [*lines(lang="en"), *lines(n=1, lang="fr")])
    corpus = read_own([path], ReadOptions())
    assert corpus.notes == ("2 rows in another language than en were skipped",)


def test_one_language_is_kept(tmp_path: Path) -> None:
    path = written(tmp_path / "own.jsonl", [*lines(lang="en"), *lines(n=70, lang="fr-CA")])
    corpus = read_own([path], ReadOptions(lang="fr"))
    assert (corpus.language, len(corpus.rows)) == ("fr", 140)


def test_copies_are_noted_and_stay_on_one_side(simulated: Path, tmp_path: Path) -> None:
    rows = simulated.read_bytes().splitlines()
    path = tmp_path / "own.jsonl"
    path.write_bytes(b"\n".join([*rows, *rows[: len(rows) // 10]]))
    corpus = read_own([str(path)], ReadOptions())
    assert "are copies of others: they are kept, on one side of every split" in corpus.notes[-1]
    for fold in views(corpus, replace(TINY, n_folds=5))[0].folds:
        tested = {corpus.rows.texts[place] for place in fold.test}
        assert tested.isdisjoint(
            corpus.rows.texts[place] for place in [*fold.train, *fold.validation]
        )


def test_rows_that_are_mostly_copies_are_refused(tmp_path: Path) -> None:
    rows = [*lines(), *lines(n=1) * 100]
    corpus = read_own([written(tmp_path / "own.jsonl", rows)], ReadOptions())
    with pytest.raises(RecordingError, match="near-duplicates of each other"):
        corpus.checked()


def test_a_folder_without_a_set_is_refused_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"contains none of.*--data"):
        named(tmp_path, [])


# Splits


def test_no_near_duplicate_is_on_two_sides(corpus: Corpus) -> None:
    for view in views(corpus, replace(TINY, n_folds=5, n_brands=None)):
        for fold in view.folds:
            sides = [
                {corpus.groups[place] for place in part}
                for part in (fold.train, fold.validation, fold.test)
            ]
            assert sides[0].isdisjoint(sides[1] | sides[2])
            assert sides[1].isdisjoint(sides[2])


def test_every_row_is_tested_once_in_five_folds(corpus: Corpus) -> None:
    view = views(corpus, replace(TINY, n_folds=5))[0]
    tested = np.concatenate([fold.test for fold in view.folds])
    assert sorted(tested) == list(range(len(corpus.rows)))


def test_each_brand_is_left_out_in_turn(corpus: Corpus) -> None:
    view = views(corpus, replace(TINY, n_brands=None))[1]
    assert view.name == UNSEEN
    for fold in view.folds:
        assert set(corpus.rows.brands[fold.test]) == {fold.name}
        assert fold.name not in set(corpus.rows.brands[np.append(fold.train, fold.validation)])
    assert {fold.name for fold in view.folds} == set(corpus.rows.brands)


def test_rows_without_brands_have_no_unseen_one(corpus: Corpus) -> None:
    rows = Rows(corpus.rows.texts, corpus.rows.negative, np.array([""] * len(corpus.rows)))
    assert [view.name for view in views(replace(corpus, rows=rows), TINY)] == [RANDOM]


def test_a_sample_does_not_depend_on_the_order_of_rows(corpus: Corpus) -> None:
    rows = corpus.rows
    back = Rows(rows.texts[::-1], rows.negative[::-1], rows.brands[::-1])
    sampled = [each.sample(100).rows.texts for each in (corpus, replace(corpus, rows=back))]
    assert Counter(sampled[0]) == Counter(sampled[1])
