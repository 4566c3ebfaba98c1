"""Models compared: what is refused, what is on which side, what is kept, and how it goes on."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import mlflow
import numpy as np
import orjson
import pytest
from click.testing import CliRunner, Result

from badbuzz.errors import BadbuzzError, RecordingError, SettingsError, TrackingError
from demo.processes import free_port
from producers.commands import simulate
from training import compare as package
from training.commands import train
from training.compare.candidates import Candidate, candidates, features_of
from training.compare.choice import choose
from training.compare.corpus import Corpus, named
from training.compare.figures import figures, worst
from training.compare.identity import CODE, identity
from training.compare.labelled import Reading, read_own
from training.compare.prepared import Bench
from training.compare.record import Record
from training.compare.report import write_report
from training.compare.run import Comparison, compare
from training.compare.scale import QUICK
from training.compare.tracking import Tracking
from training.compare.trial import Outcome, attempt
from training.compare.views import RANDOM, UNSEEN, View, views
from training.rows import Rows

pytestmark = pytest.mark.filterwarnings("ignore:The ``noload``:DeprecationWarning")  # MLflow's own

TINY = replace(
    QUICK, name="tiny", n_trees=5, n_components=8, n_dimensions=8, n_passes=2, n_epochs=2
)
CHEAP = ("text, majority", "tfidf-words, *")


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of labelled tweets about three brands, as a user can make one."""
    path = tmp_path_factory.mktemp("labelled") / "own.jsonl"
    made = CliRunner().invoke(
        simulate,
        ["--days", "1", "--tweets-per-day", "500", "--incidents", "none", "--lang", "en",
         "--labelled", "--quiet", "-o", str(path)],
    )  # fmt: skip
    assert made.exit_code == 0, made.output
    return path


@pytest.fixture(scope="session")
def corpus(simulated: Path) -> Corpus:
    return read_own([str(simulated)], Reading()).checked()


@pytest.fixture(scope="session")
def random_view(corpus: Corpus) -> View:
    return views(corpus, TINY)[0]


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


# A user's own files


def test_unlabelled_and_empty_rows_are_left_out_and_told(tmp_path: Path) -> None:
    rows = [*lines(), {"text": "who knows", "label": None}, {"text": " ", "label": "negative"}]
    corpus = read_own([written(tmp_path / "own.jsonl", rows)], Reading())
    assert len(corpus.rows) == 120
    assert corpus.notes == (
        "1 rows without a label were left out",
        "1 rows without a text were left out",
    )


@pytest.mark.parametrize("label", ["negativ", "mixed"])
def test_a_label_that_is_none_names_its_row_and_the_remedy(tmp_path: Path, label: str) -> None:
    path = written(tmp_path / "own.jsonl", [*lines(), {"text": "hm", "label": label}])
    with pytest.raises(RecordingError, match=rf"own.jsonl:121: label '{label}'.*--label {label}="):
        read_own([path], Reading())


def test_a_label_can_be_mapped(tmp_path: Path) -> None:
    path = written(tmp_path / "own.jsonl", [*lines(), {"text": "hm", "label": "bad"}])
    corpus = read_own([path], Reading(words={"bad": "negative"}))
    assert corpus.rows.negative[-1]


def test_rows_of_one_class_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "own.jsonl", lines(label="negative"))
    with pytest.raises(RecordingError, match="all 120 rows are negative: give rows of both"):
        read_own([path], Reading())


def test_too_few_rows_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "own.jsonl", lines(n=20))
    with pytest.raises(RecordingError, match="20 negative rows and 20 others: at least 50"):
        read_own([path], Reading())


def test_a_latin_1_file_is_refused_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_bytes("text,label\nquelle journée,negative\n".encode("latin-1"))
    with pytest.raises(RecordingError, match=r"own.csv:2: text is no UTF-8.*--encoding latin-1"):
        read_own([str(path)], Reading())


def test_a_latin_1_file_is_read_when_told(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    rows = [f"{row['text']} journée,{row['label']}" for row in lines()]
    path.write_bytes("\n".join(["text,label", *rows]).encode("latin-1"))
    corpus = read_own([str(path)], Reading(encoding="latin-1"))
    assert corpus.rows.texts[0].endswith("journée")


@pytest.mark.parametrize("column", ["text", "label"])
def test_a_missing_column_is_named(tmp_path: Path, column: str) -> None:
    rows = [{k: v for k, v in row.items() if k != column} for row in lines()]
    path = written(tmp_path / "own.jsonl", rows)
    with pytest.raises(RecordingError, match=rf"no column '{column}'.*--map {column}=COLUMN"):
        read_own([path], Reading())


def test_a_column_can_be_mapped(tmp_path: Path) -> None:
    rows = [{"said": row["text"], "label": row["label"]} for row in lines()]
    corpus = read_own([written(tmp_path / "own.jsonl", rows)], Reading(columns={"text": "said"}))
    assert len(corpus.rows) == 120


def test_a_known_kind_of_file_needs_no_map(tmp_path: Path) -> None:
    path = tmp_path / "airline.csv"
    rows = [f"{i},{row['label']},Costa,{row['text']},x" for i, row in enumerate(lines())]
    path.write_text("\n".join(["tweet_id,airline_sentiment,airline,text,tweet_created", *rows]))
    assert set(read_own([str(path)], Reading()).rows.brands) == {"Costa"}


def test_several_languages_ask_for_one(tmp_path: Path) -> None:
    path = written(tmp_path / "own.jsonl", [*lines(lang="en"), *lines(lang="fr")])
    with pytest.raises(RecordingError, match=r"en \(120 rows\), fr \(120 rows\).*--lang"):
        read_own([path], Reading())


def test_a_few_rows_in_other_languages_are_left_out_and_told(tmp_path: Path) -> None:
    path = written(tmp_path / "own.jsonl", [*lines(lang="en"), *lines(n=1, lang="fr")])
    corpus = read_own([path], Reading())
    assert corpus.notes == ("2 rows in another language than en were left out",)


def test_one_language_is_kept(tmp_path: Path) -> None:
    path = written(tmp_path / "own.jsonl", [*lines(lang="en"), *lines(n=70, lang="fr-CA")])
    corpus = read_own([path], Reading(lang="fr"))
    assert (corpus.language, len(corpus.rows)) == ("fr", 140)


def test_copies_are_told_and_stay_on_one_side(simulated: Path, tmp_path: Path) -> None:
    rows = simulated.read_bytes().splitlines()
    path = tmp_path / "own.jsonl"
    path.write_bytes(b"\n".join([*rows, *rows[: len(rows) // 10]]))
    corpus = read_own([str(path)], Reading())
    assert "are copies of others: they stay, on one side of every split" in corpus.notes[-1]
    for fold in views(corpus, replace(TINY, n_folds=5))[0].folds:
        tested = {corpus.rows.texts[place] for place in fold.test}
        assert tested.isdisjoint(corpus.rows.texts[place] for place in [*fold.train, *fold.watch])


def test_rows_that_are_mostly_copies_are_refused(tmp_path: Path) -> None:
    rows = [*lines(), *lines(n=1) * 100]
    corpus = read_own([written(tmp_path / "own.jsonl", rows)], Reading())
    with pytest.raises(RecordingError, match="near-duplicates of each other"):
        corpus.checked()


def test_a_folder_without_a_set_is_told_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"holds none of.*--data"):
        named(tmp_path, [])


# Splits


def test_no_near_duplicate_is_on_two_sides(corpus: Corpus) -> None:
    for view in views(corpus, replace(TINY, n_folds=5, n_brands=None)):
        for fold in view.folds:
            sides = [
                {corpus.groups[place] for place in part}
                for part in (fold.train, fold.watch, fold.test)
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
        assert fold.name not in set(corpus.rows.brands[np.append(fold.train, fold.watch)])
    assert {fold.name for fold in view.folds} == set(corpus.rows.brands)


def test_rows_without_brands_have_no_unseen_one(corpus: Corpus) -> None:
    rows = Rows(corpus.rows.texts, corpus.rows.negative, np.array([""] * len(corpus.rows)))
    assert [view.name for view in views(replace(corpus, rows=rows), TINY)] == [RANDOM]


def test_a_sample_does_not_depend_on_the_order_of_rows(corpus: Corpus) -> None:
    rows = corpus.rows
    back = Rows(rows.texts[::-1], rows.negative[::-1], rows.brands[::-1])
    sampled = [one.sample(100).rows.texts for one in (corpus, replace(corpus, rows=back))]
    assert Counter(sampled[0]) == Counter(sampled[1])


# Models


def tried(corpus: Corpus, view: View, candidate: Candidate) -> Outcome:
    bench = Bench(corpus.rows, features_of(corpus), TINY)
    return attempt(candidate, view, bench, lambda: None)


@pytest.mark.slow
def test_every_model_keeps_the_contract(corpus: Corpus, random_view: View) -> None:
    found = candidates(corpus, TINY)
    bench = Bench(corpus.rows, features_of(corpus), TINY)
    for candidate in found:
        outcome = attempt(candidate, random_view, bench, lambda: None)
        assert len(outcome.scores) == len(random_view.folds[0].test), candidate.name
        assert ((outcome.scores >= 0) & (outcome.scores <= 1)).all(), candidate.name
        assert figures(outcome)["auc"] > 0.6 or candidate.classifier == "majority", candidate.name
        assert outcome.n_bytes > 0, candidate.name


def test_every_kind_of_features_and_classifier_is_compared(corpus: Corpus) -> None:
    found = candidates(corpus, TINY)
    assert {one.classifier for one in found} == {
        "majority", "vader", "logistic", "ridge", "lightgbm", "boosting", "forest",
        "dense", "convolution", "bag", "linear",
    }  # fmt: skip
    assert len({one.name for one in found}) == len(found)


def test_vader_judges_english_only(corpus: Corpus) -> None:
    french = candidates(replace(corpus, language="fr"), TINY)
    assert "vader" not in {one.classifier for one in french}


@pytest.mark.slow
@pytest.mark.parametrize("model", ["fasttext-mean, dense", "word2vec-idf, forest"])
def test_a_model_learnt_twice_scores_the_same(
    corpus: Corpus, random_view: View, model: str
) -> None:
    (candidate,) = (one for one in candidates(corpus, TINY) if one.name == model)
    once, twice = (tried(corpus, random_view, candidate).scores for _ in range(2))
    np.testing.assert_array_equal(once, twice)


# Figures and the choice


def outcome_of(scores: list[float], negative: list[bool]) -> Outcome:
    n = len(scores)
    values = np.array(scores)
    return Outcome(
        np.arange(n), np.zeros(n, np.int64), np.array(negative), values, values, 1.0, 2.0, 3, None
    )


def test_figures_of_known_scores() -> None:
    found = figures(outcome_of([0.9, 0.8, 0.4, 0.1], [True, False, True, False]))
    assert found["accuracy"] == 0.5
    assert found["macro_f1"] == 0.5
    assert found["f1_negative"] == 0.5
    assert found["auc"] == 0.75
    assert found["average_precision"] == pytest.approx((1 + 2 / 3) / 2, abs=1e-5)


def test_counting_labels_is_biased_where_the_adjusted_share_is_not() -> None:
    negative = [True] * 100 + [False] * 100
    scores = [0.9] * 100 + [0.9] * 40 + [0.1] * 60
    shares = [(score - 0.42) / (0.9 - 0.42) for score in scores]
    found = figures(replace(outcome_of(scores, negative), shares=np.array(shares)))
    assert found["share_bias_plain_0.2"] == pytest.approx(0.32, abs=0.01)
    assert found["share_bias_adjusted_0.2"] == pytest.approx(0.0, abs=0.01)


def test_the_worst_errors_come_first() -> None:
    found = worst(outcome_of([0.1, 0.95, 0.6, 0.9], [True, False, False, True]), list("abcd"))
    assert [error.text for error in found] == ["b", "a", "c"]


def record_of(name: str, n_right: int, us: float, n: int = 1000) -> Record:
    negative = np.arange(n) % 2 == 0
    right = np.arange(n) < n_right
    scores = np.where(right == negative, 0.9, 0.1)
    numbers = {"accuracy": n_right / n, "auc": 0.5, "score_cpu_us": us}
    return Record("", "features", name, numbers, {}, scores, negative, None)


def test_the_cheapest_of_those_as_good_as_the_best_is_chosen() -> None:
    records = [
        record_of("dear", 902, us=500),
        record_of("cheap", 901, us=20),
        record_of("poor", 700, us=1),
    ]
    found = choose(records, core_hour=0.05)
    assert (found.chosen.classifier, found.best.classifier) == ("cheap", "dear")
    assert found.n_as_good == 2


def test_a_cheaper_model_that_few_rows_cannot_tell_from_the_best_is_not_chosen() -> None:
    records = [record_of("dear", 90, us=500, n=100), record_of("cheap", 88, us=20, n=100)]
    assert choose(records, core_hour=0.05).chosen.classifier == "dear"


def test_a_choice_says_why() -> None:
    found = choose([record_of("dear", 902, us=500), record_of("cheap", 901, us=20)], core_hour=3.6)
    assert found.reasons == (
        "features, cheap is right about 90.1% of 1,000 test rows, AUC 0.500; the best, "
        "features, dear, 90.2%: a difference of -0.1 points (-0.3 to +0.0). Of the 2 that are "
        "shown to be at most 1.5 points worse it is the cheapest to run",
        "against the next best, features, dear: -0.1 points (-0.3 to +0.0), McNemar p = 1: "
        "the two cannot be told apart",
        "a million texts cost 0.02 where the best takes 0.5, at 3.6 for an hour of a core",
    )


# Runs in MLflow


class Silent:
    """Progress that nobody is told."""

    def begin(self, corpus: str, view: str, n_folds: int) -> None: ...

    def trying(self, model: str) -> None: ...

    def step(self, n_folds: int = 1) -> None: ...


def compared(corpus: Corpus, place: str, progress: Silent | None = None) -> list[Comparison]:
    return compare([corpus], TINY, Tracking(place), progress or Silent(), CHEAP)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mlflow") / "store"


@pytest.fixture(scope="module")
def found(corpus: Corpus, store: Path) -> list[Comparison]:
    return compared(corpus, str(store))


def client_of(store: Path) -> Any:
    return mlflow.MlflowClient(f"sqlite:///{store / 'mlflow.db'}")


def runs_of(client: Any, corpus: str = "own.jsonl", status: str = "FINISHED") -> list[Any]:
    experiment = client.get_experiment_by_name(f"badbuzz compare {corpus}")
    if experiment is None:
        return []
    return list(client.search_runs([experiment.experiment_id], f"attributes.status = '{status}'"))


def test_a_run_holds_its_figures_and_pictures(found: list[Comparison], store: Path) -> None:
    client = client_of(store)
    record = found[0].records[-1]
    run = client.get_run(record.run_id)
    assert {
        "accuracy", "macro_f1", "f1_negative", "auc", "average_precision", "ece",
        "share_bias_plain_0.2", "share_bias_adjusted_0.8", "train_cpu_s", "score_cpu_us",
        "n_bytes", "fold/accuracy of fold 0",
    } <= run.data.metrics.keys()  # fmt: skip
    assert run.data.params["features"] == record.features
    assert run.data.tags["badbuzz.data"] == found[0].corpus.digest
    assert {artifact.path for artifact in client.list_artifacts(record.run_id)} == {
        "calibration.png", "confusion.png", "errors.json", "precision-recall.png", "roc.png",
        "scores.npz",
    }  # fmt: skip


def test_what_is_finished_is_not_run_again(
    corpus: Corpus, found: list[Comparison], store: Path
) -> None:
    again = compared(corpus, str(store))
    for before, after in zip(found, again, strict=True):
        assert after.n_resumed == len(after.records)
        for one, other in zip(before.records, after.records, strict=True):
            assert (one.run_id, one.figures, one.folds) == (
                other.run_id, other.figures, other.folds,
            )  # fmt: skip
            np.testing.assert_array_equal(one.scores, other.scores)


@pytest.mark.slow
def test_a_networks_learning_curve_is_kept(corpus: Corpus, store: Path) -> None:
    model = ("word2vec-mean, dense",)
    once, again = (
        compare([corpus], TINY, Tracking(str(store)), Silent(), model)[0].records[0]
        for _ in range(2)
    )
    assert once.curve == again.curve is not None
    paths = {artifact.path for artifact in client_of(store).list_artifacts(once.run_id)}
    assert "learning.png" in paths


def test_a_run_that_never_finished_does_not_count(corpus: Corpus, tmp_path: Path) -> None:
    tracking = Tracking(str(tmp_path))
    candidate = next(one for one in candidates(corpus, TINY) if one.name == "text, majority")
    own = identity(candidate, corpus, views(corpus, TINY)[0])
    experiment = tracking.experiment("badbuzz compare own.jsonl")
    client_of(tmp_path).create_run(experiment, tags={"badbuzz.identity": own})
    assert tracking.finished(experiment) == {}


@pytest.mark.parametrize("change", ["text", "label", "brand"])
def test_other_rows_make_another_run(corpus: Corpus, random_view: View, change: str) -> None:
    rows = corpus.rows
    other = {
        "text": Rows([rows.texts[0] + "!", *rows.texts[1:]], rows.negative, rows.brands),
        "label": Rows(rows.texts, np.append(~rows.negative[:1], rows.negative[1:]), rows.brands),
        "brand": Rows(rows.texts, rows.negative, np.append(["Nobody"], rows.brands[1:])),
    }[change]
    candidate = candidates(corpus, TINY)[0]
    changed = replace(corpus, rows=other)
    assert identity(candidate, corpus, random_view) != identity(candidate, changed, random_view)


def test_every_module_is_known_to_change_results_or_not() -> None:
    only_show = {
        "__init__", "choice", "command", "corpus", "display", "identity", "labelled", "pictures",
        "record", "report", "run", "tracking",
    }  # fmt: skip
    modules = {path.stem for path in Path(_folder(package)).glob("*.py")}
    assert modules - only_show == set(CODE["training.compare"])


def _folder(module: ModuleType) -> str:
    assert module.__file__ is not None
    return str(Path(module.__file__).parent)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TrackingError, match=r"file/store: cannot be written"):
        Tracking(str(tmp_path / "file" / "store"))


@pytest.mark.parametrize("place", ["file:///tmp/x", "postgresql://x/y"])
def test_a_place_that_is_none_is_told_what_to_give(place: str) -> None:
    with pytest.raises(TrackingError, match="give a folder, sqlite:///FILE, or http"):
        Tracking(place)


def test_a_server_that_is_not_there_is_named() -> None:
    with pytest.raises(TrackingError, match=r"http://127.0.0.1:9: MLflow cannot be used"):
        Tracking("http://127.0.0.1:9")


# Killed, and gone on with


def awaited(condition: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.05)


COMMAND = [sys.executable, "-m", "badbuzz", "train", "compare"]


@pytest.mark.slow
@pytest.mark.e2e
def test_a_killed_comparison_goes_on_at_the_missing_runs(simulated: Path, tmp_path: Path) -> None:
    command = [
        *COMMAND, "--data", str(simulated), "--tracking-uri", str(tmp_path),
        "--model", "tfidf-words*",
    ]  # fmt: skip
    Tracking(str(tmp_path))
    client = client_of(tmp_path)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    awaited(lambda: len(runs_of(client)) >= 2 or process.poll() is not None, "two runs")
    process.kill()
    assert process.wait() == -signal.SIGKILL
    kept = {run.info.run_id for run in runs_of(client)}
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    finished = runs_of(client)
    assert kept <= {run.info.run_id for run in finished}
    identities = [run.data.tags["badbuzz.identity"] for run in finished]
    assert len(identities) == len(set(identities)) == 10


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Callable[[], tuple[str, subprocess.Popen[bytes]]]]:
    """Starts an MLflow server on the same store, as often as it is called."""
    port = free_port()
    started: list[subprocess.Popen[bytes]] = []

    def start() -> tuple[str, subprocess.Popen[bytes]]:
        command = [
            sys.executable, "-m", "mlflow", "server", "--port", str(port), "--workers", "1",
            "--backend-store-uri", f"sqlite:///{tmp_path / 'server.db'}",
            "--artifacts-destination", str(tmp_path / "artifacts"),
        ]  # fmt: skip
        log = (tmp_path / "server.log").open("ab")
        process = subprocess.Popen(
            command, stdout=log, stderr=log, start_new_session=True, cwd=tmp_path
        )
        log.close()
        started.append(process)
        place = f"http://127.0.0.1:{port}"
        awaited(lambda: _answers(f"{place}/health"), "MLflow's server")
        return place, process

    yield start
    for process in started:
        _end(process)


def _answers(address: str) -> bool:
    try:
        return httpx.get(address).is_success
    except httpx.TransportError:
        return False


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class Killer(Silent):
    """Ends a server when the third model is about to learn."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._n = 0

    def trying(self, model: str) -> None:
        self._n += 1
        if self._n == 3:
            _end(self._process)


@pytest.mark.slow
def test_when_mlflow_dies_what_finished_is_kept(corpus: Corpus, server: Any) -> None:
    place, process = server()
    with pytest.raises(TrackingError, match="give the same command again"):
        compared(corpus, place, Killer(process))
    server()
    found = compared(corpus, place)
    assert [one.n_resumed for one in found] == [2, 0]
    assert [len(one.records) for one in found] == [3, 3]


class Filler(Silent):
    """Leaves files no room to grow when the third model is about to learn."""

    def __init__(self) -> None:
        self._n = 0

    def trying(self, model: str) -> None:
        self._n += 1
        if self._n == 3:
            _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (16_384, most))


@pytest.fixture
def room() -> Iterator[None]:
    """Files may grow again afterwards."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_when_the_disk_is_full_nothing_is_half_finished(
    corpus: Corpus, tmp_path: Path, room: None
) -> None:
    with pytest.raises(TrackingError, match="see that it runs and has room"):
        compared(corpus, str(tmp_path), Filler())
    finished = runs_of(client_of(tmp_path))
    assert len(finished) == 2
    for run in finished:
        assert (tmp_path / "artifacts" / run.info.run_id / "artifacts" / "scores.npz").exists()


# The command and its report


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(train, ["compare", *arguments])


def test_the_command_shows_a_table_a_choice_and_writes_a_report(
    simulated: Path, tmp_path: Path
) -> None:
    report = tmp_path / "report.html"
    result = invoke(
        "--data", str(simulated), "--model", "text, *", "--model", "tfidf-words*",
        "--tracking-uri", str(tmp_path / "store"), "--report", str(report),
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "choice: tfidf-words" in result.output
    assert "tfidf-words-svd, boosting " in result.output
    assert "choice: tfidf-words" in report.read_text().lower()


def test_a_report_needs_no_network_and_holds_no_text(
    corpus: Corpus, found: list[Comparison], tmp_path: Path
) -> None:
    path = tmp_path / "report.html"
    choices = [choose(one.records, 0.05) for one in found]
    write_report(path, found, choices, TINY, 0.05, "http://127.0.0.1")
    html = path.read_text()
    assert "src=" not in html
    assert not [text for text in corpus.rows.texts if len(text) > 20 and text in html]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (["--set", "airline"], SettingsError, "--set: names sets of a folder"),
        (["--model", "tfdif*"], SettingsError, r"--model tfdif\*: fits none of text, majority"),
        (["--report", "nowhere/report.html"], RecordingError, "there is no folder nowhere"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(
    simulated: Path, tmp_path: Path, arguments: list[str], error: type[BadbuzzError], message: str
) -> None:
    result = invoke("--data", str(simulated), "--tracking-uri", str(tmp_path / "s"), *arguments)
    with pytest.raises(error, match=message):
        raise result.exception or AssertionError(result.output)
