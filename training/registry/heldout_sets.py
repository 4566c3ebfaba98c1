"""Held-out sets: the labelled texts on which the bundles of a language are compared.

A set is an MLflow dataset with its rows as an artifact. A tag of the language's registered model
names the set by digest. It changes only with ``--replace``.
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
MIN_ROWS: Final = 100
_FILE: Final = "evaluation.jsonl"


@dataclass(frozen=True)
class HeldoutSet:
    """Held-out set of a language.

    Parameters
    ----------
    run_id
        MLflow run that has the rows as an artifact.
    digest
        SHA-256 of the rows' file, the first 16 hexadecimal digits.
    n, n_negative
        Number of rows and of negative rows.
    frozen_ms
        Time of freezing, Unix milliseconds.
    files
        Files that the rows were read from.
    """

    run_id: str
    digest: str
    n: int
    n_negative: int
    frozen_ms: int
    files: tuple[str, ...]


def distinct(rows: Rows) -> tuple[Rows, list[str]]:
    """Return each text once, without texts that have both labels, and notes on dropped rows.

    Examples
    --------
    >>> negative = np.array([True, True, True, False])
    >>> rows, notes = distinct(Rows(["late", "late", "hm", "hm"], negative, np.array([""] * 4)))
    >>> rows.texts, notes
    (['late'], ['1 copies were skipped', '1 texts with two labels were skipped'])
    """
    truths = rows.labels_by(str.strip)
    kept = {text: labels.pop() for text, labels in truths.items() if len(labels) == 1}
    n_contradictory = len(truths) - len(kept)
    n_copies = sum(text.strip() in kept for text in rows.texts) - len(kept)
    once = Rows(list(kept), np.array(list(kept.values()), np.bool_), np.array([""] * len(kept)))
    notes = [
        f"{n:,} {what} were skipped"
        for n, what in ((n_copies, "copies"), (n_contradictory, "texts with two labels"))
        if n
    ]
    return once, notes


def find_heldout(registry: Registry, language: str) -> HeldoutSet | None:
    """Return the held-out set of a language, or None."""
    model = registry.find_model(language)
    tag = model.tags.get(TAG) if model is not None else None
    if tag is None:
        return None
    plain = orjson.loads(tag)
    return HeldoutSet(**{**plain, "files": tuple(plain["files"])})


def freeze(
    registry: Registry, language: str, rows: Rows, files: Sequence[str], *, replace: bool
) -> HeldoutSet:
    """Make rows the held-out set of a language.

    Raises
    ------
    RegistryError
        The language has a set and ``replace`` is false, or the server refuses.
    RecordingError
        There are fewer than 100 rows, or too few of a class.
    """
    before = find_heldout(registry, language)
    content = _pack(rows)
    digest = _digest(content)
    if before is not None and before.digest == digest:
        return before
    if before is not None and not replace:
        raise RegistryError(
            f"{model_name(language)}: has a held-out set of {before.n} rows ({before.digest}); "
            "use --replace to replace it: earlier promotions were not checked on the new one"
        )
    if len(rows) < MIN_ROWS:
        raise RecordingError(f"{len(rows)} rows are too few: give {MIN_ROWS} or more")
    check_classes(", ".join(files), rows.negative)
    with registry.named_errors():
        run_id = _log(registry, language, rows, content)
    heldout = HeldoutSet(
        run_id, digest, len(rows), int(rows.negative.sum()), time.time_ns() // 10**6, tuple(files)
    )
    name = model_name(language)
    if registry.find_model(language) is None:
        with registry.named_errors():
            registry.client.create_registered_model(name)
    with registry.named_errors():
        registry.client.set_registered_model_tag(name, TAG, orjson.dumps(asdict(heldout)).decode())
    return heldout


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
        run_id: str = run.info.run_id
        return run_id


def load(registry: Registry, heldout: HeldoutSet) -> Rows:
    """Fetch the rows of a set and check their digest.

    Raises
    ------
    RegistryError
        The rows cannot be fetched, or their digest is wrong.
    """
    with registry.named_errors(), TemporaryDirectory() as folder:
        path = registry.client.download_artifacts(heldout.run_id, _FILE, folder)
        content = Path(path).read_bytes()
    if _digest(content) != heldout.digest:
        raise RegistryError(
            f"held-out set {heldout.digest} of run {heldout.run_id} was changed: freeze it again "
            "with --replace"
        )
    return Rows.of([orjson.loads(line) for line in content.splitlines()])


def _pack(rows: Rows) -> bytes:
    lines = [
        orjson.dumps({"text": text, "label": "negative" if negative else "other"})
        for text, negative in zip(rows.texts, rows.negative.tolist(), strict=True)
    ]
    return b"\n".join(lines) + b"\n"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
