"""Writing a bundle of a recipe."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson

from badbuzz.errors import BundleError
from badbuzz.features.hashing import HashedFeaturiser
from badbuzz.models.bundle import SCHEMA
from badbuzz.models.scorer import GOLDEN_TOLERANCE, Scorer
from training.recipes.graph import Linear, convert
from training.recipes.quality import Calibrated
from training.recipes.reference import on_card
from training.recipes.shipped import N_ROWS, Recipe, Source
from training.recipes.study import Study
from training.writing import write_folder

N_COMPARED: Final = 1000
REBUILT_TOLERANCE: Final = 2e-3
"""Largest difference of scores after fitting again, perhaps with other library versions."""
MAX_BYTES: Final = 5_000_000


def write_bundle(
    study: Study, quality: dict[str, Any], out: Path, more: Mapping[str, Any] | None = None
) -> Path:
    """Fit, convert and write a bundle, and load it again to check its scores.

    Parameters
    ----------
    study
        The recipe on its data.
    quality
        Figures of the card.
    out
        Parent of the bundle's folder, which has the recipe's name.
    more
        Entries to add to the card, or to override in it; none by default.

    Raises
    ------
    BundleError
        The converted model's scores differ from the fitted one's, it is too large, or it cannot be
        written.
    """
    recipe = study.recipe
    model, calibrated = study.model()
    features = recipe.features
    network = convert(model.network, N_ROWS, features.width)
    if len(network) > MAX_BYTES:
        raise BundleError(f"{recipe.name}: {len(network)} bytes, at most {MAX_BYTES}: lower n_bits")
    texts = golden_texts(recipe.language)
    scores = model.probabilities(HashedFeaturiser(features).rows(texts))
    golden = [
        {"text": text, "score": round(score, 7)}
        for text, score in zip(texts, scores.tolist(), strict=True)
    ]
    contents = {
        "model.tflite": network,
        "featuriser.json": as_json(_featuriser(study)),
        "golden.json": as_json(golden),
        "card.json": as_json(_card(study, quality, calibrated) | dict(more or {})),
    }

    def check(folder: Path) -> None:
        gap = worst_gap(Scorer.load(str(folder)), model, study)
        if not gap <= GOLDEN_TOLERANCE:
            raise BundleError(f"{recipe.name}: conversion changed a score by {gap:.1e}")

    return write_folder(out / recipe.name, contents, check)


def worst_gap(scorer: Scorer, model: Linear, study: Study) -> float:
    """Return the largest difference between a bundle's scores and a model's, on 1,000 rows."""
    step = max(len(study.rows) // N_COMPARED, 1)
    texts = study.rows.texts[::step][:N_COMPARED]
    expected = model.probabilities(HashedFeaturiser(study.recipe.features).rows(texts))
    return float(np.abs(scorer.raw(texts) - expected).max())


def golden_texts(language: str) -> list[str]:
    """Return the golden texts of a language: those of every language and its own."""
    file = files("training").joinpath("data", "golden.json")
    texts: dict[str, list[str]] = orjson.loads(file.read_bytes())
    return [*texts["both"], *texts.get(language, [])]


def _featuriser(study: Study) -> dict[str, Any]:
    features = study.recipe.features
    return {
        "features": {name: getattr(features, name) for name in features.__slots__},
        "n_rows": N_ROWS,
        "known_words": study.known_words().pack(),
    }


def _card(study: Study, quality: dict[str, Any], calibrated: Calibrated) -> dict[str, Any]:
    recipe = study.recipe
    data = [_source(recipe.rows, len(study.rows))]
    if recipe.prior is not None:
        data.append(_source(recipe.prior, study.n_prior))
    if len(study.own):
        own = Source((), "sentences of this project's own", "Apache-2.0", "trained on")
        data.append(_source(own, len(study.own)))
    return {
        "schema": SCHEMA,
        "name": recipe.name,
        "languages": [recipe.language],
        "label": "negative, against neutral or positive",
        "n_rows": len(study.rows),
        "negative_rate": round(float(study.rows.negative.mean()), 4),
        "data": data,
        "model": {
            "kind": "linear, hashed words, word pairs and letter sequences",
            "rarity": recipe.shape.rarity,
            "contrast": recipe.shape.contrast,
            "strength": recipe.shape.strength,
        },
        "threshold": recipe.threshold,
        "class_means": [round(calibrated.m0, 6), round(calibrated.m1, 6)],
        "protocol": _protocol(recipe),
        "quality": quality,
        **on_card(study.reference(calibrated)),
    }


def _protocol(recipe: Recipe) -> str:
    times = f", {recipe.n_splits} times anew" if recipe.n_splits > 1 else ""
    return (
        f"Five folds by a hash of the text, near-duplicates together{times}; means and standard "
        "deviations over the folds; calibration and class means from a cross-validation inside the "
        "other folds. Accuracy at 0.5; ECE in ten equal bins; share: bias and deviation of the "
        "adjusted share of 500 rows drawn at a known share of negatives; left_out: trained without "
        "that brand, measured on it; vader: on the same rows, negative at a compound of -0.05 or "
        "less."
    )


def _source(source: Source, n_rows: int) -> dict[str, Any]:
    return {
        "title": source.title,
        "licence": source.licence,
        "use": source.use,
        "n_rows": n_rows,
    }


def as_json(content: Any) -> bytes:
    """Encode a file of a bundle as indented JSON."""
    return orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n"
