"""The command and its report."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from badbuzz.errors import BadbuzzError, RecordingError, SettingsError
from tests.training.compare.small import TINY
from training.commands import train
from training.compare.choice import choose
from training.compare.comparison import Comparison
from training.compare.report import write_report
from training.datasets.corpus import Corpus

pytestmark = pytest.mark.filterwarnings("ignore:The ``noload``:DeprecationWarning")  # MLflow's own


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


def test_a_report_is_self_contained_and_has_no_texts(
    corpus: Corpus, comparisons: list[Comparison], tmp_path: Path
) -> None:
    path = tmp_path / "report.html"
    choices = [choose(comparison.records, 0.05) for comparison in comparisons]
    write_report(path, comparisons, choices, TINY, 0.05, "http://127.0.0.1")
    html = path.read_text()
    assert "src=" not in html
    assert not [text for text in corpus.rows.texts if len(text) > 20 and text in html]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (["--set", "airline"], SettingsError, "--set: names sets of a folder"),
        (["--model", "tfdif*"], SettingsError, r"--model tfdif\*: matches none of text, majority"),
        (["--report", "nowhere/report.html"], RecordingError, "there is no folder nowhere"),
    ],
)
def test_invalid_arguments_are_refused(
    simulated: Path, tmp_path: Path, arguments: list[str], error: type[BadbuzzError], message: str
) -> None:
    result = invoke("--data", str(simulated), "--tracking-uri", str(tmp_path / "s"), *arguments)
    with pytest.raises(error, match=message):
        raise result.exception or AssertionError(result.output)
