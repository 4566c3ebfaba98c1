"""Options of the commands that fold recorded tweets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import click

from backtest.cached_scorer import CachedScorer, LabelOracle
from backtest.run import Backtest, Run, Tally
from backtest.scores import cache_folder
from badbuzz.config.brands import read_brands
from badbuzz.config.settings import Settings
from badbuzz.detection.state import Rules
from badbuzz.errors import RecordingError
from badbuzz.models.scorer import ScorerSet
from badbuzz.recordings.reader import LabelledTweet, read_labelled
from badbuzz.recordings.rows import check_readable
from badbuzz.terminal.options import parse_labels, recording_options
from badbuzz.terminal.progress import ProgressDisplay
from badbuzz.terminal.rejects import RejectLog
from badbuzz.terminal.signals import SignalGuard

_Command = TypeVar("_Command", bound=Callable[..., Any])
_CLOSING_MS: Final = 600_000


def reading_options(command: _Command) -> _Command:
    """Add the options on reading files and on predictions."""
    for option in reversed(
        (
            click.option("--use-truth", is_flag=True, help="Use a person's label as prediction."),
            click.option(
                "--label",
                "labels",
                multiple=True,
                metavar="WORD=LABEL",
                callback=parse_labels,
                help="With --use-truth, the label that a word of the label column means: negative, "
                "neutral or positive; may be given several times.",
            ),
            click.option("--rescore", is_flag=True, help="Ignore recorded scores."),
            click.option("--no-cache", is_flag=True, help="Neither read nor write cached scores."),
            click.option("--quiet", is_flag=True, help="Show only errors and results."),
        )
    ):
        command = option(command)
    return recording_options(command)


@dataclass(slots=True)
class FoldOptions:
    """Recordings to fold, with the options on reading and predictions.

    Parameters
    ----------
    files
        Paths of the recordings.
    settings
        Settings of the worker: lateness, bundles, brands.
    options
        Values of :func:`reading_options` by name.
    """

    files: Sequence[str]
    settings: Settings
    options: dict[str, Any]

    def base(self, warmup_h: int | None = None) -> Callable[[str], Rules]:
        """Return the worker's rules of each brand, with another warm-up unless it is None."""
        default = Rules(
            lateness_ms=self.settings.lateness_s * 1000,
            warmup_hours=self.settings.warmup_h if warmup_h is None else warmup_h,
        )
        return read_brands(self.settings.brands, default).of

    def fold(self, runs: Sequence[Run], stopping: SignalGuard) -> Tally:
        """Fold every tweet in every run."""
        check_readable(self.files)
        options = self.options
        if options["labels"] and not options["use_truth"]:
            raise click.UsageError("--label requires --use-truth")
        scorer = self._scorer()
        lateness_ms = self.settings.lateness_s * 1000
        shown = not options["quiet"]
        with RejectLog() as rejects, ProgressDisplay(self.files, shown=shown) as display:
            backtest = Backtest(
                runs,
                scorer,
                _CLOSING_MS + lateness_ms,
                on_tick=lambda tally: display.update(tally.n_tweets, tally.last_ms, rejects.n),
                stopping=stopping,
            )
            try:
                tally = backtest.run(self._recorded(rejects, display))
            finally:
                warnings = scorer.close()
        display.print_line()
        rejects.report(shown=shown)
        if isinstance(scorer, LabelOracle) and not scorer.n_labelled and not tally.interrupted:
            raise RecordingError(
                f"{', '.join(self.files)}: no row has a label, which --use-truth requires; "
                "name the column of labels with --map label=COLUMN"
            )
        for warning in warnings:
            click.echo(f"badbuzz: {warning}", err=True)
        return tally

    def _scorer(self) -> CachedScorer | LabelOracle:
        if self.options["use_truth"]:
            return LabelOracle()
        folder = None if self.options["no_cache"] else cache_folder()
        scorers = ScorerSet.read(self.settings.bundles)
        return CachedScorer(scorers, folder, rescore=self.options["rescore"])

    def _recorded(self, rejects: RejectLog, display: ProgressDisplay) -> Iterator[LabelledTweet]:
        names = ("preset", "mapping", "brand", "lang", "sort")
        return read_labelled(
            self.files,
            **{name: self.options[name] for name in names},
            labels=self.options["labels"] if self.options["use_truth"] else None,
            lateness_ms=self.settings.lateness_s * 1000,
            author_key=self.settings.author_key,
            on_reject=rejects,
            on_open=display.opened,
        )
