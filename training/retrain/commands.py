"""The command ``train retrain``."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import click
import orjson
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from badbuzz.config.settings import Settings
from badbuzz.errors import RecordingError, RegistryError
from badbuzz.models.scorer import FILES
from badbuzz.recordings.outputs import check_outputs, write_text
from badbuzz.store.database import Store, describe_address
from badbuzz.store.model import Feedback
from training.datasets.labelled import ReadOptions
from training.datasets.options import reading_options
from training.registry.commands import as_json_option, open_registry, who_option
from training.retrain import messages
from training.retrain.base import read_base
from training.retrain.report import write_report
from training.retrain.run import UNFROZEN, gather, stand
from training.retrain.run import retrain as run
from training.writing import check_place

_PER_AUTHOR: Final = 200
_FOREVER_MS: Final = 2**63 - 1


@click.command()
@click.option(
    "--data",
    "paths",
    required=True,
    multiple=True,
    metavar="FILE|FOLDER",
    help="Labelled JSON lines or CSV, or the folder that the shipped bundles are built from.",
)
@click.option(
    "--language", "--lang", "language", default="en", show_default=True, help="Of the model."
)
@click.option("--store", "address", help="Of the corrections.  [default: BADBUZZ_STORE]")
@click.option(
    "--without-corrections", is_flag=True, help="Of the base data alone: a first champion."
)
@click.option(
    "--per-author",
    type=click.IntRange(1),
    default=_PER_AUTHOR,
    show_default=True,
    help="Texts of one person that count at most; the latest do.",
)
@click.option(
    "--quarantine",
    "quarantine_file",
    metavar="FILE",
    help="Where words that are left out go.  [default: quarantine-LANGUAGE.jsonl]",
)
@click.option("--report", "report_file", metavar="FILE.html", help="Write a report to look at.")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Keep the bundle here as well.")
@click.option("--promote-if-better", is_flag=True, help="Let it serve, if it passes and is better.")
@click.option(
    "--shipped-recipe", is_flag=True, help="Train that, although the champion has another."
)
@as_json_option
@who_option
@reading_options
def retrain(
    paths: tuple[str, ...],
    language: str,
    address: str | None,
    without_corrections: bool,
    per_author: int,
    quarantine_file: str | None,
    report_file: str | None,
    out: Path | None,
    promote_if_better: bool,
    shipped_recipe: bool,
    as_json: bool,
    who: str,
    **how: Any,
) -> None:
    """Learn from corrections and answers: train the champion's recipe anew, as a challenger.

    Made for a schedule: the same data again are said to be nothing new, and trained on once.
    Promoted is only with --promote-if-better what passes every check of badbuzz models promote
    and is more often right than the champion on corrections that were kept to test on. Not to be
    better is no error.

    \b
    Examples:
      badbuzz train retrain --data mine.jsonl --without-corrections --promote-if-better
      badbuzz train retrain --data mine.jsonl --language en --report retrained.html
      badbuzz train retrain --data ../shared/data --language fr --promote-if-better
    """
    quarantine_file = quarantine_file or f"quarantine-{language}.jsonl"
    outputs = [("--report", report_file), ("--quarantine", quarantine_file)]
    check_outputs(outputs, [("--data", path) for path in paths])
    if out is not None:
        check_place(out, FILES)
    console = Console(stderr=True)
    with _alone(paths[0]), TemporaryDirectory(prefix="badbuzz-champion-") as folder:
        base = read_base(paths, ReadOptions(lang=language, **how))
        said = [] if without_corrections else _said(address, console)
        registry = open_registry()
        standing = stand(registry, language, Path(folder))
        if promote_if_better and standing.frozen is None:
            raise RegistryError(f"--promote-if-better: {UNFROZEN.format(language)}")
        gathered = gather(base, said, standing, per_author, shipped=shipped_recipe)
        _note(console, [*base.notes, *messages.counts(gathered)])
        write_text(quarantine_file, messages.quarantine(gathered.sieved.left))
        with _steps(console, gathered.base.recipe.name) as begin:
            promoter = who if promote_if_better else None
            outcome = run(registry, gathered, standing, out, promoter, begin)
    if gathered.sieved.left:
        console.print(f"quarantine: {quarantine_file}", highlight=False)
    if report_file:
        write_report(Path(report_file), outcome)
        console.print(f"report: {report_file}", highlight=False)
    if as_json:
        click.echo(orjson.dumps(messages.plain(outcome)))
    else:
        messages.show(Console(), outcome)


def _said(address: str | None, console: Console) -> list[Feedback]:
    """Everything that anybody said."""
    address = address or Settings.read().store
    with Store.open(address, create=False) as store:
        console.print(f"store: {describe_address(address)}", highlight=False)
        return store.feedback(0, _FOREVER_MS)


def _note(console: Console, lines: Iterable[str]) -> None:
    for line in lines:
        console.print(f"  · {line}", highlight=False, soft_wrap=True)


@contextmanager
def _alone(path: str) -> Iterator[None]:
    """One retraining of the same base data at a time, on this machine.

    Raises
    ------
    RecordingError
        When another one is at it.
    """
    with ExitStack() as held:
        try:
            descriptor = os.open(path, os.O_RDONLY)
            held.callback(os.close, descriptor)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RecordingError(
                f"{path}: another retraining learns from it now: wait until it has ended"
            ) from error
        except OSError as error:
            raise RecordingError(f"{path}: cannot be read: {error.strerror}") from error
        yield


@contextmanager
def _steps(console: Console, title: str) -> Iterator[Callable[[int], Callable[[], None]]]:
    """A bar that appears when it is known how long it is."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bars:

        def begin(n_steps: int) -> Callable[[], None]:
            task = bars.add_task(f"{title}: fit, test, convert", total=n_steps)
            return lambda: bars.advance(task)

        yield begin
