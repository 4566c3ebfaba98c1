"""Result of a retraining as sentences, table, JSON and report, and the quarantine file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import click
import orjson
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from badbuzz.evidence.masking import mask
from badbuzz.recordings.outputs import write_text
from badbuzz.reports import render_report
from training.retrain.comparison import HELDOUT_SET, ChampionComparison
from training.retrain.curation import REASONS, Rejected, by_author
from training.retrain.run import RetrainingResult, TrainingData

COLUMNS: Final = (
    "on", "rows", "negative", "", "accuracy", "macro-F1", "ECE", "macro-F1 gained, 95 %",
)  # fmt: skip
_NARROW: Final = (0, 1, 3, 4, 5, 6)
_JSON_NAMES: Final = {HELDOUT_SET: "evaluation set"}
"""Names of sets in the JSON that differ from those in sentences: programs match them."""


def quarantine(rejected: Sequence[Rejected]) -> str:
    """Return rejected corrections as JSON lines with masked texts, the oldest first.

    Examples
    --------
    >>> quarantine([])
    ''
    """
    lines = [
        orjson.dumps(
            {
                "reason": one.reason,
                "why": REASONS[one.reason],
                "id": _readable(one.feedback.id),
                "at_ms": one.feedback.at_ms,
                "by": one.feedback.by,
                "source": one.feedback.source,
                "lang": one.feedback.lang,
                "brand": _readable(one.feedback.brand),
                "right": one.feedback.ground_truth,
                "text": mask(_readable(one.feedback.text)),
            }
        ).decode()
        for one in sorted(rejected, key=lambda one: (one.feedback.at_ms, one.feedback.id))
    ]
    return "".join(f"{line}\n" for line in lines)


def _readable(text: str) -> str:
    return text.encode(errors="replace").decode()


def counts(data: TrainingData) -> Iterator[str]:
    """Yield sentences on the rows and corrections that are trained on, tested on and rejected."""
    curated, language = data.curated, data.base.recipe.language
    n_base, n_learnt = data.n_base, data.n_learnt
    yield f"trained on: {n_base:,} rows of the base data, {n_learnt:,} corrections"
    if curated.n_heldout:
        yield (
            f"left out: {curated.n_heldout:,} rows of the base data that are in the held-out set "
            "or near-duplicates of it"
        )
    yield f"kept to test on: {len(curated.held):,} corrections"
    for reason, n in Counter(one.reason for one in curated.rejected).most_common():
        yield f"in quarantine: {n:,} ({reason}): {REASONS[reason]}"
    if curated.n_foreign:
        yield f"{curated.n_foreign:,} corrections of texts in other languages than {language}"


def cells(comparisons: Sequence[ChampionComparison]) -> Iterator[tuple[str, ...]]:
    """Yield the rows of the table, for each set the champion and the challenger."""
    for one in comparisons:
        first = (one.name, f"{one.n:,}", f"{one.n_negative:,}")
        gained = ""
        if one.champion is not None:
            yield *first, "champion", *_figures(one.champion), ""
            first = ("", "", "")
            gained = _gained(one)
        yield *first, "challenger", *_figures(one.challenger), gained


def _gained(one: ChampionComparison) -> str:
    return f"{one.gain:+.3f} ({one.low:+.3f} … {one.high:+.3f})"


def _figures(side: Any) -> tuple[str, ...]:
    return tuple(f"{value:.3f}" for value in (side.accuracy, side.macro_f1, side.ece))


def show(console: Console, outcome: RetrainingResult) -> None:
    """Print the table, the checks and the result."""
    table = Table(box=SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    for place in _NARROW:
        table.add_column(COLUMNS[place], justify="left" if place in (0, 3) else "right")
    for row in cells(outcome.comparisons):
        table.add_row(*(row[place] for place in _NARROW))
    if outcome.comparisons:
        console.print(table)
    for one in outcome.comparisons:
        if one.champion is not None:
            click.echo(f"{one.name}: macro-F1 gained {_gained(one)}")
    for check in outcome.checks:
        click.echo(f"{'holds' if check.holds else 'FAILS'}  {check.name}: {check.found}")
    for line in conclusion(outcome):
        click.echo(line)


def conclusion(outcome: RetrainingResult) -> Iterator[str]:
    """Yield sentences on the result."""
    if outcome.known:
        yield f"nothing new: {outcome.version} was trained on the same data"
    else:
        yield f"registered: {outcome.version} is now the challenger"
    if outcome.promoted:
        yield f"promoted: {outcome.version} is the champion"
    elif outcome.why_not:
        yield f"not better: {outcome.why_not}"


def plain(outcome: RetrainingResult) -> dict[str, Any]:
    """Return the result as plain values for JSON."""
    curated = outcome.data.curated
    return {
        "schema": 1,
        "language": outcome.version.language,
        "version": outcome.version.number,
        "bundle": outcome.bundle,
        "known": outcome.known,
        "champion": outcome.champion,
        "promoted": outcome.promoted,
        "why_not": outcome.why_not,
        "n_base": outcome.data.n_base,
        "n_frozen": curated.n_heldout,
        "n_learnt": len(curated.learnt),
        "n_held": len(curated.held),
        "n_foreign": curated.n_foreign,
        "quarantined": dict(Counter(one.reason for one in curated.rejected)),
        "authors": [asdict(one) for one in by_author(curated)],
        "sets": [
            asdict(one) | {"name": _JSON_NAMES.get(one.name, one.name)}
            for one in outcome.comparisons
        ],
        "checks": [asdict(one) for one in outcome.checks],
    }


def write_report(path: Path, outcome: RetrainingResult) -> None:
    """Write the report of a retraining.

    It has figures and the names of API keys, but no texts of people.

    Raises
    ------
    RecordingError
        The file cannot be written.
    """
    page = render_report(
        "training.retrain",
        "report.html.jinja",
        outcome=outcome,
        conclusion=list(conclusion(outcome)),
        counts=list(counts(outcome.data)),
        columns=COLUMNS,
        rows=list(cells(outcome.comparisons)),
        authors=[
            (one.name, *(f"{n:,}" for n in (one.n_learnt, one.n_held, one.n_left)))
            for one in by_author(outcome.data.curated)
        ],
    )
    write_text(path, page)
