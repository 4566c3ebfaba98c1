"""Runs in MLflow, in a folder or on a server."""

from __future__ import annotations

import logging
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson

from badbuzz.errors import TrackingError
from training.compare.candidates import Candidate
from training.compare.figures import by_fold, figures, worst
from training.compare.fitted_classifier import Curve
from training.compare.pictures import draw
from training.compare.record import Record
from training.compare.run import Outcome

_SCORES: Final = "scores.npz"
_CURVE: Final = "curve.json"
_IDENTITY: Final = "badbuzz.identity"
_FOLD: Final = "fold/"
_INVALID: Final = re.compile(r"[^\w\-. /]", re.ASCII)
"""Characters that MLflow does not accept in the name of a metric."""
_PAGE: Final = 1000
_RETRIES: Final = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}


class Tracking:
    """The store of runs in MLflow.

    Parameters
    ----------
    place
        ``http://…`` of a server, ``sqlite:///FILE``, or a folder, in which a store is created.

    Raises
    ------
    TrackingError
        When the store cannot be used.
    """

    def __init__(self, place: str) -> None:
        for name, value in _RETRIES.items():
            os.environ.setdefault(name, value)
        self._place = place
        uri, self._artifacts = _located(place)
        mlflow = import_module("mlflow")  # takes seconds, which only a comparison needs
        self._entities = import_module("mlflow.entities")
        self._failure: type[Exception] = import_module("mlflow.exceptions").MlflowException
        for name in ("mlflow", "alembic"):
            logging.getLogger(name).setLevel(logging.WARNING)
        with self._named_errors():
            self._client: Any = mlflow.MlflowClient(uri)
            self._client.search_experiments(max_results=1)

    def experiment(self, name: str) -> str:
        """Return the id of the named experiment; create it if it does not exist."""
        with self._named_errors():
            experiment = self._client.get_experiment_by_name(name)
            if experiment is None:
                return str(self._client.create_experiment(name, self._artifacts))
            if experiment.lifecycle_stage != "active":
                raise TrackingError(
                    f"{self._place}: experiment {name!r} was deleted: restore it with "
                    f"mlflow experiments restore --experiment-id {experiment.experiment_id}"
                )
            return str(experiment.experiment_id)

    def finished(self, experiment: str) -> dict[str, str]:
        """Return the finished run of each identity."""
        run_ids: dict[str, str] = {}
        token = None
        with self._named_errors():
            while True:
                page = self._client.search_runs(
                    [experiment], "attributes.status = 'FINISHED'", max_results=_PAGE,
                    page_token=token,
                )  # fmt: skip
                for run in page:
                    if _IDENTITY in run.data.tags:
                        run_ids.setdefault(run.data.tags[_IDENTITY], run.info.run_id)
                token = page.token
                if not token:
                    return run_ids

    def load(self, run_id: str, candidate: Candidate) -> Record:
        """Load a finished run."""
        with self._named_errors(), tempfile.TemporaryDirectory() as folder:
            metrics = self._client.get_run(run_id).data.metrics
            file = self._client.download_artifacts(run_id, _SCORES, folder)
            with np.load(file) as arrays:
                scores, negative = arrays["scores"].astype(np.float64), arrays["negative"]
            curve = None
            if any(one.path == _CURVE for one in self._client.list_artifacts(run_id)):
                path = Path(self._client.download_artifacts(run_id, _CURVE, folder))
                curve = Curve(**{k: tuple(v) for k, v in orjson.loads(path.read_bytes()).items()})
        return _record(run_id, candidate, metrics, scores, negative, curve)

    def save(
        self,
        experiment: str,
        candidate: Candidate,
        outcome: Outcome,
        *,
        tags: Mapping[str, str],
        identity: str,
        folds: Sequence[str],
        texts: Sequence[str],
        started_ms: int,
        ended_ms: int,
    ) -> Record:
        """Log a run; it is marked as finished last, so that an incomplete run is never reused."""
        by_name = {_FOLD + _INVALID.sub("_", k): v for k, v in by_fold(outcome, folds).items()}
        metrics = figures(outcome) | by_name
        params = {
            "features": candidate.features, "classifier": candidate.classifier, **candidate.params
        }  # fmt: skip
        run_id = ""
        with tempfile.TemporaryDirectory() as folder, self._named_errors():
            _write(Path(folder), outcome, texts)
            try:
                run = self._client.create_run(
                    experiment, started_ms, {**tags, _IDENTITY: identity}, candidate.name
                )
                run_id = run.info.run_id
                self._client.log_batch(
                    run_id,
                    [self._entities.Metric(k, v, ended_ms, 0) for k, v in metrics.items()],
                    [self._entities.Param(k, str(v)) for k, v in params.items()],
                )
                self._client.log_artifacts(run_id, folder)
                self._client.set_terminated(run_id, "FINISHED", ended_ms)
            except BaseException:
                with suppress(self._failure, OSError):
                    if run_id:
                        self._client.set_terminated(run_id, "FAILED")
                raise
        scores = outcome.scores.astype(np.float32).astype(np.float64)
        return _record(run_id, candidate, metrics, scores, outcome.negative, outcome.curve)

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except (self._failure, OSError) as error:
            reason = str(error).partition("\n")[0]
            raise TrackingError(
                f"{self._place}: MLflow cannot be used ({reason}): check that it runs and "
                "has room, then give the same command again: finished runs are kept"
            ) from error


def _located(place: str) -> tuple[str, str | None]:
    """Return MLflow's URI of a place, and the URI of its artifacts; None for a server's own."""
    if place.startswith(("http://", "https://")):
        return place, None
    if "://" in place or place.startswith("sqlite:"):
        if not place.startswith("sqlite:///"):
            raise TrackingError(
                f"{place}: give a folder, sqlite:///FILE, or http://… of an MLflow server"
            )
        file = Path(place.removeprefix("sqlite:///"))
        folder = file.parent
    else:
        folder = Path(place)
        file = folder / "mlflow.db"
    try:
        (folder / "artifacts").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrackingError(f"{folder}: cannot be written: {error.strerror}") from error
    return f"sqlite:///{file.resolve()}", (folder / "artifacts").resolve().as_uri()


def _write(folder: Path, outcome: Outcome, texts: Sequence[str]) -> None:
    """Write the files of a run."""
    draw(outcome, folder)
    errors = [error.as_json() for error in worst(outcome, texts)]
    (folder / "errors.json").write_bytes(orjson.dumps(errors, option=orjson.OPT_INDENT_2))
    np.savez_compressed(
        folder / _SCORES,
        rows=outcome.rows,
        folds=outcome.folds,
        negative=outcome.negative,
        scores=outcome.scores.astype(np.float32),
    )
    if outcome.curve is not None:
        (folder / _CURVE).write_bytes(orjson.dumps(asdict(outcome.curve)))


def _record(
    run_id: str,
    candidate: Candidate,
    metrics: Mapping[str, float],
    scores: Any,
    negative: Any,
    curve: Curve | None,
) -> Record:
    return Record(
        run_id=run_id,
        features=candidate.features,
        classifier=candidate.classifier,
        figures={k: v for k, v in metrics.items() if not k.startswith(_FOLD)},
        folds={k.removeprefix(_FOLD): v for k, v in metrics.items() if k.startswith(_FOLD)},
        scores=scores,
        negative=negative,
        curve=curve,
    )
