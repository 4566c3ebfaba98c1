"""The command ``train freeze-eval``."""

from __future__ import annotations

import click

from badbuzz.registry import Registry
from badbuzz.settings import Settings


@click.command("freeze-eval")
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("--language", required=True, help="BCP 47 primary language, such as en.")
@click.option("--text", default="text", show_default=True, help="Column of the texts.")
@click.option("--label", default="label", show_default=True, help="Column of the labels.")
@click.option("--encoding", default="utf-8", show_default=True, help="Of a CSV.")
@click.option("--replace", is_flag=True, help="Where the language has a set already.")
def freeze_eval(
    files: tuple[str, ...], language: str, text: str, label: str, encoding: str, replace: bool
) -> None:
    """Freeze labelled tweets as the set that promotions of a language are held to.

    Labels are negative, neutral or positive. Give tweets that no model was or will be trained
    on: a model knows its own training data by heart.

    \b
    Examples:
      badbuzz train freeze-eval labelled.jsonl --language en
      badbuzz train freeze-eval juin.csv --text tweet --label avis --encoding latin-1 --language fr
    """
    from training.evaluation import freeze, read_labelled_rows  # noqa: PLC0415 - takes seconds

    rows = read_labelled_rows(files, text, label, encoding)
    registry = Registry(Settings.read().mlflow_uri)
    made = freeze(registry, language, rows, files, replace=replace)
    click.echo(f"{made.n} rows, {made.n_negative} negative, frozen as {made.digest}")
