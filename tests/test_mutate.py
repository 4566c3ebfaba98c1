"""Tests of the mutation test."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutate import EQUIVALENT, read_equivalent, sample
from tests.support.mutants import mutants

MODULE = '''"""A module."""


def is_full(n: int) -> bool:
    """Tell whether n is at least 3."""
    return n >= 3


def spare(n: int) -> int:
    """Subtract n from 8.

    Examples
    --------
    >>> spare(3)
    5
    """
    return 8 - n
'''
TEST = """from badbuzz.model import is_full


def test_full() -> None:
    assert is_full(9)
    assert not is_full(0)
"""


@pytest.mark.parametrize(
    ("statement", "changes"),
    [
        ("a = 3", ["3 -> 4", "3 -> 2"]),
        ("a = 0.5", ["0.5 -> 0.55", "0.5 -> 0.45"]),
        ("a = True", ["True -> False"]),
        ("a = b < c <= d", ["< -> <=", "<= -> <"]),
        ("a = b and c and d", ["and -> or", "and -> or"]),
        ("a = b * (c - d)", ["* -> /", "- -> +"]),
        ("def f(): return a", ["a -> None"]),
        ("a = 'é' + b", ["+ -> -"]),
        ("a: Literal[1] = b", []),
        ("@dataclass(frozen=True)\nclass A: pass", []),
        ("a = zip(b, c, strict=True)", []),
    ],
)
def test_a_mutant_replaces_a_token_that_runs(statement: str, changes: list[str]) -> None:
    names = [mutant.name for mutant in mutants("m.py", statement)]
    assert [name.split(" ", 2)[2].rpartition(" #")[0] for name in names] == changes


def test_a_mutant_differs_in_its_token_alone() -> None:
    source = "a = 'é', b < 2\n"
    changed = [mutant.apply(source) for mutant in mutants("m.py", source)]
    assert changed == ["a = 'é', b <= 2\n", "a = 'é', b < 3\n", "a = 'é', b < 1\n"]


def test_names_survive_an_edit_of_another_function() -> None:
    before = {mutant.name for mutant in mutants("m.py", MODULE)}
    after = {mutant.name for mutant in mutants("m.py", f"def f(n): return n + 9\n{MODULE}")}
    assert before < after


def test_a_seed_draws_the_same_sample_again() -> None:
    assert sample(30, 1, set()) == sample(30, 1, set())
    assert sample(30, 1, set()) != sample(30, 2, set())


def test_every_listed_equivalent_mutant_exists_and_has_a_reason() -> None:
    reasons = read_equivalent(EQUIVALENT.read_text(encoding="utf-8"))
    sample(1, 1, set(reasons))
    assert all(reasons.values())


def write_project(tmp_path: Path) -> None:
    """Write a project of one pure module with one test, and the mutation test."""
    for name in ("badbuzz", "dashboards", "demo", "producers", "tests/badbuzz", "tests/support"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("badbuzz", "tests", "tests/badbuzz", "tests/support"):
        (tmp_path / name / "__init__.py").touch()
    (tmp_path / "pyproject.toml").write_text(
        '[tool.pytest.ini_options]\naddopts = "--doctest-modules"\n'
    )
    (tmp_path / ".importlinter").write_text(
        "[importlinter:contract:pure]\nsource_modules = badbuzz.model\n"
    )
    (tmp_path / "badbuzz" / "model.py").write_text(MODULE)
    (tmp_path / "tests" / "badbuzz" / "test_model.py").write_text(TEST)
    (tmp_path / "tests" / EQUIVALENT.name).write_text(
        "badbuzz/model.py is_full 3 -> 4 #1 | an example of a reason\n"
    )
    for name in ("mutate.py", "support/mutants.py", "support/pure.py"):
        shutil.copy(Path(__file__).parent / name, tmp_path / "tests" / name)


@pytest.mark.slow
def test_survivors_are_named_and_results_are_kept(tmp_path: Path) -> None:
    write_project(tmp_path)

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "tests.mutate", "--json"],
            cwd=tmp_path,
            env={"PYTHONPATH": str(tmp_path), "PATH": ""},
            capture_output=True,
            text=True,
            check=False,
        )

    first = run()
    report = json.loads(first.stdout)
    report["survivors"].sort()
    assert report == {
        "n": 7,
        "killed": pytest.approx(5 / 7),
        "survivors": [
            "badbuzz/model.py is_full 3 -> 2 #1",
            "badbuzz/model.py is_full >= -> > #1",
        ],
    }
    assert first.returncode == 1
    results = tmp_path / "build" / "mutants.jsonl"
    kept = results.read_text()
    assert run().stdout == first.stdout
    assert results.read_text() == kept
