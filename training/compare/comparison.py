"""Comparison of every model in every view of every corpus; finished runs are reused."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from threadpoolctl import threadpool_limits

from badbuzz import __version__
from badbuzz.errors import SettingsError
from training.compare.candidates import Candidate, candidates, features_of
from training.compare.identity import code_version, git_revision, identity
from training.compare.networks import NETWORKS, keras
from training.compare.prepared import Experiment, Features
from training.compare.record import Record
from training.compare.run import fit_and_score
from training.compare.scale import Scale
from training.compare.tracking import Tracking
from training.compare.views import View, views
from training.datasets.corpus import Corpus
from training.datasets.rows import N_THREADS


class Progress(Protocol):
    """Receives the progress of a comparison."""

    def begin(self, corpus: str, view: str, n_folds: int) -> None:
        """Start the progress of a view with its number of fits."""

    def trying(self, model: str) -> None:
        """Start the fit of a model."""

    def step(self, n_folds: int = 1) -> None:
        """Add a number of finished fits."""


@dataclass(frozen=True)
class Comparison:
    """The runs of one view of one corpus.

    Parameters
    ----------
    corpus, view
        Corpus and view of the runs.
    records
        A record for each model.
    n_resumed
        Number of runs reused from an earlier comparison.
    """

    corpus: Corpus
    view: View
    records: tuple[Record, ...]
    n_resumed: int


def compare(
    corpora: Sequence[Corpus],
    scale: Scale,
    tracking: Tracking,
    progress: Progress,
    models: Sequence[str] = (),
) -> list[Comparison]:
    """Compare models on every corpus.

    Parameters
    ----------
    models
        Patterns such as ``tfidf-*`` of the models to compare; all of them when empty.

    Raises
    ------
    SettingsError
        When a pattern fits no model.
    RecordingError
        When a corpus cannot be trained on.
    TrackingError
        When MLflow cannot be used; what finished before is kept.
    """
    sampled = [corpus.sample(scale.most_rows).checked() for corpus in corpora]
    chosen = [
        [one for one in candidates(corpus, scale) if not models or one.matches(models)]
        for corpus in sampled
    ]
    for pattern in models:
        if not any(one.matches([pattern]) for group in chosen for one in group):
            names = ", ".join(one.name for one in candidates(sampled[0], scale))
            raise SettingsError(f"--model {pattern}: matches none of {names}")
    with threadpool_limits(N_THREADS):
        return [
            compare_view(corpus, view, group, features_of(corpus), scale, tracking, progress)
            for corpus, group in zip(sampled, chosen, strict=True)
            for view in views(corpus, scale)
        ]


def compare_view(
    corpus: Corpus,
    view: View,
    chosen: Sequence[Candidate],
    features: dict[str, Features],
    scale: Scale,
    tracking: Tracking,
    progress: Progress,
) -> Comparison:
    """Compare the chosen models in one view; finished runs are loaded."""
    experiment_id = tracking.experiment(f"badbuzz compare {corpus.name}")
    finished = tracking.finished(experiment_id)
    experiment = Experiment(corpus.rows, features, scale)
    progress.begin(corpus.name, view.name, len(chosen) * len(view.folds))
    records = []
    n_resumed = 0
    for candidate in chosen:
        run_identity = identity(candidate, corpus, view)
        if run_identity in finished:
            records.append(tracking.load(finished[run_identity], candidate))
            progress.step(len(view.folds))
            n_resumed += 1
            continue
        progress.trying(candidate.name)
        if candidate.classifier in NETWORKS:
            keras()  # its import must not count as training time
        started_ms = time.time_ns() // 1_000_000
        outcome = fit_and_score(candidate, view, experiment, progress.step)
        record = tracking.save(
            experiment_id,
            candidate,
            outcome,
            tags=_tags(corpus, view, scale),
            identity=run_identity,
            folds=[fold.name for fold in view.folds],
            texts=corpus.rows.texts,
            started_ms=started_ms,
            ended_ms=time.time_ns() // 1_000_000,
        )
        records.append(record)
    return Comparison(corpus, view, tuple(records), n_resumed)


def _tags(corpus: Corpus, view: View, scale: Scale) -> dict[str, str]:
    return {
        "badbuzz.set": corpus.name,
        "badbuzz.view": view.name,
        "badbuzz.scale": scale.name,
        "badbuzz.language": corpus.language,
        "badbuzz.n_rows": str(len(corpus.rows)),
        "badbuzz.data": corpus.digest,
        "badbuzz.splits": view.digest,
        "badbuzz.code": code_version(),
        "badbuzz.version": __version__,
        "mlflow.source.git.commit": git_revision() or "unknown",
    }
