"""The command ``train bert``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import Console

from badbuzz.errors import RecordingError
from badbuzz.recordings.outputs import check_outputs
from badbuzz.recordings.rows import RecordingFile
from training.bert.display import COSTS, QUALITY, cost_rows, narrowed_table, quality_rows
from training.bert.folder import read_encoder, shipped_folder
from training.bert.report import write_report
from training.bert.result import Assessment
from training.bert.run import compare_encoder, costs, unlabelled_texts
from training.bert.tuning import Tuning
from training.compare.command import (
    core_hour_option,
    corpora_of,
    report_option,
    tracking_option,
)
from training.compare.display import progress_bars
from training.compare.tracking import Tracking
from training.datasets.corpus import NAMED, Corpus
from training.datasets.labelled import ReadOptions
from training.datasets.options import data_option, lang_option, reading_options


@click.command()
@data_option
@click.option(
    "--set",
    "name",
    default="airline",
    show_default=True,
    type=click.Choice(list(NAMED)),
    help="Set of the folder.",
)
@click.option(
    "--encoder",
    "folder",
    type=click.Path(path_type=Path),
    help="Hugging Face folder of a BERT; the installed MiniLM when not given.",
)
@click.option(
    "--layers", "n_layers", default=3, show_default=True, type=click.IntRange(1),
    help="Top layers to tune.",
)  # fmt: skip
@click.option(
    "--epochs", "n_epochs", default=2, show_default=True, type=click.IntRange(1),
    help="Epochs over the training rows.",
)  # fmt: skip
@click.option(
    "--most-tokens", default=64, show_default=True, type=click.IntRange(8),
    help="Tokens of a text to read.",
)  # fmt: skip
@click.option(
    "--beside", "n_beside", default=0, show_default=True, type=click.IntRange(0),
    help="Rows of the champion's larger corpus to tune on first, if it has one.",
)  # fmt: skip
@click.option("--rows", "n_rows", type=click.IntRange(1), help="Number of rows to sample.")
@click.option(
    "--folds", "n_folds", default=1, show_default=True, type=click.IntRange(1, 5),
    help="Random fifths to test in turn.",
)  # fmt: skip
@click.option(
    "--unseen", multiple=True, metavar="BRAND",
    help="Brand to leave out and test on; the one of the bundle's card, or the largest, if none.",
)  # fmt: skip
@click.option("--distil", is_flag=True, help="Distil the encoder into the champion's recipe.")
@click.option(
    "--unlabelled",
    type=click.Path(exists=True, dir_okay=False),
    help="Texts to distil with, in the same columns; Sentiment140's for English rows.",
)
@tracking_option
@report_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@core_hour_option
@lang_option
@reading_options
def bert(
    paths: tuple[str, ...],
    name: str,
    folder: Path | None,
    n_layers: int,
    n_epochs: int,
    most_tokens: int,
    n_beside: int,
    n_rows: int | None,
    n_folds: int,
    unseen: tuple[str, ...],
    distil: bool,
    unlabelled: str | None,
    place: str,
    report: str | None,
    as_json: bool,
    core_hour: float,
    **how: Any,
) -> None:
    """Compare a pretrained BERT encoder with the recipe of the shipped bundles.

    The encoder is compared frozen under a linear head, and with its top layers tuned, on the splits
    of train compare. Runs are kept in MLflow, and the cost of serving is measured. If it is killed,
    the same command continues it.

    \b
    Examples:
      badbuzz train bert --data ../shared/data --report bert.html
      badbuzz train bert --data ../shared/data --unseen Southwest --distil
      badbuzz train bert --data mine.csv --encoder ./my-bert --rows 2000 --json
    """
    inputs = [("--data", path) for path in paths] + [("--unlabelled", unlabelled)]
    check_outputs([("--report", report)], inputs)
    folder = folder or shipped_folder()
    encoder = read_encoder(folder, most_tokens)
    tuning = Tuning(n_layers=n_layers, n_epochs=n_epochs, n_beside=n_beside)
    reading = ReadOptions(**how)
    corpus = _corpus(paths, name, reading).sample(n_rows)
    texts = _unlabelled(corpus, unlabelled, reading) if distil or unlabelled else None
    console = Console(stderr=as_json)
    with progress_bars(console) as progress:
        views = compare_encoder(
            corpus, encoder, tuning, texts, Tracking(place), progress,
            n_folds=n_folds, unseen=unseen,
        )  # fmt: skip
    with console.status("measuring the cost of serving"):
        cost = costs(corpus, encoder, folder)
    assessment = Assessment(corpus, encoder, tuning, views, cost, core_hour, place)
    _output(assessment, console, report, as_json=as_json)


def _output(assessment: Assessment, console: Console, report: str | None, *, as_json: bool) -> None:
    """Print the result and write the report."""
    if as_json:
        click.echo(orjson.dumps(assessment.plain()))
    else:
        _show(console, assessment)
    if report:
        write_report(Path(report), assessment)
        console.print(f"report: {report}")


def _show(console: Console, assessment: Assessment) -> None:
    for one in assessment.views:
        title = (
            f"{assessment.corpus.name}, {one.name}: {len(one.models[0].record.scores):,} test rows"
        )
        console.print(narrowed_table(title, QUALITY, quality_rows(one.models), console.width))
    title = "serving, CPU time on one thread; money for a month (cores)"
    rows = cost_rows(assessment.costs, assessment.core_hour)
    console.print(narrowed_table(title, COSTS, rows, console.width))
    champion = assessment.views[0].models[0].record.model
    for note in (f"the champion is {champion}", *assessment.corpus.notes):
        console.print(f"  · {note}", highlight=False)
    conclusion, *reasons = assessment.conclusion
    console.print(f"[bold]{conclusion}[/bold]", highlight=False)
    for reason in reasons:
        console.print(f"  · {reason}", highlight=False)
    n_resumed = sum(one.comparison.n_resumed for one in assessment.views)
    if n_resumed:
        console.print(f"{n_resumed} finished runs were reused")
    console.print(f"runs: {assessment.place}")


def _corpus(paths: Sequence[str], name: str, reading: ReadOptions) -> Corpus:
    names = [name] if any(Path(path).is_dir() for path in paths) else []
    return corpora_of(paths, names, reading)[0]


def _unlabelled(corpus: Corpus, path: str | None, reading: ReadOptions) -> list[str]:
    if path is None:
        return unlabelled_texts(corpus, None)
    column = reading.columns.get("text", "text")
    source = RecordingFile(path)
    texts = []
    for row in source.rows(source.form, encoding=reading.encoding or "utf-8"):
        text = row.fields.get(column) if isinstance(row.fields, dict) else None
        if not isinstance(text, str):
            raise RecordingError(
                f"{path}:{row.line}: has no {column}: name the column with --map text=COLUMN"
            )
        texts.append(text)
    return unlabelled_texts(corpus, texts)
