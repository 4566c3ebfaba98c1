"""Command ``train retrain``."""

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
from badbuzz.models.bundle import FILES
from badbuzz.recordings.outputs import check_outputs, write_text
from badbuzz.store.database import Store, describe_address
from badbuzz.store.model import Feedback
from training.datasets.labelled import ReadOptions
from training.datasets.options import reading_options
from training.registry.commands import as_json_option, open_registry, who_option
from training.retrain import messages
from training.retrain.base import read_base
from training.retrain.run import NO_HELDOUT_SET, RetrainingResult, prepare_data, read_snapshot
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
    "--language", "--lang", "language", default="en", show_default=True, help="Model language."
)
@click.option("--store", "address", help="Store with the corrections.  [default: BADBUZZ_STORE]")
@click.option(
    "--without-corrections", is_flag=True, help="Train on the base data only, for a first champion."
)
@click.option(
    "--per-author",
    type=click.IntRange(1),
    default=_PER_AUTHOR,
    show_default=True,
    help="Largest number of texts of one person that count: the latest ones.",
)
@click.option(
    "--quarantine",
    "quarantine_file",
    metavar="FILE",
    help="Write rejected corrections here.  [default: quarantine-LANGUAGE.jsonl]",
)
@click.option("--report", "report_file", metavar="FILE.html", help="Write an HTML report.")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Write the bundle here as well.")
@click.option("--promote-if-better", is_flag=True, help="Promote it if it passes and is better.")
@click.option(
    "--shipped-recipe", is_flag=True, help="Train it even if the champion has another recipe."
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
    """Train the champion's recipe on the base data and the corrections, as a challenger.

    The command suits a schedule: the same data are trained on only once. With --promote-if-better
    the challenger is promoted if it passes every check of badbuzz models promote and is right more
    often than the champion on the held-out corrections. The exit code is 0 even if the challenger
    is not better.

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
    with _locked(paths[0]), TemporaryDirectory(prefix="badbuzz-champion-") as folder:
        base = read_base(paths, ReadOptions(lang=language, **how))
        feedback = [] if without_corrections else _feedback(address, console)
        registry = open_registry()
        snapshot = read_snapshot(registry, language, Path(folder))
        if promote_if_better and snapshot.heldout is None:
            raise RegistryError(f"--promote-if-better: {NO_HELDOUT_SET.format(language)}")
        data = prepare_data(base, feedback, snapshot, per_author, shipped=shipped_recipe)
        _note(console, [*base.notes, *messages.counts(data)])
        write_text(quarantine_file, messages.quarantine(data.curated.rejected))
        with _steps(console, data.base.recipe.name) as begin:
            promoter = who if promote_if_better else None
            outcome = run(registry, data, snapshot, out, promoter, begin)
    if data.curated.rejected:
        console.print(f"quarantine: {quarantine_file}", highlight=False)
    _output(outcome, console, report_file, as_json=as_json)


def _output(
    outcome: RetrainingResult, console: Console, report_file: str | None, *, as_json: bool
) -> None:
    """Write the report and print the result."""
    if report_file:
        messages.write_report(Path(report_file), outcome)
        console.print(f"report: {report_file}", highlight=False)
    if as_json:
        click.echo(orjson.dumps(messages.plain(outcome)))
    else:
        messages.show(Console(), outcome)


def _feedback(address: str | None, console: Console) -> list[Feedback]:
    """Read all corrections and answers of the store."""
    address = address or Settings.read().store
    with Store.open(address, create=False) as store:
        console.print(f"store: {describe_address(address)}", highlight=False)
        return store.feedback(0, _FOREVER_MS)


def _note(console: Console, lines: Iterable[str]) -> None:
    for line in lines:
        console.print(f"  · {line}", highlight=False, soft_wrap=True)


@contextmanager
def _locked(path: str) -> Iterator[None]:
    """Lock the base data, so that only one retraining on this machine uses them at a time.

    Raises
    ------
    RecordingError
        Another retraining has the lock.
    """
    with ExitStack() as stack:
        try:
            descriptor = os.open(path, os.O_RDONLY)
            stack.callback(os.close, descriptor)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RecordingError(
                f"{path}: another retraining uses it: wait until that has ended"
            ) from error
        except OSError as error:
            raise RecordingError(f"{path}: cannot be read: {error.strerror}") from error
        yield


@contextmanager
def _steps(console: Console, title: str) -> Iterator[Callable[[int], Callable[[], None]]]:
    """Show a progress bar once the number of steps is known."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bars:

        def begin(n_steps: int) -> Callable[[], None]:
            task = bars.add_task(f"{title}: fit, test, convert", total=n_steps)
            return lambda: bars.advance(task)

        yield begin
