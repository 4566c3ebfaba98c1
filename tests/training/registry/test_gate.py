"""The gate, the comparison on a recording and the served model, without a server."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson
import pytest
from sklearn.metrics import f1_score

from badbuzz.messages.text import example
from badbuzz.model import Alert
from badbuzz.models.scorer import Scorer
from tests.e2e.scenario import write_scenario
from tests.support.registered import SHIPPED, local, variant
from training.datasets.rows import Rows
from training.recipes.bundles import MAX_BYTES
from training.registry.gate import Check, examine, macro_f1_gain
from training.registry.register import SCORING_MODULES
from training.registry.replay import NEAR_MS, alert_changes

MINUTE_MS = 60_000


def labellings(n: int, error_rates: tuple[float, float]) -> tuple[np.ndarray, ...]:
    """Return random labels and two copies of them with errors at the given rates."""
    rng = np.random.default_rng(7)
    truth = rng.random(n) < 0.4
    return truth, *(truth ^ (rng.random(n) < rate) for rate in error_rates)


# The gate


def test_the_gain_is_the_difference_of_macro_f1() -> None:
    truth, first, other = labellings(500, (0.1, 0.2))
    by_sklearn = [f1_score(truth, labels, average="macro") for labels in (first, other)]
    assert macro_f1_gain(truth, first, other)[0] == pytest.approx(by_sklearn[0] - by_sklearn[1])


def test_the_interval_is_that_of_resampled_rows() -> None:
    truth, first, other = labellings(400, (0.15, 0.2))
    rng = np.random.default_rng(1)
    gains = []
    for _ in range(500):
        rows = rng.integers(0, len(truth), len(truth))
        scores = [f1_score(truth[rows], labels[rows], average="macro") for labels in (first, other)]
        gains.append(scores[0] - scores[1])
    assert macro_f1_gain(truth, first, other)[1:] == pytest.approx(
        np.percentile(gains, [2.5, 97.5]), abs=0.01
    )


@pytest.fixture(scope="module")
def rows() -> Rows:
    """Texts with the labels that the shipped bundle gives them."""
    texts = [f"{text} {i}" for i in range(100) for text in ("Lost my bag, again", "Lovely crew")]
    return Rows(texts, Scorer.load("airline-en").score(texts) >= 0.5, np.array([""] * len(texts)))


def checked(name: str, checks: list[Check]) -> Check:
    (named,) = (check for check in checks if check.name == name)
    return named


def test_an_equal_challenger_passes(rows: Rows) -> None:
    scorer = Scorer.load("airline-en")
    checks = examine(scorer, scorer, rows, n_bytes=1)
    assert checked("quality", checks).holds
    assert checked("golden inputs", checks).holds


def test_a_worse_challenger_fails(rows: Rows, tmp_path: Path) -> None:
    deaf = Scorer.load(str(variant(tmp_path / "deaf", threshold=0.999)))
    checks = examine(deaf, Scorer.load("airline-en"), rows, n_bytes=1)
    assert not checked("quality", checks).holds


def test_one_error_more_on_few_rows_does_not_pass(tmp_path: Path) -> None:
    champion = Scorer.load("airline-en")
    texts = ["Lost my bag, again", "Lovely crew"] * 20
    mild = "Where is my bag?"
    few = Rows([*texts, mild], np.array([*[True, False] * 20, True]), np.array([""] * 41))
    threshold = float(champion.score([mild])[0]) + 1e-4
    stricter = Scorer.load(str(variant(tmp_path / "stricter", threshold=threshold)))
    quality = checked("quality", examine(stricter, champion, few, n_bytes=1))
    assert not quality.holds, quality.found


def test_a_large_challenger_fails(rows: Rows) -> None:
    scorer = Scorer.load("airline-en")
    assert not checked("size", examine(scorer, None, rows, n_bytes=MAX_BYTES + 1)).holds


# Two bundles on one recording


def alert(opened_min: int, brand: str = "Air Paradis") -> Alert:
    return replace(
        example(), id=f"{brand}/{opened_min}", brand=brand, opened_ms=opened_min * MINUTE_MS
    )


def test_alerts_match_the_nearest_of_their_brand() -> None:
    far = 2 * NEAR_MS // MINUTE_MS
    before = [alert(0), alert(60), alert(far + 120)]
    after = [alert(0), alert(75), alert(60, "Nordwind")]
    changes = alert_changes(before, after)
    assert [(change.what, change.brand, change.moved_ms // MINUTE_MS) for change in changes] == [
        ("same", "Air Paradis", 0),
        ("moved", "Air Paradis", 15),
        ("gained", "Nordwind", 0),
        ("lost", "Air Paradis", 0),
    ]


@pytest.mark.slow
def test_a_challenger_without_negatives_loses_the_alerts_of_a_recording(tmp_path: Path) -> None:
    recording = write_scenario(tmp_path / "scenario", brands=2, tweets_per_day=1500)
    deaf = variant(tmp_path / "deaf", threshold=0.9999)
    options = ("--replay", recording, "--json", "--quiet")
    ran = local("models", "compare", "airline-en", deaf, *options)
    assert ran.exit_code == 0, ran.output
    result = orjson.loads(ran.output)
    whats = {row["what"] for row in result["alerts"]}
    assert "lost" in whats
    assert "gained" not in whats
    assert result["n_negative"][0] > result["n_negative"][1]


# What is served


def test_a_served_model_contains_every_module_that_scores(tmp_path: Path) -> None:
    package = tmp_path / "badbuzz"
    package.mkdir()
    for name in SCORING_MODULES:
        (package / name).parent.mkdir(exist_ok=True)
        shutil.copy(SHIPPED.parent / f"{name}.py", package / f"{name}.py")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); "
        f"import badbuzz.models.scorer as scorer;"
        f"assert scorer.__file__.startswith({str(tmp_path)!r});"
        f"scorer.Scorer.load({str(SHIPPED / 'airline-en')!r})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
