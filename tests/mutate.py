"""Mutation test of the pure packages: ``python -m tests.mutate``.

A mutant is a copy of the tree in which one token differs: a constant, an operator, a boolean or a
returned value. The tests of its mirror file and the doctests of its module must fail, which kills
it. A sample of the mutants is drawn by a seed; it changes little when the code does. Results are
kept under build/, so that an interrupted run resumes and an unchanged module is not tested again.

mutmut and cosmic-ray draw no seeded sample and do not run each module's own tests.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from hashlib import sha256
from pathlib import Path
from queue import SimpleQueue
from typing import Final

import click
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

from tests.support.mutants import Mutant, mutants
from tests.support.pure import pure_files

ROOT: Final = Path(__file__).resolve().parents[1]
EQUIVALENT: Final = Path(__file__).with_name("equivalent_mutants.txt")
RESULTS: Final = ROOT / "build" / "mutants.jsonl"
COPIED: Final = ("badbuzz", "dashboards", "demo", "producers", "tests")
MIN_KILLED: Final = 0.85
_PATIENCE_S: Final = 1200.0  # for tests of a module without mutation


def sample(size: int, seed: int, equivalent: set[str]) -> list[Mutant]:
    """Return a sample of the mutants of the pure packages, without the equivalent ones.

    Parameters
    ----------
    size
        Number of mutants.
    seed
        The mutants are those with the least hashes of seed and name: an edit of one function
        changes little of the sample.
    equivalent
        Names of mutants that behave as the original does.
    """
    every = [
        mutant
        for path in pure_files()
        for mutant in mutants(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
    ]
    names = {mutant.name for mutant in every}
    if stale := equivalent - names:
        raise click.ClickException(f"{EQUIVALENT.name} lists no mutant: {min(stale)}")
    left = [mutant for mutant in every if mutant.name not in equivalent]
    return sorted(left, key=lambda mutant: _digest(f"{seed} {mutant.name}"))[:size]


def read_equivalent(text: str) -> dict[str, str]:
    """Return the reason for each mutant of the list of equivalent ones.

    Examples
    --------
    >>> read_equivalent("# comment\\nm.py f 1 -> 2 #1 | it is clipped to 1\\n")
    {'m.py f 1 -> 2 #1': 'it is clipped to 1'}
    """
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {name.strip(): reason.strip() for name, _, reason in (x.partition("|") for x in lines)}


def _digest(text: str) -> str:
    """Return the SHA-256 of a text."""
    return sha256(text.encode()).hexdigest()


def mirror(path: str) -> list[str]:
    """Return the paths that test a module: its mirror files or else its folder's, and itself.

    The mirror files of ``fold.py`` are ``test_fold.py`` and ``test_fold_*.py``, except those of
    other modules, as ``test_baseline_file.py`` is of ``baseline_file.py``.

    Examples
    --------
    >>> mirror("badbuzz/detection/baseline.py")
    ['tests/badbuzz/detection/test_baseline.py', 'badbuzz/detection/baseline.py']
    """
    module = Path(path)
    folder = ROOT / "tests" / module.parent
    tests = [
        test
        for pattern in (f"test_{module.stem}.py", f"test_{module.stem}_*.py")
        for test in sorted(folder.glob(pattern))
        if test.stem == f"test_{module.stem}"
        or not (ROOT / module.parent / test.name.removeprefix("test_")).exists()
    ]
    tests = tests or list(folder.parent.glob(f"test_{folder.name}.py"))
    tests = tests or sorted(folder.glob("test_*.py"))
    return [*(test.relative_to(ROOT).as_posix() for test in tests), path]


def key(mutant: Mutant) -> str:
    """Return the key of a mutant's result: it changes with the module and with its tests."""
    texts = [(ROOT / path).read_text(encoding="utf-8") for path in mirror(mutant.path)]
    return _digest("\n".join([mutant.name, *texts]))


class Trees:
    """Copies of the repository in which mutants are tested, one for each worker.

    Parameters
    ----------
    folder
        A temporary folder.
    n_workers
        Number of copies.
    """

    def __init__(self, folder: Path, n_workers: int) -> None:
        self._free: SimpleQueue[Path] = SimpleQueue()
        for number in range(n_workers):
            tree = folder / str(number) / "tree"
            for name in COPIED:
                ignore = shutil.ignore_patterns("__pycache__")
                shutil.copytree(ROOT / name, tree / name, ignore=ignore)
            shutil.copy(ROOT / "pyproject.toml", tree)
            if (ROOT.parent / "shared").exists():
                (tree.parent / "shared").symlink_to(ROOT.parent / "shared")
            self._free.put(tree)

    def seconds(self, path: str) -> float:
        """Return how long a module's tests take without mutation; fail if they do not pass."""
        begin_s = time.monotonic()
        if not self.passes(path, None, _PATIENCE_S):
            raise click.ClickException(f"the tests of {path} fail without a mutation")
        return time.monotonic() - begin_s

    def passes(self, path: str, mutant: Mutant | None, limit_s: float) -> bool:
        """Return whether a module's tests pass in time, on a mutant or on the tree as it is."""
        tree = self._free.get()
        source = "" if mutant is None else (ROOT / mutant.path).read_text(encoding="utf-8")
        try:
            if mutant is not None:
                (tree / mutant.path).write_text(mutant.apply(source), encoding="utf-8")
            return _pytest(tree, mirror(path), limit_s)
        finally:
            if mutant is not None:
                (tree / mutant.path).write_text(source, encoding="utf-8")
            self._free.put(tree)


def _pytest(tree: Path, paths: list[str], limit_s: float) -> bool:
    """Return whether pytest passes in a tree; a run past the time limit fails."""
    environ = {
        **os.environ,
        "CI": "1",  # Hypothesis repeats its examples
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(tree),
    }
    command = [
        sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider",
        "-p", "pytest_timeout", "-p", "_hypothesis_pytestplugin", *paths,
    ]  # fmt: skip
    try:
        done = subprocess.run(
            command, cwd=tree, env=environ, capture_output=True, timeout=limit_s, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode in (0, 5)  # 5: a module without tests


def kept() -> dict[str, bool]:
    """Return the results of earlier runs: for each key, whether the mutant was killed."""
    lines = RESULTS.read_text(encoding="utf-8").splitlines() if RESULTS.exists() else []
    return {row["key"]: row["killed"] for row in map(json.loads, lines)}


def run_all(chosen: list[Mutant], n_workers: int, console: Console) -> dict[str, bool]:
    """Test the mutants without a result, and return for each name whether it was killed.

    Parameters
    ----------
    chosen
        The mutants.
    n_workers
        Number of mutants tested at once.
    console
        Console that shows the progress.
    """
    results = kept()
    keys = {mutant.name: key(mutant) for mutant in chosen}
    left = [mutant for mutant in chosen if keys[mutant.name] not in results]
    RESULTS.parent.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="badbuzz-mutants-") as folder,
        ThreadPoolExecutor(n_workers) as pool,
        RESULTS.open("a", encoding="utf-8") as kept_results,
        Progress(*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn(),
                 console=console) as progress,
    ):  # fmt: skip
        trees = Trees(Path(folder), n_workers)
        paths = sorted({mutant.path for mutant in left})
        limits_s = {
            path: 60 + 10 * seconds
            for path, seconds in zip(paths, pool.map(trees.seconds, paths), strict=True)
        }
        bar = progress.add_task("mutants", total=len(chosen), completed=len(chosen) - len(left))
        runs = {
            pool.submit(trees.passes, mutant.path, mutant, limits_s[mutant.path]): mutant
            for mutant in left
        }
        for run in as_completed(runs):
            name = runs[run].name
            results[keys[name]] = not run.result()
            row = {"key": keys[name], "killed": results[keys[name]], "mutant": name}
            kept_results.write(json.dumps(row) + "\n")
            kept_results.flush()
            progress.advance(bar)
            if not console.is_terminal:
                console.print("killed  " if row["killed"] else "survived", name, highlight=False)
    return {name: results[keys[name]] for name in keys}


@click.command()
@click.option("--size", default=300, show_default=True, help="Number of mutants.")
@click.option("--seed", default=1, show_default=True, help="Seed of the sample.")
@click.option("--workers", default=2, show_default=True, help="Mutants tested at once.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def main(size: int, seed: int, workers: int, as_json: bool) -> None:
    """Test mutants of the pure packages; exit with 1 if fewer than 85 % are killed."""
    equivalent = read_equivalent(EQUIVALENT.read_text(encoding="utf-8"))
    chosen = sample(size, seed, set(equivalent))
    killed = run_all(chosen, workers, Console(stderr=True))
    survivors = [name for name, dead in killed.items() if not dead]
    share = 1 - len(survivors) / len(killed)
    if as_json:
        click.echo(json.dumps({"n": len(killed), "killed": share, "survivors": survivors}))
    else:
        click.echo("\n".join([*survivors, f"{share:.1%} of {len(killed)} mutants were killed"]))
    sys.exit(share < MIN_KILLED)


if __name__ == "__main__":
    main()
