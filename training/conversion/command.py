"""The command ``train convert``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import orjson
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Column, Table
from threadpoolctl import threadpool_limits

from badbuzz.errors import SettingsError
from badbuzz.models.bundle import FILES
from training.compare.candidates import Candidate, candidates
from training.compare.command import corpora_of
from training.compare.display import new_bars
from training.compare.scale import FULL, QUICK, Scale
from training.conversion.bundle import write_converted
from training.conversion.converted import Converted, conversions
from training.conversion.fitting import CandidateFitter, FittedCandidate
from training.conversion.forms import is_served, unserved_error
from training.datasets.corpus import NAMED, Corpus
from training.datasets.labelled import ReadOptions
from training.datasets.options import data_option, lang_option, reading_options
from training.datasets.rows import N_THREADS
from training.recipes.graph import FORMATS
from training.writing import check_place


@click.command()
@data_option
@click.option("--set", "name", type=click.Choice(list(NAMED)), help="The folder's set.")
@click.option(
    "--model",
    "models",
    required=True,
    multiple=True,
    metavar="NAME",
    help="Name in train compare, or a pattern such as 'tfidf-*'.",
)
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    help="Folder to write the bundle of one model to; nothing is written when not given.",
)
@click.option(
    "--format",
    "numbers",
    type=click.Choice(FORMATS),
    default=FORMATS[0],
    show_default=True,
    help="Number format of the bundle; all formats are measured.",
)
@click.option(
    "--quick/--full",
    default=False,
    help="A sample of the rows and small features, or everything (the default).",
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON lines.")
@lang_option
@reading_options
def convert(
    paths: tuple[str, ...],
    name: str | None,
    models: tuple[str, ...],
    out: Path | None,
    numbers: str,
    quick: bool,
    as_json: bool,
    lang: str,
    columns: dict[str, str],
    words: dict[str, str],
    encoding: str,
) -> None:
    """Fit one of the models of train compare, and write it as a bundle.

    A tenth of the rows is not trained on and calibrates the scores. The scores of the float32 graph
    on a thousand rows must equal the model's to a hundred-thousandth, or nothing is written.

    \b
    Examples:
      badbuzz train convert --data mine.csv --model 'fasttext-mean, dense' -o my-bundle
      badbuzz train convert --data mine.csv --model 'hashed, bag' -o small --format int8
      badbuzz train convert --data ../shared/data --set airline --model '*'
    """
    if out is not None:
        check_place(out, FILES)
    scale = QUICK if quick else FULL
    reading = ReadOptions(columns, words, lang, encoding)
    corpus = _corpus(corpora_of(paths, [name] if name else [], reading))
    corpus = corpus.sample(scale.most_rows).checked()
    chosen = _chosen(candidates(corpus, scale), models)
    if out is not None and len(chosen) > 1:
        raise SettingsError(f"--out: is for one model; --model fits {len(chosen)}: name one")
    console = Console(stderr=True)
    results = []
    for fitted, conversion in _converted(corpus, scale, chosen, console):
        results += conversion
        if as_json:
            click.echo(b"\n".join(orjson.dumps(one.figures) for one in conversion))
        if out is not None:
            (one,) = [one for one in conversion if one.numbers == numbers]
            scorer = write_converted(one, fitted, corpus, scale, out)
    if not as_json:
        Console().print(_table(results))
    if out is not None:
        console.print(f"{scorer.version}, {numbers}: written to {out}", highlight=False)


def _converted(
    corpus: Corpus, scale: Scale, chosen: Sequence[Candidate], console: Console
) -> Iterator[tuple[FittedCandidate, list[Converted]]]:
    """Convert each model in turn, with a progress bar."""
    with threadpool_limits(N_THREADS), new_bars(console) as progress:
        task = progress.add_task("splits", total=2 * len(chosen))
        fitting = CandidateFitter(corpus, scale)
        for candidate in chosen:
            progress.update(task, description=f"{candidate.name}: fit")
            fitted = fitting.fit(candidate)
            progress.update(task, advance=1, description=f"{candidate.name}: convert")
            yield fitted, conversions(fitted)
            progress.advance(task)


def _corpus(corpora: Sequence[Corpus]) -> Corpus:
    if len(corpora) > 1:
        names = ", ".join(one.name for one in corpora)
        raise SettingsError(f"--data: holds {names}: choose one with --set")
    return corpora[0]


def _chosen(known: Sequence[Candidate], patterns: Sequence[str]) -> list[Candidate]:
    fits = [one for one in known if one.matches(patterns)]
    if not fits:
        names = "; ".join(one.name for one in known if is_served(one.classifier))
        raise SettingsError(f"--model {patterns[0]}: matches none of {names}")
    served = [one for one in fits if is_served(one.classifier)]
    if not served:
        raise unserved_error(fits[0].name, fits[0].classifier)
    return served


def _table(results: Sequence[Converted]) -> Table:
    table = Table(
        Column("model", no_wrap=True), "format", "gap", "accuracy", "before", "MB", "tweets/CPU-s",
        box=SIMPLE,
    )  # fmt: skip
    for one in results:
        table.add_row(
            one.model,
            one.numbers,
            f"{one.gap:.1e}",
            f"{one.quality['accuracy']:.4f}",
            f"{one.source_accuracy:.4f}",
            f"{one.n_bytes / 1e6:.2f}",
            f"{one.tweets_per_s:,.0f}",
        )
    return table
