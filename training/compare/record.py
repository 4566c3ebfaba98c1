"""The record of a finished run, for tables and reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from training.compare.fitted_classifier import Curve
from training.datasets.rows import Flags, Floats


@dataclass(frozen=True)
class Record:
    """One model in one view of one corpus.

    Parameters
    ----------
    run_id
        Run id of MLflow.
    features, classifier
        Names of features and classifier.
    figures, folds
        Results of :func:`training.compare.figures.figures` and ``by_fold``.
    scores, negative
        Scores and labels of the test rows, in the same order for every model of the view.
    curve
        Learning curve of a network, or None.
    """

    run_id: str
    features: str
    classifier: str
    figures: Mapping[str, float]
    folds: Mapping[str, float]
    scores: Floats
    negative: Flags
    curve: Curve | None

    @property
    def model(self) -> str:
        """Name of the model in tables."""
        return f"{self.features}, {self.classifier}"
