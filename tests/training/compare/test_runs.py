"""Runs in MLflow, and comparisons that resume after a kill."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import mlflow
import numpy as np
import pytest

from badbuzz.errors import TrackingError
from demo.processes import free_port
from tests.training.compare.small import TINY, Silent, compared
from training import compare as package
from training.compare.candidates import candidates
from training.compare.comparison import Comparison, compare
from training.compare.identity import CODE, identity
from training.compare.tracking import Tracking
from training.compare.views import View, views
from training.datasets.corpus import Corpus
from training.datasets.rows import Rows

pytestmark = pytest.mark.filterwarnings("ignore:The ``noload``:DeprecationWarning")  # MLflow's own


def client_of(store: Path) -> Any:
    return mlflow.MlflowClient(f"sqlite:///{store / 'mlflow.db'}")


def runs_of(client: Any, corpus: str = "own.jsonl", status: str = "FINISHED") -> list[Any]:
    experiment = client.get_experiment_by_name(f"badbuzz compare {corpus}")
    if experiment is None:
        return []
    return list(client.search_runs([experiment.experiment_id], f"attributes.status = '{status}'"))


def test_a_run_has_figures_and_pictures(comparisons: list[Comparison], store: Path) -> None:
    client = client_of(store)
    record = comparisons[0].records[-1]
    run = client.get_run(record.run_id)
    assert {
        "accuracy", "macro_f1", "f1_negative", "auc", "average_precision", "ece",
        "share_bias_plain_0.2", "share_bias_adjusted_0.8", "train_cpu_s", "score_cpu_us",
        "n_bytes", "fold/accuracy of fold 0",
    } <= run.data.metrics.keys()  # fmt: skip
    assert run.data.params["features"] == record.features
    assert run.data.tags["badbuzz.data"] == comparisons[0].corpus.digest
    assert {artifact.path for artifact in client.list_artifacts(record.run_id)} == {
        "calibration.png", "confusion.png", "errors.json", "precision-recall.png", "roc.png",
        "scores.npz",
    }  # fmt: skip


def test_finished_runs_are_reused(
    corpus: Corpus, comparisons: list[Comparison], store: Path
) -> None:
    again = compared(corpus, str(store))
    for before, after in zip(comparisons, again, strict=True):
        assert after.n_resumed == len(after.records)
        for old, other in zip(before.records, after.records, strict=True):
            assert (old.run_id, old.figures, old.folds) == (
                other.run_id, other.figures, other.folds,
            )  # fmt: skip
            np.testing.assert_array_equal(old.scores, other.scores)


@pytest.mark.slow
def test_the_learning_curve_of_a_network_is_saved(corpus: Corpus, store: Path) -> None:
    model = ("word2vec-mean, dense",)
    once, again = (
        compare([corpus], TINY, Tracking(str(store)), Silent(), model)[0].records[0]
        for _ in range(2)
    )
    assert once.curve == again.curve is not None
    paths = {artifact.path for artifact in client_of(store).list_artifacts(once.run_id)}
    assert "learning.png" in paths


def test_an_unfinished_run_is_not_reused(corpus: Corpus, tmp_path: Path) -> None:
    tracking = Tracking(str(tmp_path))
    candidate = next(
        offered for offered in candidates(corpus, TINY) if offered.name == "text, majority"
    )
    own = identity(candidate, corpus, views(corpus, TINY)[0])
    experiment = tracking.experiment("badbuzz compare own.jsonl")
    client_of(tmp_path).create_run(experiment, tags={"badbuzz.identity": own})
    assert tracking.finished(experiment) == {}


@pytest.mark.parametrize("change", ["text", "label", "brand"])
def test_other_rows_give_another_identity(corpus: Corpus, random_view: View, change: str) -> None:
    rows = corpus.rows
    other = {
        "text": Rows([rows.texts[0] + "!", *rows.texts[1:]], rows.negative, rows.brands),
        "label": Rows(rows.texts, np.append(~rows.negative[:1], rows.negative[1:]), rows.brands),
        "brand": Rows(rows.texts, rows.negative, np.append(["Nobody"], rows.brands[1:])),
    }[change]
    candidate = candidates(corpus, TINY)[0]
    changed = replace(corpus, rows=other)
    assert identity(candidate, corpus, random_view) != identity(candidate, changed, random_view)


def test_every_module_is_listed_as_changing_results_or_not() -> None:
    without_effect = {
        "__init__", "choice", "command", "comparison", "display", "identity", "pictures", "record",
        "report", "tracking",
    }  # fmt: skip
    modules = {path.stem for path in Path(_folder(package)).glob("*.py")}
    assert modules - without_effect == set(CODE["training.compare"])


def _folder(module: ModuleType) -> str:
    assert module.__file__ is not None
    return str(Path(module.__file__).parent)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TrackingError, match=r"file/store: cannot be written"):
        Tracking(str(tmp_path / "file" / "store"))


@pytest.mark.parametrize("place", ["file:///tmp/x", "postgresql://x/y"])
def test_an_invalid_store_address_is_refused(place: str) -> None:
    with pytest.raises(TrackingError, match="give a folder, sqlite:///FILE, or http"):
        Tracking(place)


def test_an_unreachable_server_is_named() -> None:
    with pytest.raises(TrackingError, match=r"http://127.0.0.1:9: MLflow cannot be used"):
        Tracking("http://127.0.0.1:9")


# Resuming after a kill


def awaited(condition: Callable[[], bool], what: str, seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"timed out waiting for {what}"
        time.sleep(0.05)


COMMAND = [sys.executable, "-m", "badbuzz", "train", "compare"]


@pytest.mark.slow
@pytest.mark.e2e
def test_a_killed_comparison_resumes_with_the_missing_runs(simulated: Path, tmp_path: Path) -> None:
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
    """Return a function that starts an MLflow server on the same store."""
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
    """Ends a server before the third model is fitted."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._n = 0

    def trying(self, model: str) -> None:
        self._n += 1
        if self._n == 3:
            _end(self._process)


@pytest.mark.slow
def test_finished_runs_are_kept_when_mlflow_ends(corpus: Corpus, server: Any) -> None:
    place, process = server()
    with pytest.raises(TrackingError, match="give the same command again"):
        compared(corpus, place, Killer(process))
    server()
    comparisons = compared(corpus, place)
    assert [comparison.n_resumed for comparison in comparisons] == [2, 0]
    assert [len(comparison.records) for comparison in comparisons] == [3, 3]


class Filler(Silent):
    """Limits the size of files before the third model is fitted."""

    def __init__(self) -> None:
        self._n = 0

    def trying(self, model: str) -> None:
        self._n += 1
        if self._n == 3:
            _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (16_384, most))


@pytest.fixture
def room() -> Iterator[None]:
    """Restore the limit of the size of files."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_full_disk_leaves_only_complete_runs_finished(
    corpus: Corpus, tmp_path: Path, room: None
) -> None:
    with pytest.raises(TrackingError, match="check that it runs and has room"):
        compared(corpus, str(tmp_path), Filler())
    finished = runs_of(client_of(tmp_path))
    assert len(finished) == 2
    for run in finished:
        assert (tmp_path / "artifacts" / run.info.run_id / "artifacts" / "scores.npz").exists()
