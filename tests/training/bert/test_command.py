"""The command, from a user's file to a conclusion."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result

from badbuzz.errors import BadbuzzError, BundleError, RecordingError, SettingsError
from training.commands import train

pytestmark = pytest.mark.filterwarnings("ignore:The ``noload``:DeprecationWarning")  # MLflow's own


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(train, ["bert", *arguments])


N_ROWS = 300


class CommandRun:
    """A run of the command with everything, twice over the same store."""

    def __init__(self, simulated: Path, encoder: Path, folder: Path) -> None:
        self.report = folder / "report.html"
        own = folder / "own.jsonl"
        rows = [orjson.loads(line) for line in simulated.read_bytes().splitlines()[:N_ROWS]]
        kept = [{"text": row["text"], "label": row["label"]} for row in rows]
        own.write_bytes(b"\n".join(map(orjson.dumps, kept)))
        arguments = (
            "--data", str(own), "--encoder", str(encoder), "--layers", "1", "--epochs", "1",
            "--distil", "--unlabelled", str(simulated), "--tracking-uri", str(folder / "store"),
        )  # fmt: skip
        first = invoke(*arguments, "--json", "--report", str(self.report))
        assert first.exit_code == 0, (first.output, first.exception)
        self.output: dict[str, Any] = orjson.loads(first.stdout)
        self.second = invoke(*arguments)
        assert self.second.exit_code == 0, (self.second.output, self.second.exception)


@pytest.fixture(scope="module")
def command_run(
    simulated: Path, tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> CommandRun:
    return CommandRun(simulated, tiny_folder, tmp_path_factory.mktemp("bert"))


def test_models_are_compared_with_the_champion_on_the_same_rows(command_run: CommandRun) -> None:
    (random,) = command_run.output["views"]
    models = random["models"]
    assert [model["kind"] for model in models] == ["champion", "frozen", "tuned", "distilled"]
    assert [model["gain"] is None for model in models] == [True, False, False, False]
    assert {sum(model["confusion"].values()) for model in models} == {models[0]["n_test"]}


def test_serving_is_measured_and_priced(command_run: CommandRun) -> None:
    costs = command_run.output["costs"]
    for cost in (costs["champion"], costs["encoder"]):
        assert min(cost["alone_ms"], cost["batch_us"], cost["size_mb"]) > 0
        assert cost["memory_mb"] < 500, "TensorFlow is loaded"
        assert [price["rate"] for price in cost["prices"]] == [10, 100, 1000]


def test_the_conclusion_is_a_sentence_with_reasons(command_run: CommandRun) -> None:
    assert command_run.output["answer"].split()[0].strip(":,") in {"No", "Hardly", "Yes", "It"}
    assert any("times the CPU time" in reason for reason in command_run.output["reasons"])
    assert sum("distilled" in reason for reason in command_run.output["reasons"]) == 1


def test_finished_runs_are_reused(command_run: CommandRun) -> None:
    assert "4 finished runs were reused" in command_run.second.output
    assert (
        f"{command_run.output['views'][0]['models'][2]['accuracy']:.3f}"
        in command_run.second.output
    )


def test_the_report_is_self_contained_and_has_no_texts(
    command_run: CommandRun, simulated: Path
) -> None:
    html = command_run.report.read_text()
    assert command_run.output["answer"] in html
    assert "src=" not in html
    texts = [orjson.loads(line)["text"] for line in simulated.read_bytes().splitlines()]
    assert not [text for text in texts if len(text) > 20 and text in html]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (["--unseen", "Nobody Air"], SettingsError, "--unseen Nobody Air: is none of the brands"),
        (["--encoder", "nowhere"], BundleError, "--encoder nowhere: there is no such folder"),
        (["--layers", "3"], SettingsError, "--layers 3: expected at most 2"),
        (["--report", "nowhere/r.html"], RecordingError, "there is no folder nowhere"),
    ],
)
def test_invalid_arguments_are_refused(
    simulated: Path,
    tiny_folder: Path,
    tmp_path: Path,
    arguments: list[str],
    error: type[BadbuzzError],
    message: str,
) -> None:
    result = invoke(
        "--data", str(simulated), "--encoder", str(tiny_folder), "--layers", "1",
        "--tracking-uri", str(tmp_path / "s"), *arguments,
    )  # fmt: skip
    with pytest.raises(error, match=message):
        raise result.exception or AssertionError(result.output)
