"""Frozen evaluation sets: the labelled texts on which a language's bundles are held to each other.

A set is a dataset of MLflow with its rows beside; the language's registered model names it in a
tag, by digest. It changes only where somebody says so.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import mlflow
import numpy as np
import orjson
import pandas as pd

from badbuzz.errors import RecordingError, RegistryError
from badbuzz.models.registry import Registry, model_name
from training.datasets.corpus import check_classes
from training.datasets.rows import Rows

EXPERIMENT: Final = "badbuzz-evaluation"
TAG: Final = "evaluation"
LEAST_ROWS: Final = 100
_FILE: Final = "evaluation.jsonl"


@dataclass(frozen=True)
class Frozen:
    """Where a set lies and what it is known by.

    Parameters
    ----------
    run_id
        Of the MLflow run that holds it.
    digest
        SHA-256 of its file, the first 16 hexadecimal digits.
    n, n_negative
        Its rows.
    frozen_ms
        When, Unix milliseconds.
    files
        What it was made of.
    """

    run_id: str
    digest: str
    n: int
    n_negative: int
    frozen_ms: int
    files: tuple[str, ...]


def distinct(rows: Rows) -> tuple[Rows, list[str]]:
    """Each text once, without those that are labelled both ways, and what was left out, in words.

    Examples
    --------
    >>> negative = np.array([True, True, True, False])
    >>> found, left = distinct(Rows(["late", "late", "hm", "hm"], negative, np.array([""] * 4)))
    >>> found.texts, left
    (['late'], ['1 copies were left out', '1 texts with two labels were left out'])
    """
    truths: dict[str, set[bool]] = {}
    for text, negative in zip(rows.texts, rows.negative.tolist(), strict=True):
        truths.setdefault(text.strip(), set()).add(negative)
    kept = {text: one.pop() for text, one in truths.items() if len(one) == 1}
    n_torn = len(truths) - len(kept)
    n_copies = sum(text.strip() in kept for text in rows.texts) - len(kept)
    found = Rows(list(kept), np.array(list(kept.values()), np.bool_), np.array([""] * len(kept)))
    notes = [
        f"{n:,} {what} were left out"
        for n, what in ((n_copies, "copies"), (n_torn, "texts with two labels"))
        if n
    ]
    return found, notes


def frozen(registry: Registry, language: str) -> Frozen | None:
    """The language's set, or None."""
    model = registry.find_model(language)
    told = model.tags.get(TAG) if model is not None else None
    if told is None:
        return None
    plain = orjson.loads(told)
    return Frozen(**{**plain, "files": tuple(plain["files"])})


def freeze(
    registry: Registry, language: str, rows: Rows, files: Sequence[str], *, replace: bool
) -> Frozen:
    """Make rows the set of a language.

    Raises
    ------
    RegistryError
        When it has one and ``replace`` is false, or the server refuses.
    RecordingError
        When there are fewer than 100 rows, or of one class.
    """
    before = frozen(registry, language)
    content = _pack(rows)
    digest = _digest(content)
    if before is not None and before.digest == digest:
        return before
    if before is not None and not replace:
        raise RegistryError(
            f"{model_name(language)}: has an evaluation set of {before.n} rows ({before.digest}); "
            "--replace gives it another, which earlier promotions were not held to"
        )
    if len(rows) < LEAST_ROWS:
        raise RecordingError(f"{len(rows)} rows tell nothing: give {LEAST_ROWS} or more")
    check_classes(", ".join(files), rows.negative)
    with registry.named_errors():
        run_id = _log(registry, language, rows, content)
    made = Frozen(
        run_id, digest, len(rows), int(rows.negative.sum()), time.time_ns() // 10**6, tuple(files)
    )
    name = model_name(language)
    if registry.find_model(language) is None:
        with registry.named_errors():
            registry.client.create_registered_model(name)
    with registry.named_errors():
        registry.client.set_registered_model_tag(name, TAG, orjson.dumps(asdict(made)).decode())
    return made


def _log(registry: Registry, language: str, rows: Rows, content: bytes) -> str:
    mlflow.set_tracking_uri(registry.uri)
    mlflow.set_experiment(EXPERIMENT)
    table = pd.DataFrame({"text": rows.texts, "negative": rows.negative})
    with mlflow.start_run(run_name=f"freeze-{language}") as run, TemporaryDirectory() as folder:
        dataset = mlflow.data.from_pandas(table, name=f"evaluation-{language}", targets="negative")
        mlflow.log_input(dataset, context="evaluation")
        path = Path(folder) / _FILE
        path.write_bytes(content)
        mlflow.log_artifact(str(path))
        found: str = run.info.run_id
        return found


def load(registry: Registry, found: Frozen) -> Rows:
    """The rows of a set, held to its digest.

    Raises
    ------
    RegistryError
        When they cannot be fetched, or are not what was frozen.
    """
    with registry.named_errors(), TemporaryDirectory() as folder:
        path = registry.client.download_artifacts(found.run_id, _FILE, folder)
        content = Path(path).read_bytes()
    if _digest(content) != found.digest:
        raise RegistryError(
            f"evaluation set {found.digest} of run {found.run_id} was changed: freeze it again "
            "with --replace"
        )
    plain = [orjson.loads(line) for line in content.splitlines()]
    negative = np.array([row["label"] == "negative" for row in plain])
    return Rows([row["text"] for row in plain], negative, np.array([""] * len(plain)))


def _pack(rows: Rows) -> bytes:
    lines = [
        orjson.dumps({"text": text, "label": "negative" if negative else "other"})
        for text, negative in zip(rows.texts, rows.negative.tolist(), strict=True)
    ]
    return b"\n".join(lines) + b"\n"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
