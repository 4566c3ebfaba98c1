"""Conversion of a fitted model to a graph, with the difference of its scores and its speed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import orjson

from badbuzz.errors import BundleError
from badbuzz.features.featurisers import build_featuriser
from badbuzz.models.scorer import GOLDEN_TOLERANCE, Graph
from training.conversion.fitting import FittedCandidate
from training.conversion.forms import Form, form_of
from training.recipes.graph import FORMATS, convert
from training.recipes.quality import measure
from training.recipes.shipped import N_ROWS

_BATCH: Final = 256
_N_ROUNDS: Final = 3
_STEP: Final = 16
_WIDEST: Final = 2048


@dataclass(frozen=True)
class Converted:
    """A converted model in one number format.

    Parameters
    ----------
    model
        Name of the candidate.
    numbers
        Number format, one of :data:`training.recipes.graph.FORMATS`.
    network, config
        Contents of ``model.tflite`` and ``featuriser.json``.
    gap, mean_gap
        Largest and mean difference between a score and the model's, on a thousand rows.
    quality
        Figures of its scores on the held-out rows.
    source_accuracy
        Accuracy of the model on these rows.
    tweets_per_s
        Tweets per second of CPU time, featuriser included, in batches of 256; most words are in the
        token cache, the texts are new.
    """

    model: str
    numbers: str
    network: bytes
    config: bytes
    graph: Graph
    gap: float
    mean_gap: float
    quality: dict[str, float]
    source_accuracy: float
    tweets_per_s: float

    @property
    def n_bytes(self) -> int:
        """Size of the graph with its vocabulary in bytes."""
        return len(self.network) + len(self.config)

    @property
    def figures(self) -> dict[str, Any]:
        """Figures by name, rounded."""
        return {
            "model": self.model,
            "format": self.numbers,
            "gap": float(f"{self.gap:.2g}"),
            "mean_gap": float(f"{self.mean_gap:.2g}"),
            "accuracy": round(self.quality["accuracy"], 4),
            "auc": round(self.quality["auc"], 4),
            "source_accuracy": round(self.source_accuracy, 4),
            "n_bytes": self.n_bytes,
            "tweets_per_cpu_s": round(self.tweets_per_s),
        }


def conversions(fitted: FittedCandidate, formats: Sequence[str] = FORMATS) -> list[Converted]:
    """Convert a fitted model to every format, float32 first, which verifies the graph.

    Raises
    ------
    BundleError
        When a score of the float32 graph is more than a hundred-thousandth from the model's.
    """
    form = form_of(fitted)
    config = _config(form, fitted)
    exact = _converted(fitted, form, config, FORMATS[0])
    if not exact.gap <= GOLDEN_TOLERANCE:
        raise BundleError(
            f"{fitted.candidate.name}: conversion changed a score by {exact.gap:.1e}, at most "
            f"{GOLDEN_TOLERANCE} is allowed: nothing was written"
        )
    others = [numbers for numbers in FORMATS[1:] if numbers in formats]
    return [exact, *(_converted(fitted, form, config, numbers) for numbers in others)]


def _config(form: Form, fitted: FittedCandidate) -> dict[str, Any]:
    width = form.width or _width(form, [*fitted.compared_texts, *fitted.kept_texts])
    return {"kind": form.kind, "features": {**form.features, "width": width}, "n_rows": N_ROWS}


def _width(form: Form, texts: Sequence[str]) -> int:
    """Return half as much again as the longest text needs, rounded up to a multiple of 16."""
    featuriser: Any = build_featuriser(
        {"kind": form.kind, "features": {**form.features, "width": _WIDEST}}
    )
    needed = min(int(featuriser.required_width(texts)) * 3 // 2, _WIDEST)
    return -(-max(needed, _STEP) // _STEP) * _STEP


def _converted(
    fitted: FittedCandidate, form: Form, config: dict[str, Any], numbers: str
) -> Converted:
    network = convert(form.network, N_ROWS, config["features"]["width"], numbers)
    graph = Graph(config, network)
    gaps = np.abs(graph.raw(fitted.compared_texts) - fitted.compared_scores)
    quality = measure(graph.raw(fitted.kept_texts), fitted.kept_negative)
    source = measure(fitted.kept_scores, fitted.kept_negative)
    return Converted(
        fitted.candidate.name,
        numbers,
        network,
        orjson.dumps(config) + b"\n",
        graph,
        float(gaps.max()),
        float(gaps.mean()),
        quality,
        source["accuracy"],
        _speed(config, network, fitted),
    )


def _speed(config: dict[str, Any], network: bytes, fitted: FittedCandidate) -> float:
    costs = []
    for _ in range(_N_ROUNDS):
        graph = Graph(config, network)
        graph.raw(fitted.compared_texts)
        clock = time.process_time()
        for start in range(0, len(fitted.kept_texts), _BATCH):
            graph.raw(fitted.kept_texts[start : start + _BATCH])
        costs.append(time.process_time() - clock)
    return len(fitted.kept_texts) / max(min(costs), 1e-9)
