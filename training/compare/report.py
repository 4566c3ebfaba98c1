"""Report of a comparison as a self-contained HTML file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from badbuzz.recordings.outputs import write_text
from badbuzz.reports import render_report
from training.compare.choice import Choice, price_per_million, ranked
from training.compare.classifiers import TREES
from training.compare.comparison import Comparison
from training.compare.display import COLUMNS, rows
from training.compare.fitted_classifier import Curve
from training.compare.networks import NETWORKS
from training.compare.record import Record
from training.compare.scale import Scale
from training.compare.views import UNSEEN

_N_MARKS: Final = 5
_LEAST_US: Final = 1.0
"""CPU time of a text below which the chart omits a model: the majority class."""
_KINDS: Final = (
    {"name": "linear", "text": "linear"},
    {"name": "trees", "text": "trees"},
    {"name": "network", "text": "network"},
    {"name": "baseline", "text": "VADER, hashed linear"},
)


def write_report(
    path: Path,
    comparisons: Sequence[Comparison],
    choices: Sequence[Choice],
    scale: Scale,
    core_hour: float,
    place: str,
) -> None:
    """Write the report of a comparison.

    It has figures only, and no texts of people.

    Raises
    ------
    RecordingError
        The file cannot be written.
    """
    pairs = list(zip(comparisons, choices, strict=True))
    page = render_report(
        "training.compare",
        "report.html.jinja",
        lead=_lead(comparisons, scale),
        scale=scale.name,
        columns=COLUMNS,
        kinds=_KINDS,
        parts=[_part(one, choice, core_hour) for one, choice in pairs],
        core_hour=f"{core_hour:g}",
        place=place,
    )
    write_text(path, page)


def _lead(comparisons: Sequence[Comparison], scale: Scale) -> str:
    names = ", ".join(dict.fromkeys(one.corpus.name for one in comparisons))
    return f"{names} · {sum(len(one.records) for one in comparisons)} runs · {scale.name}"


def _part(comparison: Comparison, choice: Choice, core_hour: float) -> dict[str, Any]:
    corpus = comparison.corpus
    n_folds = len(comparison.view.folds)
    if comparison.view.name == UNSEEN:
        brands = ", ".join(fold.name for fold in comparison.view.folds)
        explained = f"Trained on the tweets of other brands, tested on those of {brands}."
    else:
        folds = "one fifth" if n_folds == 1 else f"{n_folds} fifths in turn"
        explained = f"Tested on {folds} of the rows, which is not trained on."
    return {
        "title": f"{corpus.name}, {comparison.view.name}",
        "explained": f"{len(corpus.rows):,} rows, {corpus.rows.negative.mean():.0%} negative. "
        f"{explained} Near-duplicates are on one side.",
        "notes": corpus.notes,
        "chosen": choice.chosen.model,
        "reasons": choice.reasons,
        "chart": _scatter(comparison.records, choice.chosen, core_hour),
        "rows": rows(comparison, choice, core_hour),
        "folds": _brands(comparison) if comparison.view.name == UNSEEN and n_folds > 1 else None,
        "curves": [_learning(one) for one in comparison.records if one.curve is not None],
    }


def _brands(comparison: Comparison) -> tuple[list[str], list[list[str]]]:
    """Return head and rows of the accuracy of every model on every left-out brand."""
    first = comparison.records[0].folds
    names = [name for name in first if name.startswith("accuracy of ")]
    cells = [
        [record.model, *(f"{record.folds[name]:.3f}" for name in names)]
        for record in ranked(comparison.records)
    ]
    return ["model", *(name.removeprefix("accuracy of ") for name in names)], cells


def _scatter(records: Sequence[Record], chosen: Record, core_hour: float) -> dict[str, Any]:
    """Return the plot of accuracy by CPU time, without models that cost nothing."""
    records = [one for one in records if one.figures["score_cpu_us"] >= _LEAST_US or one is chosen]
    us = [max(one.figures["score_cpu_us"], _LEAST_US) for one in records]
    accuracy = [one.figures["accuracy"] for one in records]
    decades = np.arange(np.floor(np.log10(min(us))), np.ceil(np.log10(max(us) * 1.01)) + 1)
    bottom = np.floor(min(accuracy) * 20) / 20
    top = max(np.ceil(max(accuracy) * 20) / 20, bottom + 0.05)
    width = decades[-1] - decades[0]
    return {
        "dots": [
            {
                "across": round(100 * float((np.log10(cost) - decades[0]) / width), 2),
                "up": round(100 * float((value - bottom) / (top - bottom)), 2),
                "kind": f"{_kind(one)} {'chosen' if one is chosen else ''}".strip(),
                "title": f"{one.model}: {value:.3f}, {price_per_million(one, core_hour):.2g}",
            }
            for one, cost, value in zip(records, us, accuracy, strict=True)
        ],
        "xs": [
            {"at": 100 * i / width, "text": f"{10**decade:,.0f} µs"}
            for i, decade in enumerate(decades.tolist())
        ],
        "ys": _marks(float(bottom), float(top)),
    }


def _kind(record: Record) -> str:
    if record.features in ("text", "hashed") and record.classifier not in NETWORKS:
        return "baseline"
    if record.classifier in TREES:
        return "trees"
    return "network" if record.classifier in NETWORKS else "linear"


def _marks(bottom: float, top: float) -> list[dict[str, Any]]:
    return [
        {"at": round(100 * i / (_N_MARKS - 1), 2), "text": f"{value:.2f}"}
        for i, value in enumerate(np.linspace(bottom, top, _N_MARKS).tolist())
    ]


def _learning(record: Record) -> dict[str, Any]:
    curve = record.curve
    assert curve is not None
    losses = [*curve.train_loss, *curve.watch_loss]
    bottom, top = min(losses), max(losses) + 1e-6
    return {
        "title": record.model,
        "caption": _caption(record, curve),
        "n": len(curve.train_loss),
        "train": _path(curve.train_loss, bottom, top),
        "watch": _path(curve.watch_loss, bottom, top),
        "ys": _marks(bottom, top),
    }


def _caption(record: Record, curve: Curve) -> str:
    best = int(np.argmin(curve.watch_loss)) + 1
    return (
        f"{record.figures['train_cpu_s']:.1f} CPU-s with its features; epoch {best} was selected, "
        f"accuracy {curve.watch_accuracy[best - 1]:.3f} there"
    )


def _path(values: Sequence[float], bottom: float, top: float) -> str:
    n = max(len(values) - 1, 1)
    points = [
        f"{1000 * i / n:.0f} {100 * (top - value) / (top - bottom):.1f}"
        for i, value in enumerate(values)
    ]
    return "M" + "L".join(points)
