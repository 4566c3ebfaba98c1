"""Identity of a run: recipe, rows, splits and training code."""

from __future__ import annotations

import platform
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from typing import Final

import orjson

from training.compare.candidates import Candidate
from training.compare.views import View
from training.datasets.corpus import Corpus

CODE: Final = {
    "badbuzz.features": ("hashing", "tokens"),
    "training.datasets": ("duplicates", "rows"),
    "training.recipes": ("linear", "quality"),
    "training.compare": (
        "baselines", "candidates", "classifiers", "embeddings", "figures", "fitted_classifier",
        "lexical", "networks", "prepared", "run", "scale", "views",
    ),
}  # fmt: skip
"""Modules that determine a run: after a change of one, every model is fitted again."""

LIBRARIES: Final = ("gensim", "lightgbm", "numpy", "scikit-learn", "scipy", "tensorflow")


def identity(candidate: Candidate, corpus: Corpus, view: View) -> str:
    """Return a hash that equal runs share."""
    parts = {
        "model": candidate.name,
        "params": candidate.params,
        "data": corpus.digest,
        "splits": view.digest,
        "code": code_version(),
    }
    return sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


@cache
def code_version() -> str:
    """Return a hash of the modules in :data:`CODE` and the versions of their libraries."""
    return hash_code(CODE, LIBRARIES)


def hash_code(modules: Mapping[str, Sequence[str]], libraries: Sequence[str]) -> str:
    """Return a hash of modules by package, and of the versions of Python and of libraries."""
    digest = sha256(platform.python_version().rpartition(".")[0].encode())
    for package, names in modules.items():
        for name in names:
            digest.update(files(package).joinpath(f"{name}.py").read_bytes())
    for library in libraries:
        digest.update(f"{library} {version(library)} ".encode())
    return digest.hexdigest()[:16]


@cache
def git_revision() -> str:
    """Return the commit of the checkout, with ``-dirty`` if it is changed; empty without one."""
    git = shutil.which("git")
    if git is None:
        return ""
    here = str(files("training"))
    tracked = _output(git, "-C", here, "ls-files", "--error-unmatch", "__init__.py")
    described = ("describe", "--always", "--exclude=*", "--abbrev=40", "--dirty")
    return _output(git, "-C", here, *described) if tracked else ""


def _output(*command: str) -> str:
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    return process.stdout.strip() if process.returncode == 0 else ""
