"""The command ``train freeze-eval``."""

from __future__ import annotations

from typing import Any

import click

from badbuzz.config.settings import Settings
from badbuzz.models.registry import Registry
from badbuzz.recordings.rows import check_readable
from training.datasets.labelled import ReadOptions, read_own
from training.datasets.options import reading_options


@click.command("freeze-eval")
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option(
    "--language", "--lang", "language", required=True, help="BCP 47 primary language, such as en."
)
@click.option("--replace", is_flag=True, help="Where the language has a set already.")
@reading_options
def freeze_eval(files: tuple[str, ...], language: str, replace: bool, **how: Any) -> None:
    """Freeze labelled tweets as the set that promotions of a language are held to.

    Rows are read as badbuzz train compare reads them. Give tweets that no model was trained on: a
    model knows its own training data by heart. badbuzz train retrain leaves them out by itself.

    \b
    Examples:
      badbuzz train freeze-eval labelled.jsonl --language en
      badbuzz train freeze-eval juin.csv --map text=tweet --map label=avis --encoding latin-1 \\
        --label négatif=negative --label positif=positive --language fr
    """
    from training.registry.heldout_sets import distinct, freeze  # noqa: PLC0415 - takes seconds

    check_readable(files)
    corpus = read_own(files, ReadOptions(lang=language, **how))
    rows, left = distinct(corpus.rows)
    told = [note for note in corpus.notes if note.endswith("left out")]  # copies are, here
    for note in (*told, *left):
        click.echo(f"badbuzz: {note}", err=True)
    registry = Registry(Settings.read().mlflow_uri)
    made = freeze(registry, language, rows, files, replace=replace)
    click.echo(f"{made.n} rows, {made.n_negative} negative, frozen as {made.digest}")
