"""Five classifiers on any matrix: two linear ones and three of trees."""

from __future__ import annotations

from typing import Any, Final

import lightgbm
import numpy as np
from scipy import sparse
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from training.compare.fitted_classifier import Classify, FittedClassifier
from training.compare.prepared import Prepared, pickled_bytes
from training.compare.scale import Scale
from training.datasets.rows import N_THREADS, Floats

_LEAST: Final = 1e-3
_N_LEAVES: Final = 31
_RATE: Final = 0.1


def _logistic(prepared: Prepared, _: Scale) -> FittedClassifier:
    if sparse.issparse(prepared.inputs.train):
        return _linear(LogisticRegression(C=4.0, solver="liblinear", random_state=0), prepared)
    return _linear(make_pipeline(StandardScaler(), LogisticRegression(max_iter=300)), prepared)


def _ridge(prepared: Prepared, _: Scale) -> FittedClassifier:
    if sparse.issparse(prepared.inputs.train):
        return _linear(RidgeClassifier(solver="sparse_cg"), prepared)
    return _linear(make_pipeline(StandardScaler(), RidgeClassifier()), prepared)


def _linear(model: Any, prepared: Prepared) -> FittedClassifier:
    """Fit a linear model; dense columns are standardised, TF-IDF is normalised already."""
    model.fit(prepared.inputs.train, prepared.negative.train)
    return FittedClassifier(model.decision_function, pickled_bytes(model), fitted_model=model)


def _lightgbm(prepared: Prepared, scale: Scale) -> FittedClassifier:
    options = {
        "objective": "binary", "num_leaves": _N_LEAVES, "learning_rate": _RATE,
        "num_threads": N_THREADS, "seed": 0, "deterministic": True,
        "force_row_wise": True, "verbosity": -1,
    }  # fmt: skip
    rows = lightgbm.Dataset(prepared.inputs.train, prepared.negative.train.astype(np.float32))
    model = lightgbm.train(options, rows, num_boost_round=scale.n_trees)
    return FittedClassifier(
        lambda inputs: np.asarray(model.predict(inputs, raw_score=True), np.float64),
        len(model.model_to_string()),
    )


def _boosting(prepared: Prepared, scale: Scale) -> FittedClassifier:
    model = HistGradientBoostingClassifier(
        max_iter=scale.n_trees, learning_rate=_RATE, max_leaf_nodes=_N_LEAVES,
        early_stopping=False, random_state=0,
    )  # fmt: skip
    model.fit(prepared.inputs.train, prepared.negative.train)
    return FittedClassifier(model.decision_function, pickled_bytes(model))


def _forest(prepared: Prepared, scale: Scale) -> FittedClassifier:
    model = RandomForestClassifier(
        n_estimators=scale.n_trees, min_samples_leaf=2, n_jobs=N_THREADS, random_state=0
    )
    model.fit(prepared.inputs.train, prepared.negative.train)

    def logits(inputs: Any) -> Floats:
        share = np.clip(model.predict_proba(inputs)[:, 1], _LEAST, 1 - _LEAST)
        logits: Floats = np.log(share / (1 - share))
        return logits

    return FittedClassifier(logits, pickled_bytes(model))


LINEAR: Final[dict[str, Classify]] = {"logistic": _logistic, "ridge": _ridge}
TREES: Final[dict[str, Classify]] = {
    "lightgbm": _lightgbm, "boosting": _boosting, "forest": _forest,
}  # fmt: skip
