"""The commands ``train default`` and ``train check``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from badbuzz.errors import BundleError
from badbuzz.scorer import Scorer
from training.bundles import REBUILT_TOLERANCE, worst_gap, write_bundle
from training.recipes import RECIPES, Recipe
from training.study import Study

_CARD_TOLERANCE: Final = 0.002
_DATA = click.option(
    "--data",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder that holds airline/, sentiment140/ and xlmt/.",
)


@click.group()
def train() -> None:
    """Build the models that badbuzz ships, and hold them to their cards."""


@train.command()
@_DATA
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write the bundles to; badbuzz's own when not given.",
)
def default(data: Path, out: Path | None) -> None:
    """Build the shipped bundles from labelled tweets, in a minute or two.

    \b
    Examples:
      badbuzz train default --data ../shared/data
      badbuzz train default --data ../shared/data --out /tmp/bundles
    """
    out = out or Path(str(files("badbuzz"))) / "bundles"
    console = Console()
    shown = Table("bundle", "figure", "found", "± sd", "bar", "")
    n_faults = 0
    with _progress(console) as progress:
        for recipe in RECIPES:
            with _task(progress, recipe, "fit, test, convert") as step:
                study, quality = _studied(recipe, data, progress, step)
                write_bundle(study, quality, out)
            n_faults += _show(shown, recipe, quality)
    console.print(shown)
    console.print(f"written to {out}")
    _refuse(n_faults)


@train.command()
@_DATA
def check(data: Path) -> None:
    """Recompute every figure of the shipped cards, and fit the models again.

    Fails when a card or a model says something else, or a figure misses its bar.

    \b
    Examples:
      badbuzz train check --data ../shared/data
    """
    console = Console()
    shown = Table("bundle", "figure", "found", "± sd", "bar", "card")
    n_faults = 0
    with _progress(console) as progress:
        for recipe in RECIPES:
            scorer = Scorer.load(recipe.name)
            with _task(progress, recipe, "fit, test, compare") as step:
                study, quality = _studied(recipe, data, progress, step)
                gap = worst_gap(scorer, study.model()[0], study)
            n_faults += _show(shown, recipe, quality, scorer.card["quality"])
            alike = gap <= REBUILT_TOLERANCE
            shown.add_row(
                recipe.name,
                "score, fitted again",
                f"± {gap:.6f}",
                "",
                f"≤ {REBUILT_TOLERANCE}",
                "" if alike else "[red]differs",
            )
            n_faults += not alike
    console.print(shown)
    _refuse(n_faults)


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console
    )


@contextmanager
def _task(progress: Progress, recipe: Recipe, what: str) -> Iterator[TaskID]:
    task = progress.add_task(f"{recipe.name}: {what}", total=None)
    yield task
    progress.update(task, total=1, completed=1)


def _studied(
    recipe: Recipe, data: Path, progress: Progress, task: TaskID
) -> tuple[Study, dict[str, Any]]:
    study = Study(recipe, data)
    progress.update(task, total=study.n_steps + 2, completed=1)
    return study, study.quality(lambda: progress.advance(task))


def _show(
    shown: Table, recipe: Recipe, quality: dict[str, Any], card: dict[str, Any] | None = None
) -> int:
    """Add a recipe's figures to a table; how many are at fault."""
    bars = {bar.figure: bar for bar in recipe.bars}
    carded = _flat(card) if card is not None else None
    n_faults = 0
    for name, value in _flat(quality).items():
        bar = bars.get(name)
        faults = []
        if bar is not None and not bar.holds(value):
            faults.append("misses its bar")
        if carded is not None and not abs(carded.get(name, 1e9) - value) <= _CARD_TOLERANCE:
            faults.append(f"the card says {carded.get(name)}")
        n_faults += bool(faults)
        own = quality.get(name)
        spread = f"{own['sd']:.4f}" if isinstance(own, dict) else ""
        shown.add_row(
            recipe.name, name, f"{value:.4f}", spread, str(bar or ""), "[red]" + ", ".join(faults)
        )
    return n_faults


def _flat(quality: dict[str, Any]) -> dict[str, float]:
    """The figures of a card: means, and single numbers; a group's under its name and a dot."""
    found: dict[str, float] = {}
    for name, value in quality.items():
        if isinstance(value, float):
            found[name] = value
        elif isinstance(value, dict) and "mean" in value:
            found[name] = value["mean"]
        elif isinstance(value, dict):
            found |= {f"{name}.{inner}": number for inner, number in value.items()}
    return found


def _refuse(n_faults: int) -> None:
    if n_faults:
        raise BundleError(
            f"{n_faults} figures are not what they must be: see the table; mend the recipe, or "
            "build the bundles again with: badbuzz train default"
        )
