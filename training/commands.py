"""Commands of ``train``."""

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

from badbuzz.config.settings import Settings
from badbuzz.errors import BundleError
from badbuzz.features.drift import DriftReference, population_stability_index
from badbuzz.models.registry import Registry
from badbuzz.models.scorer import Scorer
from badbuzz.recordings.rows import check_readable
from training.datasets.labelled import ReadOptions, read_own
from training.datasets.options import reading_options
from training.recipes.bundles import REBUILT_TOLERANCE, worst_gap, write_bundle
from training.recipes.quality import Calibrated
from training.recipes.report import CheckedFigure, checked_figures
from training.recipes.shipped import RECIPES, Recipe
from training.recipes.study import Study

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
"""Modules of commands that are imported only when they are called, as their libraries are slow."""


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
    """Train, compare and check models."""


@train.command()
@_DATA
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write the bundles to; badbuzz's own by default.",
)
def default(data: Path, out: Path | None) -> None:
    """Build the shipped bundles from labelled tweets; takes a minute or two.

    \b
    Examples:
      badbuzz train default --data ../shared/data
      badbuzz train default --data ../shared/data --out /tmp/bundles
    """
    out = out or Path(str(files("badbuzz"))) / "bundles"
    console = Console()
    figures = _FigureTable()
    with _progress(console) as progress:
        for recipe in RECIPES:
            with _task(progress, recipe, "fit, test, convert") as task:
                study, quality = _studied(recipe, data, progress, task)
                write_bundle(study, quality, out)
            figures.add(recipe, checked_figures(recipe, quality))
    console.print(figures.table)
    console.print(f"written to {out}")
    figures.refuse()


@train.command("freeze-eval")
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option(
    "--language", "--lang", "language", required=True, help="BCP 47 primary language, such as en."
)
@click.option("--replace", is_flag=True, help="Replace the language's set, if it has one.")
@reading_options
def freeze_eval(files: tuple[str, ...], language: str, replace: bool, **how: Any) -> None:
    """Freeze labelled tweets as the held-out set for promotions of a language.

    Rows are read as by badbuzz train compare. Give tweets that no model was trained on: a model is
    too good on its own training data. badbuzz train retrain does not train on them.

    \b
    Examples:
      badbuzz train freeze-eval labelled.jsonl --language en
      badbuzz train freeze-eval juin.csv --map text=tweet --map label=avis --encoding latin-1 \\
        --label négatif=negative --label positif=positive --language fr
    """
    from training.registry.heldout_sets import distinct, freeze  # noqa: PLC0415 - takes seconds

    check_readable(files)
    corpus = read_own(files, ReadOptions(lang=language, **how))
    rows, dropped = distinct(corpus.rows)
    skipped = [note for note in corpus.notes if note.endswith("skipped")]  # not those on copies
    for note in (*skipped, *dropped):
        click.echo(f"badbuzz: {note}", err=True)
    registry = Registry(Settings.read().mlflow_uri)
    heldout = freeze(registry, language, rows, files, replace=replace)
    click.echo(f"{heldout.n} rows, {heldout.n_negative} negative, frozen as {heldout.digest}")


@train.command()
@_DATA
def check(data: Path) -> None:
    """Compute every figure of the shipped cards and fit the models again.

    The command fails if a figure or a score differs from the card or the model, or if a figure
    misses its limit.

    \b
    Examples:
      badbuzz train check --data ../shared/data
    """
    console = Console()
    figures = _FigureTable()
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
            figures.add(
                recipe, checked_figures(recipe, quality, {**card, "reference": _plain(usual)})
            )
            fault = "" if gap <= REBUILT_TOLERANCE else "not the shipped model's"
            bar = f"≤ {REBUILT_TOLERANCE}"
            figures.add(recipe, [CheckedFigure("scores, fitted again", gap, None, bar, fault)])
    console.print(figures.table)
    figures.refuse()


def _served(
    calibrated: Calibrated, reference: dict[str, Any], card: dict[str, Any]
) -> dict[str, Any]:
    """Return class means, reference and drift from the card's reference."""
    former = DriftReference.from_card(card)
    drift = (
        0.0 if former is None else population_stability_index(reference["scores"], former.scores)
    )
    return {
        "class_means": {"m0": calibrated.m0, "m1": calibrated.m1},
        "reference": _plain({**reference, "drift": drift}),
    }


def _plain(reference: dict[str, Any]) -> dict[str, float]:
    return {name: value for name, value in reference.items() if isinstance(value, float)}


class _FigureTable:
    """Table of checked figures that counts their faults."""

    def __init__(self) -> None:
        self.table = Table("bundle", "figure", "value", "± sd", "bar", "")
        self.n_faults = 0

    def add(self, recipe: Recipe, checked: Iterable[CheckedFigure]) -> None:
        for one in checked:
            sd = "" if one.sd is None else f"{one.sd:.4f}"
            fault = f"[red]{one.fault}[/red]" if one.fault else ""
            self.table.add_row(recipe.name, one.figure, f"{one.value:.4f}", sd, one.bar, fault)
            self.n_faults += bool(one.fault)

    def refuse(self) -> None:
        if self.n_faults:
            raise BundleError(
                f"{self.n_faults} figures are wrong: see the table; correct the "
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
