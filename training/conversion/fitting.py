"""A candidate that is fitted to all rows but those that calibrate it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from badbuzz.errors import BundleError, RecordingError
from training.compare.candidates import Candidate, features_of
from training.compare.fitted_classifier import FittedClassifier
from training.compare.networks import NETWORKS, keras
from training.compare.prepared import Experiment, Prepared
from training.compare.scale import Scale
from training.compare.views import FoldRows
from training.datasets.corpus import Corpus
from training.datasets.rows import Flags, Floats, hashed_folds
from training.recipes.bundles import N_COMPARED
from training.recipes.quality import Calibrated


@dataclass(frozen=True)
class FittedCandidate:
    """A fitted candidate.

    Parameters
    ----------
    prepared, classifier, calibrated
        Features, classifier and calibration.
    kept_texts, kept_negative, kept_scores
        Rows that were not trained on, their labels, and their scores by the model.
    learnt_texts
        Texts that were trained on, additional data included.
    compared_texts, compared_scores
        A thousand of all rows, and their scores by the model.
    """

    candidate: Candidate
    prepared: Prepared
    classifier: FittedClassifier
    calibrated: Calibrated
    kept_texts: Sequence[str]
    kept_negative: Flags
    kept_scores: Floats
    learnt_texts: Sequence[str]
    compared_texts: Sequence[str]
    compared_scores: Floats


class CandidateFitter:
    """Fits candidates to one corpus, in turn.

    A tenth of the rows is not trained on, near-duplicates together. It calibrates scores, gives
    class means, ends the training of networks, and accuracy is measured on it.

    Raises
    ------
    RecordingError
        When the rows cannot be divided so that both parts have both classes.
    """

    def __init__(self, corpus: Corpus, scale: Scale) -> None:
        self.corpus = corpus
        self.scale = scale
        self._experiment = Experiment(corpus.rows, features_of(corpus), scale)
        kept = hashed_folds(corpus.groups, 1)[0].inner == 0
        for part in (kept, ~kept):
            n_negative = int(corpus.rows.negative[part].sum())
            if not 0 < n_negative < part.sum():
                raise RecordingError(
                    f"{corpus.name}: a tenth is held out, and a part has {n_negative} "
                    f"negative rows of {part.sum()}: give more rows, and fewer copies"
                )
        step = max(len(corpus.rows) // N_COMPARED, 1)
        compared = np.arange(len(corpus.rows))[::step][:N_COMPARED]
        self._fold = FoldRows("all", np.flatnonzero(~kept), np.flatnonzero(kept), compared)

    def fit(self, candidate: Candidate) -> FittedCandidate:
        """Fit a candidate.

        Raises
        ------
        BundleError
            When it scores negative rows no higher than others.
        """
        if candidate.classifier in NETWORKS:
            keras()
        prepared = self._experiment.prepared(self._fold, candidate.features)
        classifier = candidate.classify(prepared, self.scale)
        negative = prepared.negative.validation
        logits = np.asarray(classifier.logits(prepared.inputs.validation), np.float64)
        calibrated = Calibrated.of(logits, negative, identity=classifier.untrained)
        if not calibrated.m1 > calibrated.m0:
            raise BundleError(
                f"{candidate.name}: scores negative rows no higher than others: give more rows"
            )
        compared = np.asarray(classifier.logits(prepared.inputs.test), np.float64)
        texts = self.corpus.rows.texts
        return FittedCandidate(
            candidate,
            prepared,
            classifier,
            calibrated,
            [texts[place] for place in self._fold.validation],
            negative,
            calibrated.scores(logits),
            [*(texts[place] for place in self._fold.train), *classifier.additional_texts],
            [texts[place] for place in self._fold.test],
            calibrated.scores(compared),
        )
