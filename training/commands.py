"""The commands of ``train``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from badbuzz.errors import BundleError
from badbuzz.features.drift import DriftReference, population_stability_index
from badbuzz.models.scorer import Scorer
from training.recipes.bundles import REBUILT_TOLERANCE, worst_gap, write_bundle
from training.recipes.quality import Calibrated
from training.recipes.report import Finding, findings
from training.recipes.shipped import RECIPES, Recipe
from training.recipes.study import Study
from training.registry.heldout_command import freeze_eval

_DATA = click.option(
    "--data",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder that holds airline/, sentiment140/ and xlmt/.",
)


_LAZY: Final = {
    "bert": "training.bert.command",
    "compare": "training.compare.command",
    "convert": "training.conversion.command",
    "retrain": "training.retrain.commands",
}
"""Where commands live whose libraries are imported only when they are called."""


class _Group(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *_LAZY])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _LAZY:
            return super().get_command(ctx, cmd_name)
        command: click.Command = getattr(import_module(_LAZY[cmd_name]), cmd_name)
        return command


@click.group(cls=_Group)
def train() -> None:
    """Compare models, build those that badbuzz ships, and hold them to their cards."""


train.add_command(freeze_eval)


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
    shown = _Shown()
    with _progress(console) as progress:
        for recipe in RECIPES:
            with _task(progress, recipe, "fit, test, convert") as task:
                study, quality = _studied(recipe, data, progress, task)
                write_bundle(study, quality, out)
            shown.add(recipe, findings(recipe, quality))
    console.print(shown.table)
    console.print(f"written to {out}")
    shown.refuse()


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
    shown = _Shown()
    with _progress(console) as progress:
        for recipe in RECIPES:
            scorer = Scorer.load(recipe.name)
            with _task(progress, recipe, "fit, test, compare") as task:
                study, quality = _studied(recipe, data, progress, task)
                model, calibrated = study.model()
                gap = worst_gap(scorer, model, study)
            quality |= _served(calibrated, study.reference(calibrated), scorer.card)
            m0, m1 = scorer.card["class_means"]
            usual = {**scorer.card.get("reference", {}), "drift": 0.0}
            card = {**scorer.card["quality"], "class_means": {"m0": m0, "m1": m1}}
            shown.add(recipe, findings(recipe, quality, {**card, "reference": _plain(usual)}))
            fault = "" if gap <= REBUILT_TOLERANCE else "not the shipped model's"
            bar = f"≤ {REBUILT_TOLERANCE}"
            shown.add(recipe, [Finding("scores, fitted again", gap, None, bar, fault)])
    console.print(shown.table)
    shown.refuse()


def _served(
    calibrated: Calibrated, reference: dict[str, Any], card: dict[str, Any]
) -> dict[str, Any]:
    """What a card says beside its quality, found again: class means, reference."""
    said = DriftReference.from_card(card)
    drift = 0.0 if said is None else population_stability_index(reference["scores"], said.scores)
    return {
        "class_means": {"m0": calibrated.m0, "m1": calibrated.m1},
        "reference": _plain({**reference, "drift": drift}),
    }


def _plain(reference: dict[str, Any]) -> dict[str, float]:
    return {name: value for name, value in reference.items() if isinstance(value, float)}


class _Shown:
    """A table of findings that counts the faults among them."""

    def __init__(self) -> None:
        self.table = Table("bundle", "figure", "found", "± sd", "bar", "")
        self.n_faults = 0

    def add(self, recipe: Recipe, found: Iterable[Finding]) -> None:
        for finding in found:
            sd = "" if finding.sd is None else f"{finding.sd:.4f}"
            fault = f"[red]{finding.fault}[/red]" if finding.fault else ""
            self.table.add_row(
                recipe.name, finding.figure, f"{finding.found:.4f}", sd, finding.bar, fault
            )
            self.n_faults += bool(finding.fault)

    def refuse(self) -> None:
        if self.n_faults:
            raise BundleError(
                f"{self.n_faults} figures are not what they must be: see the table; mend the "
                "recipe, or build the bundles again with: badbuzz train default"
            )


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console
    )


@contextmanager
def _task(progress: Progress, recipe: Recipe, what: str) -> Iterator[TaskID]:
    task = progress.add_task(f"{recipe.name}: {what}", total=None)
    yield task
    progress.advance(task)


def _studied(
    recipe: Recipe, data: Path, progress: Progress, task: TaskID
) -> tuple[Study, dict[str, Any]]:
    study = Study.read(recipe, data)
    progress.update(task, total=study.n_steps + 2, completed=1)
    return study, study.quality(lambda: progress.advance(task))
