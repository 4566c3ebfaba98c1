"""Tests of the commands that retrain, without a server."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from tests.support.registered import local
from tests.training.retrain.own_rows import own_rows

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
    assert message in ran.output


@pytest.mark.parametrize(("more", "exit_code"), [((), 5), (("--without-corrections",), 7)])
def test_an_unreachable_store_or_registry_has_its_exit_code(
    more: tuple[str, ...], exit_code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    own = own_rows(tmp_path / "mine.jsonl")
    ran = local("train", "retrain", "--data", own, *more, BADBUZZ_MLFLOW_URI="http://127.0.0.1:9")
    assert ran.exit_code == exit_code, ran.output
    assert not (tmp_path / "badbuzz.db").exists()


def test_only_one_retraining_runs_at_a_time(tmp_path: Path) -> None:
    own = own_rows(tmp_path / "mine.jsonl")
    with own.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        ran = local("train", "retrain", "--data", own, "--without-corrections")
    assert ran.exit_code == 1
    assert "another retraining" in ran.output


def test_a_folder_with_other_files_is_refused_before_the_training(tmp_path: Path) -> None:
    own = own_rows(tmp_path / "mine.jsonl")
    (tmp_path / "card.json").write_text("{}")
    ran = local("train", "retrain", "--data", own, "--without-corrections", "-o", tmp_path)
    assert ran.exit_code == 1
    assert "mine.jsonl, which is not a file of a bundle" in ran.output
