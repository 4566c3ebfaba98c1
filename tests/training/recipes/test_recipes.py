"""Training: splits, figures, the fold into one table, and whole bundles."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from badbuzz.errors import BundleError, RecordingError
from badbuzz.features.drift import DriftReference
from badbuzz.features.hashing import HashedFeatures, HashedFeaturiser
from badbuzz.features.known_words import KnownWords
from badbuzz.models.bundle import FILES
from badbuzz.models.scorer import Scorer
from tests.support.full_disk import full_disk
from training import commands
from training.datasets.duplicates import groups
from training.datasets.rows import Rows, Split, read_rows, read_sentences, splits
from training.recipes import bundles
from training.recipes.graph import LEAST_SQUARE, Linear, convert
from training.recipes.linear import Shape, fit, fit_prior, presence, sigmoid
from training.recipes.quality import (
    Calibrated,
    calibration_error,
    cross_validate,
    measure,
    share_errors,
)
from training.recipes.report import checked_figures
from training.recipes.shipped import RECIPES, TWEETS_FR, Bar, Recipe, Source
from training.recipes.study import Study

SENTENCES = Path(str(files("training"))) / "data" / "sentences_fr.txt"
SMALL = HashedFeatures(n_bits=12, shortest=4, longest=4, width=96)
RECIPE = Recipe(
    name="small",
    language="fr",
    rows=Source(("small.jsonl.gz",), "our own sentences", "Apache-2.0", "trained and tested on"),
    features=SMALL,
    shape=Shape(rarity=1.0, contrast=0.5, strength=8.0),
    bars=(Bar("auc", 0.5),),
)


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of data, made of our own sentences, each there again as a retweet."""
    folder = tmp_path_factory.mktemp("data")
    own = read_sentences(SENTENCES)
    labels = np.where(own.negative, "negative", "positive").tolist()
    rows = [
        orjson.dumps({"text": text, "label": label})
        for sentence, label in zip(own.texts, labels, strict=True)
        for text in (sentence, f"RT {sentence}")
    ]
    (folder / "small.jsonl.gz").write_bytes(gzip.compress(b"\n".join(rows)))
    return folder


@pytest.fixture(scope="session")
def small(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle built from that data."""
    study = Study.read(RECIPE, data)
    quality = study.quality(lambda: None)
    return bundles.write_bundle(study, quality, tmp_path_factory.mktemp("bundles"))


def own_matrix() -> tuple[Rows, sparse.csr_matrix]:
    own = read_sentences(SENTENCES)
    return own, presence(HashedFeaturiser(SMALL).rows(own.texts), SMALL.n_buckets)


# Rows and splits


def test_missing_data_are_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"airline\.jsonl\.gz.*--data"):
        read_rows(tmp_path, "airline.jsonl.gz")


def test_near_duplicates_share_their_folds() -> None:
    texts = [
        "My bag is lost and nobody can tell me where it is",
        "RT @someone: my bag is lost and nobody can tell me where it is http",
        "Where can I drop my bag tomorrow morning?",
    ]
    for split in splits(texts, 3):
        assert split.outer[0] == split.outer[1]
        assert split.inner[0] == split.inner[1]


@given(st.lists(st.lists(st.sampled_from("abcdef"), max_size=9), min_size=1, max_size=12))
def test_near_duplicates_are_those_of_all_pairs_compared(spoken: list[list[str]]) -> None:
    held = [set(pairwise(words)) if len(words) > 3 else {tuple(words)} for words in spoken]
    expected = closed(
        [[len(left & other) >= 0.5 * len(left | other) for other in held] for left in held]
    )
    numbers = groups(spoken).tolist()
    assert [numbers.index(group) for group in numbers] == expected


def closed(alike: list[list[bool]]) -> list[int]:
    """Return for each row the first one that it is linked to, directly or through others."""
    first = list(range(len(alike)))
    for _ in alike:
        first = [min(first[j] for j, same in enumerate(row) if same) for row in alike]
    return first


def test_short_texts_are_near_duplicates_only_of_themselves() -> None:
    texts = [
        f"thanks {word}"
        for word in ["ann", "ben", "cleo", "dan", "eve", "fay", "gus", "hal", "ida", "jon"]
    ]
    assert len(set(splits(texts, 1)[0].outer.tolist())) > 1


def test_a_split_does_not_depend_on_the_order_of_rows() -> None:
    texts = read_sentences(SENTENCES).texts
    there, back = splits(texts, 1)[0], splits(texts[::-1], 1)[0]
    np.testing.assert_array_equal(there.outer, back.outer[::-1])


# Figures


def test_calibration_error_is_the_mean_gap_of_ten_bins() -> None:
    scores = np.array([0.05, 0.05, 0.95, 0.95])
    negative = np.array([False, False, True, False])
    assert calibration_error(scores, negative) == pytest.approx((2 * 0.05 + 2 * 0.45) / 4)


def test_a_score_of_one_is_in_the_last_bin() -> None:
    assert calibration_error(np.array([1.0]), np.array([True])) == 0.0


def test_measures_of_perfect_scores() -> None:
    measured = measure(np.array([0.0, 1.0]), np.array([False, True]))
    assert measured == {"accuracy": 1.0, "auc": 1.0, "ece": 0.0}


def test_adjusted_shares_of_known_scores_have_no_bias() -> None:
    negative = np.arange(2000) % 2 == 0
    errors = share_errors(negative.astype(float), negative, seed=0)
    assert all(abs(errors[f"share_bias_{share}"]) < 1e-9 for share in (0.2, 0.5, 0.8))


def test_no_row_is_scored_by_a_model_trained_on_it() -> None:
    negative = np.arange(200) % 2 == 0
    pairs: list[tuple[set[int], set[int]]] = []

    def fit(kept: np.ndarray[Any, Any]) -> Callable[[np.ndarray[Any, Any]], Any]:
        def logits(rows: np.ndarray[Any, Any]) -> Any:
            pairs.append((set(np.flatnonzero(kept)), set(np.flatnonzero(rows))))
            return np.where(negative[rows], 1.0, -1.0) + np.linspace(-1, 1, int(rows.sum()))

        return logits

    split = Split(np.arange(200) % 5, np.arange(200) // 5 % 10)
    cross_validate(fit, negative, [split], lambda: None)
    assert len(pairs) == 5 * (10 + 1)
    assert all(trained.isdisjoint(tested) for trained, tested in pairs)


# The model


def test_a_fit_folded_into_a_table_has_the_scores_of_the_regression() -> None:
    own, present = own_matrix()
    shape = Shape(rarity=0.0, contrast=0.0, strength=2.0)
    table = fit(present, own.negative, shape)
    lengths = np.sqrt(np.asarray(present.sum(axis=1)).ravel())
    inputs = sparse.csr_matrix(sparse.diags_array(1.0 / lengths) @ present)
    plain = LogisticRegression(C=2.0, solver="liblinear", tol=1e-4, random_state=0)
    expected = plain.fit(inputs, own.negative).decision_function(inputs)
    np.testing.assert_allclose(table.logits(present), expected, atol=1e-9)


def test_a_prior_scores_words_that_are_not_in_the_rows() -> None:
    own, present = own_matrix()
    shape = Shape(rarity=0.0, contrast=1.0, strength=4.0)
    prior = fit_prior(present, own.negative, shape)
    few = np.arange(len(own)) % 4 == 0
    alone = fit(present[few], own.negative[few], shape).logits(present[~few])
    helped = fit(present[few], own.negative[few], shape, prior).logits(present[~few])
    truth = own.negative[~few]
    assert measure(sigmoid(helped), truth)["auc"] > measure(sigmoid(alone), truth)["auc"]


def test_calibration_makes_the_mean_score_the_share_of_negatives() -> None:
    negative = np.random.default_rng(1).random(1000) < 0.3
    logits = np.random.default_rng(2).normal(negative * 2.0, 1.0)
    everything = np.ones(1000, np.bool_)
    inner = np.arange(1000) % 10
    calibrated = Calibrated.on(lambda _: lambda rows: logits[rows], everything, negative, inner)
    assert calibrated.scores(logits).mean() == pytest.approx(negative.mean(), abs=1e-3)
    assert calibrated.m0 < negative.mean() < calibrated.m1


@pytest.mark.slow
def test_a_converted_graph_has_the_scores_of_numpy() -> None:
    rng = np.random.default_rng(0)
    table = rng.normal(size=((1 << 12) + 1, 2)).astype(np.float32)
    table[:, 1] **= 2
    table[-1] = 0.0
    model = Linear(table, slope=1.7, bias=-0.4)
    interpreter = pytest.importorskip("ai_edge_litert.interpreter").Interpreter(
        model_content=convert(model.network, n_rows=8, width=32), num_threads=1
    )
    interpreter.allocate_tensors()
    rows = rng.integers(0, (1 << 12) + 1, (8, 32)).astype(np.int32)
    rows[0] = 1 << 12
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], rows.T.copy())
    interpreter.invoke()
    output = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    np.testing.assert_allclose(output, model.probabilities(rows), atol=1e-5)


def test_a_text_without_features_has_the_bias_for_a_logit() -> None:
    model = Linear(np.zeros((5, 2), np.float32), slope=3.0, bias=0.0)
    assert model.probabilities(np.full((1, 4), 4, np.int32)).tolist() == [0.5]
    assert LEAST_SQUARE > 0


# Bundles


@pytest.mark.slow
def test_a_bundle_built_from_data_loads_and_scores(small: Path) -> None:
    scorer = Scorer.load(str(small))
    angry, glad = scorer.score(["Valise perdue, c'est honteux !", "Merci, vol parfait !"])
    assert glad < angry


@pytest.mark.slow
def test_the_reference_of_a_card_is_of_held_out_texts(small: Path, data: Path) -> None:
    scorer, texts = Scorer.load(str(small)), read_rows(data, "small.jsonl.gz").texts
    reference = DriftReference.from_card(scorer.card)
    assert reference is not None
    assert sum(reference.scores) == len(texts)
    assert 0.05 < (reference.unknown_rate or 0) < 0.6
    assert KnownWords.unpack(scorer.known_words or "").count(texts)[1] == 0


@pytest.mark.slow
def test_a_bundle_built_twice_is_the_same_bytes(small: Path, data: Path, tmp_path: Path) -> None:
    study = Study.read(RECIPE, data)
    again = bundles.write_bundle(study, study.quality(lambda: None), tmp_path)
    for name in FILES:
        assert (again / name).read_bytes() == (small / name).read_bytes()


@pytest.mark.slow
def test_a_conversion_that_changes_a_score_is_refused(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundles, "worst_gap", lambda *_: 2e-5)
    with pytest.raises(BundleError, match="conversion changed a score"):
        bundles.write_bundle(Study.read(RECIPE, data), {}, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_full_disk_leaves_the_bundle_that_was_there(
    small: Path, data: Path, tmp_path: Path
) -> None:
    shutil.copytree(small, tmp_path / "small")
    with full_disk(5_000), pytest.raises(BundleError, match="cannot be written: File too large"):
        bundles.write_bundle(Study.read(RECIPE, data), {}, tmp_path)
    assert Scorer.load(str(tmp_path / "small")).version == Scorer.load(str(small)).version
    assert [path.name for path in tmp_path.iterdir()] == ["small"]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_a_shipped_card_reaches_every_bar(recipe: Recipe) -> None:
    quality = Scorer.load(recipe.name).card["quality"]
    faults = {check.figure: check.fault for check in checked_figures(recipe, quality)}
    assert {bar.figure for bar in recipe.bars} <= faults.keys()
    assert {figure: fault for figure, fault in faults.items() if fault} == {}


def test_a_figure_that_misses_its_bar_is_a_fault() -> None:
    (checked,) = checked_figures(RECIPE, {"auc": {"mean": 0.4, "sd": 0.1}})
    assert checked.fault == "misses its limit"


@pytest.mark.parametrize(
    ("card", "fault"),
    [
        ({"auc": {"mean": 0.9, "sd": 0.0}}, ""),
        ({"auc": {"mean": 0.8985, "sd": 0.0}}, ""),
        ({"auc": {"mean": 0.897, "sd": 0.0}}, "the card has 0.897"),
        ({}, "not on the card"),
    ],
)
def test_a_figure_that_differs_from_the_card_is_a_fault(card: dict[str, Any], fault: str) -> None:
    (checked,) = checked_figures(RECIPE, {"auc": {"mean": 0.9, "sd": 0.0}}, card)
    assert checked.fault == fault


def test_check_needs_data(tmp_path: Path) -> None:
    result = CliRunner().invoke(commands.train, ["check", "--data", str(tmp_path)])
    assert isinstance(result.exception, RecordingError)


@pytest.mark.slow
def test_check_accepts_new_bundles(
    small: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "RECIPES", (RECIPE,))
    monkeypatch.chdir(small.parent)
    result = CliRunner().invoke(commands.train, ["check", "--data", str(data)])
    assert result.exit_code == 0, result.output


@pytest.mark.slow
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("quality", {"auc": {"mean": 0.99, "sd": 0.0}}),
        ("class_means", [0.1, 0.9]),
        ("reference", {"scores": [9, 0, 0, 0, 0, 0, 0, 0, 0, 0], "unknown_rate": 0.0}),
    ],
)
def test_check_refuses_a_card_with_better_figures(
    small: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, value: Any
) -> None:
    copied = Path(shutil.copytree(small, tmp_path / "small"))
    card = orjson.loads((copied / "card.json").read_bytes())
    (copied / "card.json").write_bytes(orjson.dumps({**card, key: value}))
    monkeypatch.setattr(commands, "RECIPES", (RECIPE,))
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(commands.train, ["check", "--data", str(data)])
    assert "the card has" in result.output
    assert isinstance(result.exception, BundleError)


@pytest.mark.slow
def test_the_french_card_has_the_recomputed_figures(
    shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "RECIPES", (TWEETS_FR,))
    result = CliRunner().invoke(commands.train, ["check", "--data", str(shared_data)])
    assert result.exit_code == 0, result.output


def test_a_language_without_golden_texts_of_its_own_has_those_of_all() -> None:
    german, english, french = map(bundles.golden_texts, ("de", "en", "fr"))
    assert german == [text for text in english if text in french]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_no_golden_text_is_in_the_data_sets(shared_data: Path, recipe: Recipe) -> None:
    texts = {text.strip() for text in read_rows(shared_data, *recipe.rows.files).texts}
    golden = {text.strip() for text in bundles.golden_texts(recipe.language)}
    own = {text.strip() for text in read_sentences(SENTENCES).texts}
    assert texts.isdisjoint(golden | own)
