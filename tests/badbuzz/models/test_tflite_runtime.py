"""The shipped bundles score the same on tflite-runtime, in an environment of its own."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from badbuzz.models.scorer import Scorer
from producers.airlines import build_airlines
from producers.simulate import Simulation
from tests.support.servers import ROOT, lacking

pytestmark = [pytest.mark.slow, pytest.mark.services, pytest.mark.timeout(600)]

REQUIREMENTS = ROOT / "requirements" / "tflite-runtime.txt"
ENVIRONMENT = ROOT / ".venv-tflite"
SCORE = """
import sys
import numpy, orjson
from badbuzz.models.scorer import Scorer
texts_of = orjson.loads(sys.stdin.buffer.read())
scores = {name: Scorer.load(name).raw(texts).tolist() for name, texts in texts_of.items()}
runtimes = [name for name in ("tflite_runtime", "ai_edge_litert") if name in sys.modules]
answer = {"scores": scores, "runtimes": runtimes, "numpy": numpy.__version__}
sys.stdout.buffer.write(orjson.dumps(answer))
"""


@pytest.fixture(scope="module")
def python() -> Path:
    """The Python of an environment that holds tflite-runtime instead of ai-edge-litert."""
    if sys.version_info[:2] != (3, 11):
        pytest.skip("tflite-runtime has no wheels for Python 3.12 and later")
    interpreter = ENVIRONMENT / "bin" / "python"
    stamp = ENVIRONMENT / "installed"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return interpreter
    venv.create(ENVIRONMENT, clear=True, with_pip=True)
    install = [str(interpreter), "-m", "pip", "install", "--quiet", "--require-hashes", "-r"]
    done = subprocess.run(
        [*install, str(REQUIREMENTS)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        lacking(f"tflite-runtime cannot be installed: {done.stderr[-500:]}", "REQUIRE_SERVICES")
    stamp.write_text(wanted)
    return interpreter


@pytest.fixture(scope="module")
def texts() -> dict[str, list[str]]:
    """A thousand texts of our own for each bundle, the golden ones first."""
    chosen = {}
    for name, language in (("airline-en", "en"), ("tweets-fr", "fr")):
        golden = files("badbuzz").joinpath("bundles", name, "golden.json").read_bytes()
        simulation = Simulation(
            build_airlines(2), start_ms=0, n_days=1, incidents=(), seed=5, languages=(language,)
        )
        simulated = [written.tweet.text for written in simulation.run()]
        chosen[name] = [*(case["text"] for case in orjson.loads(golden)), *simulated][:1000]
    return chosen


@pytest.fixture(scope="module")
def output(python: Path, texts: dict[str, list[str]]) -> dict[str, Any]:
    """Scores and versions of that environment."""
    done = subprocess.run(
        [python, "-W", "error", "-c", SCORE],
        input=orjson.dumps(texts),
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    answer: dict[str, Any] = orjson.loads(done.stdout)
    return answer


def test_it_is_the_other_runtime_with_numpy_1(output: dict[str, Any]) -> None:
    assert output["runtimes"] == ["tflite_runtime"]
    assert output["numpy"].startswith("1.")


@pytest.mark.parametrize("name", ["airline-en", "tweets-fr"])
def test_scores_are_equal_to_a_hundred_thousandth(
    output: dict[str, Any], texts: dict[str, list[str]], name: str
) -> None:
    assert len(texts[name]) == 1000
    np.testing.assert_allclose(
        output["scores"][name], Scorer.load(name).raw(texts[name]), atol=1e-5
    )
