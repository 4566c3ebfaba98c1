"""README's "Your own models" works as written, from simulated rows to what people corrected."""

from __future__ import annotations

import re
import shlex
import warnings
from collections.abc import Callable
from pathlib import Path
from random import Random

import orjson
import pytest

from badbuzz.errors import RegistryDownError
from badbuzz.models.registry import CHALLENGER, CHAMPION, Registry
from badbuzz.models.scorer import Scorer
from badbuzz.store.database import Store
from tests.support.feedback import feedback
from tests.support.mlflow_server import MlflowServer
from tests.support.registered import Ran, crown, local
from tests.support.servers import ROOT
from tests.training.retrain.own_rows import own_rows
from training.datasets.labelled import ReadOptions
from training.retrain.base import read_base
from training.retrain.run import prepare_data, read_snapshot, retrain

pytestmark = [pytest.mark.services, pytest.mark.slow, pytest.mark.timeout(900)]

_SERVER = "http://127.0.0.1:5000"
_WORDS = tuple(
    f"{first}{second}"
    for first in ("var", "lum", "tep", "rog", "mis", "dal", "kor", "fen", "bol", "sut")
    for second in ("ina", "oto", "eka", "uru", "abi", "elo", "omi", "ara", "ise", "unde")
)


def written() -> list[str]:
    """Return the commands of README's section, one per line."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.partition("\n## Your own models\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```sh\n(.*?)^```", section, re.DOTALL | re.MULTILINE)
    return "".join(blocks).replace("\\\n", " ").splitlines()


class Shell:
    """Runs lines as a shell would, in this process: TensorFlow takes seconds to import."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._environ: dict[str, str] = {}

    def __call__(self, line: str) -> Ran:
        line = line.replace("$BADBUZZ_MLFLOW_URI", self._environ.get("BADBUZZ_MLFLOW_URI", ""))
        program, *arguments = shlex.split(line, comments=True)
        if program == "export":
            name, _, value = arguments[0].partition("=")
            self._environ[name] = value.replace(_SERVER, self._uri)
            return Ran(0, "")
        assert program == "badbuzz", line
        return local(*arguments, **self._environ)


def add_corrections(n: int = 200) -> None:
    """Add corrections with two invented words, one negative and one not, to a new store."""
    draw = Random(7)
    with Store.open("sqlite:///badbuzz.db") as store:
        for number in range(n):
            right = number % 2 == 0
            text = f"{'jinxed' if right else 'charmed'} {' '.join(draw.sample(_WORDS, 5))}"
            by = ("ann", "bob", "cleo")[number % 3]
            store.add_feedback(feedback("ok", text=text, by=by, ground_truth=right))


def flood() -> None:
    """Add a thousand wrong corrections of one person."""
    draw = Random(8)
    with Store.open("sqlite:///badbuzz.db") as store:
        for number in range(1000):
            text = f"charmed {' '.join(draw.sample(_WORDS, 6))}"
            store.add_feedback(feedback("ok", text=text, by="eve", ground_truth=True, at_ms=number))


def line_of(part: str) -> str:
    """Return the command of README that contains a text."""
    (line,) = [line for line in written() if part in line]
    return line


def test_own_models_from_rows_to_a_champion_retrained_on_corrections(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    add_corrections()
    shell = Shell(registry.uri)
    transcript = ""
    for line in written():
        ran = shell(line)
        transcript += f"$ {line}\n{ran.output}"
        assert ran.exit_code == 0, transcript
    champion = registry.find_version("en", CHAMPION)
    assert champion is not None
    assert champion.number == 2, transcript
    again = shell("badbuzz train retrain --data mine.jsonl --promote-if-better --json")
    result = orjson.loads(again.output.splitlines()[-1])
    assert (result["known"], result["promoted"], result["version"]) == (True, False, 2)
    assert shell("badbuzz models rollback en --reason 'a try'").exit_code == 0
    assert "was champion before" in shell(line_of("retrained.html")).output
    flood()
    poisoned = shell("badbuzz train retrain --data mine.jsonl --json")
    result = orjson.loads(poisoned.output.splitlines()[-1])
    (eve,) = [author for author in result["authors"] if author["name"] == "eve"]
    assert (eve["n_learnt"] + eve["n_held"], eve["n_left"]) == (200, 800)
    lines = [orjson.loads(line) for line in Path("quarantine-en.jsonl").read_bytes().splitlines()]
    assert {(line["by"], line["reason"]) for line in lines} == {("eve", "cap")}
    assert len(lines) == 800


def test_a_killed_server_loses_no_version(
    registry: Registry, mlflow_server: MlflowServer, tmp_path: Path
) -> None:
    base = read_base([str(own_rows(tmp_path / "mine.jsonl"))], ReadOptions(lang="en"))
    snapshot = read_snapshot(registry, "en", tmp_path)
    data = prepare_data(base, [], snapshot, 200, shipped=False)
    out = tmp_path / "new-en"

    def dying(n_steps: int) -> Callable[[], None]:
        mlflow_server.stop()
        return lambda: None

    try:
        with pytest.raises(RegistryDownError, match="run this again"):
            retrain(registry, data, snapshot, out, None, dying)
    finally:
        mlflow_server.start()
    assert registry.versions("en") == []
    trained = Scorer.load(str(out)).version
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those between MLflow and pandas
        outcome = retrain(registry, data, snapshot, out, None, lambda _: lambda: None)
    assert (outcome.known, outcome.version.number, outcome.bundle) == (False, 1, trained)
    registry.client.delete_registered_model_alias("badbuzz-sentiment-en", CHALLENGER)  # a kill
    retrain(registry, data, snapshot, None, None, lambda _: lambda: None)
    assert registry.find_version("en", CHALLENGER) == outcome.version
    crown(registry, outcome.version)
    late = retrain(registry, data, snapshot, None, "ann", lambda _: lambda: None)
    assert (late.promoted, late.why_not[:20]) == (False, "the champion changed")
