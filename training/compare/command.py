"""The command ``train compare``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console

from badbuzz.errors import RecordingError, SettingsError
from badbuzz.recordings.outputs import check_outputs
from badbuzz.recordings.rows import check_readable
from training.compare.choice import Choice, choose
from training.compare.comparison import Comparison
from training.compare.comparison import compare as run
from training.compare.display import comparison_table, describe, progress_bars
from training.compare.report import write_report
from training.compare.scale import FULL, QUICK
from training.compare.tracking import Tracking
from training.datasets.corpus import NAMED, Corpus, named
from training.datasets.labelled import ReadOptions, read_own
from training.datasets.options import data_option, lang_option, reading_options

tracking_option = click.option(
    "--tracking-uri",
    "place",
    default="badbuzz-mlflow",
    show_default=True,
    metavar="URI",
    help="MLflow tracking store: a folder, sqlite:///FILE or http://… of a server.",
)
report_option = click.option(
    "--report", type=click.Path(dir_okay=False), help="HTML file to write as well."
)
core_hour_option = click.option(
    "--core-hour",
    default=0.05,
    show_default=True,
    type=click.FloatRange(0),
    help="Price of an hour of one CPU core, in your currency.",
)


@click.command()
@data_option
@click.option(
    "--set",
    "names",
    multiple=True,
    type=click.Choice(list(NAMED)),
    help="Sets of the folder; all by default.",
)
@click.option(
    "--quick/--full",
    default=True,
    help="A sample in two minutes (the default), or everything in up to two hours.",
)
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="PATTERN",
    help="Compare only these, such as 'tfidf-*' or '*, dense'.",
)
@tracking_option
@report_option
@core_hour_option
@lang_option
@reading_options
def compare(
    paths: tuple[str, ...],
    names: tuple[str, ...],
    quick: bool,
    models: tuple[str, ...],
    place: str,
    report: str | None,
    core_hour: float,
    lang: str,
    columns: dict[str, str],
    words: dict[str, str],
    encoding: str,
) -> None:
    """Compare models on labelled tweets: one set of splits, every run kept in MLflow.

    If it is killed, the same command continues it: finished runs are reused. Rows have a text and
    a label (negative, neutral or positive), and optionally a brand and a lang.

    \b
    Examples:
      badbuzz train compare --data ../shared/data --set airline --report airline.html
      badbuzz train compare --data mine.csv --data more.jsonl.gz --full
      badbuzz train compare --data mine.csv --map label=sentiment --label bad=negative
    """
    check_outputs([("--report", report)], [("--data", path) for path in paths])
    corpora = corpora_of(paths, names, ReadOptions(columns, words, lang, encoding))
    console = Console()
    tracking = Tracking(place)
    scale = QUICK if quick else FULL
    with progress_bars(console) as progress:
        comparisons = run(corpora, scale, tracking, progress, models)
    choices = [choose(one.records, core_hour) for one in comparisons]
    _show(console, comparisons, choices, core_hour)
    console.print(f"runs: {place}")
    if report:
        write_report(Path(report), comparisons, choices, scale, core_hour, place)
        console.print(f"report: {report}")


def _show(
    console: Console, comparisons: Sequence[Comparison], choices: Sequence[Choice], core_hour: float
) -> None:
    for one, choice in zip(comparisons, choices, strict=True):
        console.print(comparison_table(one, choice, core_hour, console.width))
        for note in one.corpus.notes:
            console.print(f"  · {note}", highlight=False)
        describe(choice, lambda line: console.print(line, highlight=False))
    n_resumed = sum(one.n_resumed for one in comparisons)
    if n_resumed:
        console.print(f"{n_resumed} finished runs were reused")


def corpora_of(paths: Sequence[str], names: Sequence[str], reading: ReadOptions) -> list[Corpus]:
    """Read the named sets of a folder, or a user's own files as one corpus."""
    folders = [path for path in paths if Path(path).is_dir()]
    if not folders:
        if names:
            raise SettingsError("--set: names sets of a folder; give the folder with --data")
        check_readable(paths)
        return [read_own(paths, reading)]
    if len(paths) > 1:
        raise RecordingError(f"{folders[0]}: give one folder, or files of your own")
    return named(Path(folders[0]), names)
