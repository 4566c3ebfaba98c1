"""What came of a retraining, in words, tables, JSON, and the file of quarantine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, Final

import click
import orjson
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from badbuzz.evidence.masking import mask
from training.retrain.comparison import Comparison
from training.retrain.curation import REASONS, Rejected, by_author
from training.retrain.run import Gathered, Outcome

COLUMNS: Final = (
    "on", "rows", "negative", "", "accuracy", "macro-F1", "ECE", "macro-F1 gained, 95 %",
)  # fmt: skip
_NARROW: Final = (0, 1, 3, 4, 5, 6)


def quarantine(left: Sequence[Rejected]) -> str:
    """Words that are left out as JSON lines, the texts masked, oldest first.

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
                "id": _readable(one.said.id),
                "at_ms": one.said.at_ms,
                "by": one.said.by,
                "source": one.said.source,
                "lang": one.said.lang,
                "brand": _readable(one.said.brand),
                "right": one.said.right,
                "text": mask(_readable(one.said.text)),
            }
        ).decode()
        for one in sorted(left, key=lambda one: (one.said.at_ms, one.said.id))
    ]
    return "".join(f"{line}\n" for line in lines)


def _readable(text: str) -> str:
    return text.encode(errors="replace").decode()


def counts(gathered: Gathered) -> Iterator[str]:
    """What is trained on, and what is not, in sentences."""
    found, language = gathered.sieved, gathered.base.recipe.language
    n_base, n_learnt = gathered.n_base, gathered.n_learnt
    yield f"trained on: {n_base:,} rows of the base data, {n_learnt:,} corrections"
    if found.n_frozen:
        yield (
            f"left out: {found.n_frozen:,} rows of the base data that stand in the evaluation set, "
            "or nearly"
        )
    yield f"kept to test on: {len(found.held):,} corrections"
    for reason, n in Counter(one.reason for one in found.left).most_common():
        yield f"in quarantine: {n:,} ({reason}): {REASONS[reason]}"
    if found.n_foreign:
        yield f"{found.n_foreign:,} words on texts in other languages than {language}"


def cells(meetings: Sequence[Comparison]) -> Iterator[tuple[str, ...]]:
    """The rows of the table, two a set: champion and challenger."""
    for one in meetings:
        first = (one.name, f"{one.n:,}", f"{one.n_negative:,}")
        gained = ""
        if one.champion is not None:
            yield *first, "champion", *_figures(one.champion), ""
            first = ("", "", "")
            gained = _gained(one)
        yield *first, "challenger", *_figures(one.challenger), gained


def _gained(one: Comparison) -> str:
    return f"{one.gain:+.3f} ({one.low:+.3f} … {one.high:+.3f})"


def _figures(side: Any) -> tuple[str, ...]:
    return tuple(f"{value:.3f}" for value in (side.accuracy, side.macro_f1, side.ece))


def show(console: Console, outcome: Outcome) -> None:
    """The table, the checks and the end in the terminal."""
    table = Table(box=SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    for place in _NARROW:
        table.add_column(COLUMNS[place], justify="left" if place in (0, 3) else "right")
    for row in cells(outcome.meetings):
        table.add_row(*(row[place] for place in _NARROW))
    if outcome.meetings:
        console.print(table)
    for one in outcome.meetings:
        if one.champion is not None:
            click.echo(f"{one.name}: macro-F1 gained {_gained(one)}")
    for check in outcome.checks:
        click.echo(f"{'holds' if check.holds else 'FAILS'}  {check.name}: {check.found}")
    for line in ended(outcome):
        click.echo(line)


def ended(outcome: Outcome) -> Iterator[str]:
    """How it ended, in sentences."""
    if outcome.known:
        yield f"nothing new: {outcome.version} was made of the same data"
    else:
        yield f"registered: {outcome.version} is now the challenger"
    if outcome.promoted:
        yield f"promoted: {outcome.version} is the champion"
    elif outcome.why_not:
        yield f"not better: {outcome.why_not}"


def plain(outcome: Outcome) -> dict[str, Any]:
    """All of it, for JSON."""
    found = outcome.gathered.sieved
    return {
        "schema": 1,
        "language": outcome.version.language,
        "version": outcome.version.number,
        "bundle": outcome.bundle,
        "known": outcome.known,
        "champion": outcome.champion,
        "promoted": outcome.promoted,
        "why_not": outcome.why_not,
        "n_base": outcome.gathered.n_base,
        "n_frozen": found.n_frozen,
        "n_learnt": len(found.learnt),
        "n_held": len(found.held),
        "n_foreign": found.n_foreign,
        "quarantined": dict(Counter(one.reason for one in found.left)),
        "authors": [asdict(one) for one in by_author(found)],
        "sets": [asdict(one) for one in outcome.meetings],
        "checks": [asdict(one) for one in outcome.checks],
    }
