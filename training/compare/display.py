"""Terminal output of a comparison: progress bars, a table and a choice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from rich.box import SIMPLE
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Table

from training.compare.choice import Choice, difference, price_per_million, ranked
from training.compare.comparison import Comparison
from training.compare.record import Record

COLUMNS: Final = (
    "model", "accuracy", "vs best, 95 %", "macro-F1", "F1 neg.", "AUC", "AP", "ECE",
    "share off", "adjusted", "fit CPU-s", "µs/text", "per million", "MB",
)  # fmt: skip
"""Columns of the table; the shares are the largest bias at a true share of 0.2, 0.5 or 0.8."""

_NARROW: Final = ("model", "accuracy", "vs best, 95 %", "AUC", "ECE", "µs/text")
_WIDE: Final = 150


class ProgressBars:
    """Progress bars of a running comparison, one for each view."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._task: TaskID | None = None
        self._title = ""

    def begin(self, corpus: str, view: str, n_folds: int) -> None:
        """Show a bar."""
        self.finish()
        self._title = f"{corpus}, {view}"
        self._task = self._bars.add_task(self._title, total=n_folds)

    def trying(self, model: str) -> None:
        """Show the name of the model that is fitted."""
        if self._task is not None:
            self._bars.update(self._task, description=f"{self._title}: {model}")

    def step(self, n_folds: int = 1) -> None:
        """Move the bar."""
        if self._task is not None:
            self._bars.advance(self._task, n_folds)

    def finish(self) -> None:
        """End the progress display."""
        if self._task is not None:
            self._bars.update(self._task, description=self._title)


def new_bars(console: Console) -> Bars:
    """Return progress bars with a count of steps."""
    return Bars(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=console,
    )  # fmt: skip


@contextmanager
def progress_bars(console: Console) -> Iterator[ProgressBars]:
    """Show progress bars while a comparison runs."""
    with new_bars(console) as bars:
        progress = ProgressBars(bars)
        yield progress
        progress.finish()


def comparison_table(comparison: Comparison, choice: Choice, core_hour: float, width: int) -> Table:
    """Return a table of a view's models, the best first, the chosen one marked.

    Parameters
    ----------
    width
        Width of the terminal in characters; a narrow one gets fewer columns.
    """
    n_rows = len(comparison.records[0].scores)
    title = f"{comparison.corpus.name}, {comparison.view.name}: {n_rows:,} test rows"
    shown_columns = [
        place for place, name in enumerate(COLUMNS) if width >= _WIDE or name in _NARROW
    ]
    table = new_table(title, [COLUMNS[place] for place in shown_columns])
    for row, record in zip(
        rows(comparison, choice, core_hour), ranked(comparison.records), strict=True
    ):
        cells = [row[place] for place in shown_columns]
        table.add_row(*cells, style="bold" if record is choice.chosen else None)
    return table


def new_table(title: str, columns: Sequence[str]) -> Table:
    """Return a table without rows; all columns but the first are right-aligned."""
    table = Table(title=title, box=SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    for place, name in enumerate(columns):
        table.add_column(name, justify="right" if place else "left", no_wrap=True)
    return table


def rows(comparison: Comparison, choice: Choice, core_hour: float) -> list[tuple[str, ...]]:
    """Return the cells of that table."""
    return [_cells(record, choice, core_hour) for record in ranked(comparison.records)]


def _cells(record: Record, choice: Choice, core_hour: float) -> tuple[str, ...]:
    figures = record.figures
    against = difference(record, choice.best)
    interval = f"{100 * against.low:+.1f} … {100 * against.high:+.1f}"
    return (
        record.model,
        f"{figures['accuracy']:.3f}",
        "best" if record is choice.best else interval,
        f"{figures['macro_f1']:.3f}",
        f"{figures['f1_negative']:.3f}",
        f"{figures['auc']:.3f}",
        f"{figures['average_precision']:.3f}",
        f"{figures['ece']:.3f}",
        _largest(record, "share_bias_plain_"),
        _largest(record, "share_bias_adjusted_"),
        f"{figures['train_cpu_s']:.1f}",
        f"{figures['score_cpu_us']:.0f}",
        f"{price_per_million(record, core_hour):.2g}",
        f"{figures['n_bytes'] / 1e6:.1f}",
    )


def _largest(record: Record, prefix: str) -> str:
    """Return the bias with the largest absolute value."""
    biases = [value for name, value in record.figures.items() if name.startswith(prefix)]
    return f"{max(biases, key=abs):+.2f}"


def describe(choice: Choice, write: Callable[[str], None]) -> None:
    """Describe the choice in sentences."""
    write(f"[bold]choice: {choice.chosen.model}[/bold]")
    for reason in choice.reasons:
        write(f"  · {reason}")
