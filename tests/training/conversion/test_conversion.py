"""Compared models as bundles: they score as the models do, and are written whole or not at all."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import orjson
import pytest
from click.testing import CliRunner, Result

from badbuzz.errors import BadbuzzError, BundleError, SettingsError
from badbuzz.features.drift import DriftReference
from badbuzz.features.known_words import KnownWords
from badbuzz.models.bundle import FILES
from badbuzz.models.registry import Registry
from badbuzz.models.scorer import GOLDEN_TOLERANCE, Scorer, ScorerSet
from tests.support.full_disk import full_disk
from tests.support.registered import put
from tests.training.compare.small import TINY
from training.commands import train
from training.compare.candidates import candidates
from training.conversion.bundle import write_converted
from training.conversion.converted import Converted, conversions
from training.conversion.fitting import CandidateFitter, FittedCandidate
from training.conversion.forms import is_served
from training.datasets.corpus import Corpus
from training.recipes.graph import FORMATS
from training.writing import write_folder

LINEAR = ("logistic", "ridge")
SERVED = [
    *(f"tfidf-{kind}, {name}" for kind in ("words", "letters", "both") for name in LINEAR),
    "hashed, bag", "hashed, linear",
    *(f"word2vec-{kind}, {name}" for kind in ("mean", "idf") for name in LINEAR),
    "word2vec-mean, dense",
    *(f"fasttext-{kind}, {name}" for kind in ("mean", "idf") for name in LINEAR),
    "fasttext-mean, dense", "word2vec-words, convolution",
]  # fmt: skip
KINDS = (
    "hashed, bag", "tfidf-both, logistic", "word2vec-mean, dense", "fasttext-idf, ridge",
    "fasttext-mean, dense", "word2vec-words, convolution",
)  # fmt: skip
"""One of each form."""
UNSEEN = [
    "",
    "Lost my bagz agaaain #worstairline http://x.y 😡",
    "not good, not late, unforgettable",
    "zut, la valise!",
    "late " * 300,
]


class Models:
    """The models of a corpus, each fitted once, when it is first used."""

    def __init__(self, corpus: Corpus) -> None:
        self.corpus = corpus
        self._known = {candidate.name: candidate for candidate in candidates(corpus, TINY)}
        fitting = CandidateFitter(corpus, TINY)
        self.fitted = cache(lambda name: fitting.fit(self._known[name]))
        self.converted = cache(self._converted)

    @property
    def served(self) -> list[str]:
        return [name for name, candidate in self._known.items() if is_served(candidate.classifier)]

    def _converted(self, name: str) -> Converted:
        fitted: FittedCandidate = self.fitted(name)
        (conversion,) = conversions(fitted, FORMATS[:1])
        return conversion

    def write(self, name: str, folder: Path) -> Scorer:
        return write_converted(self.converted(name), self.fitted(name), self.corpus, TINY, folder)


@pytest.fixture(scope="module")
def models(corpus: Corpus) -> Models:
    return Models(corpus)


def test_every_linear_model_and_every_network_is_served(models: Models) -> None:
    assert sorted(models.served) == sorted(SERVED)


@pytest.mark.slow
@pytest.mark.parametrize("name", SERVED)
def test_a_graph_scores_as_its_model(models: Models, name: str) -> None:
    fitted, graph = models.fitted(name), models.converted(name).graph
    assert len(fitted.compared_texts) == 1000
    np.testing.assert_allclose(
        graph.raw(fitted.compared_texts), fitted.compared_scores, rtol=0, atol=GOLDEN_TOLERANCE
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_a_score_does_not_depend_on_the_other_texts(models: Models, name: str) -> None:
    graph = models.converted(name).graph
    texts = [*models.corpus.rows.texts[:150], *UNSEEN]
    alone = np.concatenate([graph.raw([text]) for text in texts])
    np.testing.assert_array_equal(graph.raw(texts), alone)


def test_a_graph_with_other_scores_is_refused(models: Models) -> None:
    fitted = models.fitted("tfidf-words, logistic")
    other = replace(fitted, compared_scores=fitted.compared_scores + 2e-5)
    with pytest.raises(BundleError, match=r"changed a score by 2\.0e-05"):
        conversions(other, FORMATS[:1])


@pytest.mark.slow
def test_smaller_formats_have_smaller_files_and_small_gaps(models: Models) -> None:
    converted = conversions(models.fitted("fasttext-mean, dense"))
    assert [form.numbers for form in converted] == list(FORMATS)
    sizes = [len(form.network) for form in converted]
    assert sizes[1] < 0.51 * sizes[0]
    assert sizes[2] < 0.26 * sizes[0]
    assert max(form.gap for form in converted) < 0.05


@pytest.mark.slow
@pytest.mark.parametrize("name", ["fasttext-mean, dense", "tfidf-both, logistic"])
def test_a_bundle_scores_and_explains(models: Models, tmp_path: Path, name: str) -> None:
    written = models.write(name, tmp_path / "mine")
    assert written.version.startswith("mine@")
    scorers = ScorerSet.read(f"en={tmp_path / 'mine'}")
    assert scorers.versions == (written.version,)
    (explanation,) = written.explain(["Lost my bag again, nobody answers"])
    assert len(explanation.contributions) == 6


def test_the_reference_is_of_the_rows_that_were_not_trained_on(
    models: Models, tmp_path: Path
) -> None:
    name = "tfidf-words, logistic"
    few, converted = models.fitted(name), models.converted(name)
    fitted = replace(few, kept_texts=[*few.kept_texts] * 9)
    assert "reference" not in models.write(name, tmp_path / "few").card
    written = write_converted(converted, fitted, models.corpus, TINY, tmp_path / "mine")
    reference = DriftReference.from_card(written.card)
    assert reference is not None
    assert written.known_words is not None
    known = KnownWords.unpack(written.known_words)
    assert sum(reference.scores) == len(fitted.kept_texts)
    n_tokens, n_unknown = known.count(fitted.kept_texts)
    assert reference.unknown_rate == round(n_unknown / n_tokens, 4)
    assert known.count(fitted.learnt_texts)[1] == 0


@pytest.mark.slow
@pytest.mark.services
def test_a_registered_bundle_has_the_same_scores(
    models: Models, registry: Registry, tmp_path: Path
) -> None:
    scorer = models.write("fasttext-mean, dense", tmp_path / "mine")
    version = put(registry, tmp_path / "mine")  # parity is a part of it
    assert version.bundle == scorer.version


# Writing


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_a_full_disk_leaves_no_files(tmp_path: Path) -> None:
    contents = {"card.json": b"{}", "model.tflite": bytes(100_000)}
    with full_disk(50_000), pytest.raises(BundleError, match="cannot be written: File too large"):
        write_folder(tmp_path / "mine", contents, lambda _: None)
    assert names(tmp_path) == []


def test_a_full_disk_leaves_the_former_bundle(models: Models, tmp_path: Path) -> None:
    version = models.write("tfidf-words, logistic", tmp_path / "mine").version
    models.converted("tfidf-words, ridge")
    with full_disk(5_000), pytest.raises(BundleError, match="make room"):
        models.write("tfidf-words, ridge", tmp_path / "mine")
    assert Scorer.load(str(tmp_path / "mine")).version == version
    assert names(tmp_path) == ["mine", *(f"mine/{name}" for name in FILES)]


def test_a_failed_check_leaves_the_former_bundle(tmp_path: Path) -> None:
    def refuse(_: Path) -> None:
        raise BundleError("no")

    write_folder(tmp_path / "mine", {"card.json": b"1"}, lambda _: None)
    with pytest.raises(BundleError, match="no"):
        write_folder(tmp_path / "mine", {"card.json": b"2"}, refuse)
    assert (tmp_path / "mine" / "card.json").read_bytes() == b"1"
    assert names(tmp_path) == ["mine", "mine/card.json"]


def test_a_bundle_replaces_another(models: Models, tmp_path: Path) -> None:
    former = models.write("tfidf-words, logistic", tmp_path / "mine").version
    assert models.write("tfidf-words, ridge", tmp_path / "mine").version != former


def test_a_folder_with_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years")
    with pytest.raises(BundleError, match=r"thesis\.txt, which is not a file of a bundle"):
        write_folder(tmp_path, {"card.json": b""}, lambda _: None)


# The command


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(
        train, ["convert", "--quick", *(str(argument) for argument in arguments)]
    )


@pytest.mark.slow
def test_the_command_writes_the_chosen_format(simulated: Path, tmp_path: Path) -> None:
    result = invoke(
        "--data", simulated, "--model", "tfidf-words, logistic", "-o", tmp_path / "mine",
        "--format", "int8", "--json",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    figures = [orjson.loads(line) for line in result.stdout.splitlines()]
    assert [row["format"] for row in figures] == list(FORMATS)
    card = Scorer.load(str(tmp_path / "mine")).card
    assert (card["model"]["numbers"], card["name"]) == ("int8", "mine")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            ["--model", "*, forest"],
            SettingsError,
            "cannot become a bundle: it is an ensemble of trees",
        ),
        (["--model", "text, vader"], SettingsError, "is a lexicon with rules of its own"),
        (["--model", "tfdif*"], SettingsError, r"matches none of tfidf-words, logistic;"),
        (["--model", "hashed*", "-o", "mine"], SettingsError, "fits 2: name one"),
        (["--model", "hashed*", "-o", "."], BundleError, "is not a file of a bundle"),
    ],
)
def test_models_that_cannot_be_converted_are_refused(
    simulated: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    error: type[BadbuzzError],
    message: str,
) -> None:
    monkeypatch.chdir(simulated.parent)
    with pytest.raises(error, match=message):
        raise invoke("--data", simulated, *arguments).exception or AssertionError("accepted")
