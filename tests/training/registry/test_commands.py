"""Commands on a real registry: register, promote, roll back, pull, serve."""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pytest

from badbuzz.errors import BundleError, RegistryError
from badbuzz.models.registry import CHALLENGER, CHAMPION, PROMOTED_TAG, Registry
from badbuzz.models.scorer import Scorer
from demo.processes import free_port
from tests.support.mlflow_server import MlflowServer
from tests.support.registered import (
    SHIPPED,
    Ran,
    command,
    crown,
    put,
    put_broken,
    put_unchecked,
    variant,
)
from tests.support.stream import CommandProcess, await_that
from training.registry.heldout_sets import find_heldout, load
from training.registry.promotion import promote, roll_back
from training.registry.register import check_parity

pytestmark = [pytest.mark.services, pytest.mark.slow]

WORDS = (("Lost my bag and nobody answers", "negative"), ("Lovely crew, thank you", "positive"))


def labelled(path: Path, n: int = 60) -> Path:
    """Write two sentences in n variations each."""
    rows = [{"text": f"{text} {i}", "label": label} for i in range(n) for text, label in WORDS]
    path.write_bytes(b"\n".join(orjson.dumps(row) for row in rows))
    return path


def test_a_bundle_becomes_a_challenger_once(registry: Registry, tmp_path: Path) -> None:
    bundle = variant(tmp_path / "one")
    version = put(registry, bundle)
    assert put(registry, bundle) == version
    assert version.aliases == (CHALLENGER,)
    assert version.bundle == Scorer.load(str(bundle)).version
    assert version.tags["auc"] == str(Scorer.load(str(bundle)).card["quality"]["auc"]["mean"])


def test_a_bundle_that_is_broken_is_not_registered(registry: Registry, tmp_path: Path) -> None:
    bundle = variant(tmp_path / "broken")
    (bundle / "golden.json").write_bytes(b'[{"text": "Lost my bag", "score": 0.1}]')
    with pytest.raises(BundleError, match="golden"):
        put(registry, bundle)
    assert registry.languages() == []


def test_a_stored_model_with_other_scores_is_refused(registry: Registry, tmp_path: Path) -> None:
    put(registry, variant(tmp_path / "one"))
    texts = pd.DataFrame({"text": [text for text, _ in WORDS]})
    stored = "models:/badbuzz-sentiment-en/1"
    check_parity(stored, texts, Scorer.load("airline-en"))
    with pytest.raises(BundleError, match="has other scores"):
        check_parity(stored, texts, Scorer.load("tweets-fr"))


def test_a_champion_is_promoted_replaced_and_rolled_back(
    registry: Registry, tmp_path: Path
) -> None:
    def run(*arguments: object) -> Ran:
        return command(registry, *arguments)

    good, deaf = variant(tmp_path / "good"), variant(tmp_path / "deaf", threshold=0.999)
    put(registry, good)
    refused = run("models", "promote", "en")
    assert refused.exit_code == RegistryError.exit_code
    assert "none is frozen" in refused.output
    made = run("train", "freeze-eval", labelled(tmp_path / "rows.jsonl"), "--language", "en")
    assert made.output.startswith("120 rows, 60 negative"), made.output
    assert run("models", "promote", "en", "--who", "ann").exit_code == 0
    put(registry, deaf)
    worse = run("models", "promote", "en")
    assert worse.exit_code == RegistryError.exit_code
    assert "FAILS  quality" in worse.output
    assert "--reason is required" in run("models", "promote", "en", "--force").output
    forced = run("models", "promote", "en", "--force", "--reason", "a try", "--who", "bob")
    assert forced.exit_code == 0, forced.output
    assert run("models", "rollback", "en", "--reason", "deaf", "--who", "ann").exit_code == 0
    shown = orjson.loads(run("models", "show", "en", "--json").output)
    assert shown["version"]["number"] == 1
    names = ("what", "before", "after", "who", "why", "forced")
    assert [tuple(event[name] for name in names) for event in shown["events"]] == [
        ("promote", None, 1, "ann", "", False),
        ("promote", 1, 2, "bob", "a try", True),
        ("rollback", 2, 1, "ann", "deaf", False),
    ]
    assert all(event["evaluation"] for event in shown["events"][:2])
    listed = orjson.loads(run("models", "list", "--json").output)["versions"]
    assert [(version["number"], version["aliases"]) for version in listed] == [
        (1, [CHAMPION]),
        (2, []),
    ]


def test_a_heldout_set_is_replaced_only_on_request(registry: Registry, tmp_path: Path) -> None:
    first, second = labelled(tmp_path / "a.jsonl"), labelled(tmp_path / "b.jsonl", n=70)
    for rows, replace, exit_code in ((first, (), 0), (second, (), 7), (second, ("--replace",), 0)):
        ran = command(registry, "train", "freeze-eval", rows, "--language", "en", *replace)
        assert ran.exit_code == exit_code, ran.output


def test_a_heldout_set_that_was_changed_is_refused(registry: Registry, tmp_path: Path) -> None:
    command(registry, "train", "freeze-eval", labelled(tmp_path / "a.jsonl"), "--language", "en")
    heldout = find_heldout(registry, "en")
    assert heldout is not None
    other = labelled(tmp_path / "evaluation.jsonl", n=61)
    registry.client.log_artifact(heldout.run_id, str(other))
    with pytest.raises(RegistryError, match="was changed"):
        load(registry, heldout)


def test_a_pulled_bundle_equals_the_registered_one(registry: Registry, tmp_path: Path) -> None:
    version = put(registry, variant(tmp_path / "one"))
    pulled = command(registry, "models", "pull", "en", "challenger", "-o", tmp_path / "out")
    assert pulled.exit_code == 0, pulled.output
    assert Scorer.load(str(tmp_path / "out")).version == version.bundle


@pytest.mark.parametrize(
    ("card", "message"),
    [({}, "files are those of"), ({"languages": ["fr"]}, "validated on fr only")],
)
def test_files_that_differ_from_the_registered_ones_are_refused(
    card: dict[str, Any], message: str, registry: Registry, tmp_path: Path
) -> None:
    version = put_unchecked(registry, variant(tmp_path / "one", **card), "other@1")
    with pytest.raises(BundleError, match=message):
        registry.fetch(version, tmp_path / "out")


def test_a_rollback_to_a_broken_bundle_is_refused(registry: Registry, tmp_path: Path) -> None:
    good = put(registry, variant(tmp_path / "good"))
    broken = put_broken(registry, tmp_path / "broken")
    for version in (broken, good):
        promote(registry, version, [], digest="0" * 64, who="ann")
    with pytest.raises(BundleError):
        roll_back(registry, "en", who="ann", why="a try")
    champion = registry.find_version("en")
    assert champion is not None
    assert champion.number == good.number


def test_a_rollback_to_files_that_were_not_promoted_is_refused(
    registry: Registry, tmp_path: Path
) -> None:
    changed = put_unchecked(registry, variant(tmp_path / "changed"), "")
    good = put(registry, variant(tmp_path / "good"))
    for version in (changed, good):
        promote(registry, version, [], digest="0" * 64, who="ann")
    with pytest.raises(BundleError, match="not those that were promoted: badbuzz models promote"):
        roll_back(registry, "en", who="ann", why="a try")
    champion, refused = (registry.find_version("en", which) for which in (CHAMPION, "1"))
    assert champion is not None
    assert refused is not None
    assert (champion.number, refused.tags[PROMOTED_TAG]) == (good.number, "0" * 64)


def test_a_champion_whose_files_were_replaced_is_promoted_again(
    registry: Registry, tmp_path: Path
) -> None:
    version = put(registry, variant(tmp_path / "one"))
    promote(registry, version, [], digest="0" * 64, who="ann")
    arguments = ("models", "promote", "en", "1", "--force", "--reason", "replaced on purpose")
    ran = command(registry, *arguments)
    assert "is the champion already" not in ran.output
    champion = registry.find_version("en")
    assert champion is not None
    scorer, _ = registry.fetch(champion, tmp_path / "out")
    registry.check_promoted(champion, scorer)
    assert "is the champion already" in command(registry, *arguments).output


def test_versions_survive_a_restart(
    registry: Registry, mlflow_server: MlflowServer, tmp_path: Path
) -> None:
    version = put(registry, variant(tmp_path / "one"))
    crown(registry, version)
    mlflow_server.stop()
    mlflow_server.start()
    champion = registry.find_version("en")
    assert champion is not None
    scorer, _ = registry.fetch(champion, tmp_path / "out")
    assert scorer.version == version.bundle


def answer(url: str, texts: list[str]) -> Any:
    body = orjson.dumps({"inputs": {"text": texts}})
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as response:
        return orjson.loads(response.read())["predictions"]


def listens(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def test_mlflow_serves_a_registered_bundle(registry: Registry, tmp_path: Path) -> None:
    version = put(registry, SHIPPED / "airline-en")
    crown(registry, version)
    port = free_port()
    programs = Path(sys.executable).parent
    model = f"models:/badbuzz-sentiment-en@{CHAMPION}"
    arguments = ["models", "serve", "-m", model, "-p", str(port), "--env-manager", "local"]
    environ = {
        "MLFLOW_TRACKING_URI": registry.uri,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",  # MLflow looks for uvicorn there
    }
    server = CommandProcess([str(programs / "mlflow"), *arguments], environ, tmp_path / "serve.log")
    try:
        url = f"http://127.0.0.1:{port}"
        await_that(lambda: listens(f"{url}/ping") or not server.running, "the model's server")
        assert server.running, server.log_text()
        texts = [text for text, _ in WORDS]
        expected = Scorer.load("airline-en").predict(texts)
        labels = ["negative", "other"]
        assert answer(f"{url}/invocations", texts) == [
            {"score": verdict.score, "label": label, "bundle": version.bundle}
            for verdict, label in zip(expected, labels, strict=True)
        ], server.log_text()
    finally:
        server.close()
