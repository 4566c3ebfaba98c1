"""The bundle of a converted model."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson

from badbuzz.features.known_words import KnownWords
from badbuzz.models.bundle import SCHEMA
from badbuzz.models.scorer import Scorer
from training.compare.scale import Scale
from training.conversion.converted import Converted
from training.conversion.fitting import FittedCandidate
from training.datasets.corpus import Corpus
from training.recipes.bundles import as_json, golden_texts
from training.recipes.reference import heldout_reference, on_card
from training.recipes.shipped import Source, shipped_recipe
from training.writing import write_folder

_THRESHOLD: Final = 0.5
_PROTOCOL: Final = (
    "Fitted to nine tenths of the rows. The other tenth, near-duplicates together, calibrates "
    "scores, gives class means and reference, ends the training of a network, and is tested on, so "
    "that the figures are slightly too good. Accuracy at 0.5; ECE in ten equal bins."
)


def write_converted(
    converted: Converted, fitted: FittedCandidate, corpus: Corpus, scale: Scale, folder: Path
) -> Scorer:
    """Write a bundle, named after its folder, and load it again to check its golden scores.

    Raises
    ------
    BundleError
        When it cannot be written, or a golden score is not reproduced.
    """
    texts = golden_texts(corpus.language)
    golden = [
        {"text": text, "score": round(score, 7)}
        for text, score in zip(texts, converted.graph.raw(texts).tolist(), strict=True)
    ]
    known = {"known_words": KnownWords.from_texts(fitted.learnt_texts).pack()}
    contents = {
        "model.tflite": converted.network,
        "featuriser.json": orjson.dumps(orjson.loads(converted.config) | known) + b"\n",
        "golden.json": as_json(golden),
        "card.json": as_json(_card(converted, fitted, corpus, scale, folder.resolve().name)),
    }
    return Scorer.load(str(write_folder(folder, contents, Scorer)))


def _card(
    converted: Converted, fitted: FittedCandidate, corpus: Corpus, scale: Scale, name: str
) -> dict[str, Any]:
    calibrated, rows, texts = fitted.calibrated, corpus.rows, fitted.kept_texts
    one_fold = np.zeros(len(texts), np.int64)
    scores = converted.graph.raw(texts)
    reference = heldout_reference(texts, scores, one_fold, fitted.learnt_texts)
    return {
        "schema": SCHEMA,
        "name": name,
        "languages": [corpus.language],
        "label": "negative, against neutral or positive",
        "n_rows": len(rows),
        "negative_rate": round(float(rows.negative.mean()), 4),
        "data": _data(corpus, fitted.candidate.classifier),
        "model": {
            "kind": converted.model,
            "numbers": converted.numbers,
            "scale": scale.name,
            "conversion_gap": float(f"{converted.gap:.2g}"),
        },
        "threshold": _THRESHOLD,
        "class_means": [round(calibrated.m0, 6), round(calibrated.m1, 6)],
        "protocol": _PROTOCOL,
        "quality": {name: round(value, 4) for name, value in converted.quality.items()},
        **on_card(reference),
    }


def _data(corpus: Corpus, classifier: str) -> list[dict[str, Any]]:
    shipped, n_rows = shipped_recipe(corpus), len(corpus.rows)
    if shipped is None:
        return [{"title": corpus.name, "licence": "", "use": "trained on", "n_rows": n_rows}]
    data = [_source(shipped.rows) | {"use": "trained on", "n_rows": n_rows}]
    if classifier == "shipped" and shipped.prior is not None:
        data.append(_source(shipped.prior))
    return data


def _source(source: Source) -> dict[str, Any]:
    return {"title": source.title, "licence": source.licence, "use": source.use}
