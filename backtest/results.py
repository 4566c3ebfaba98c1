"""All that a backtest found: what the table, the JSON and the report are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backtest.compare import Change
from backtest.rules import Sweep
from backtest.run import Run, Tally
from badbuzz.detection.evaluation import Truth


@dataclass(frozen=True, slots=True)
class Findings:
    """What a backtest found.

    Parameters
    ----------
    files
        Names of the recordings.
    tally
        How much was read.
    runs
        One for each rule set; the first is shown in full.
    swept
        Sweeps, with a run for each value.
    changes
        From the first rule set to each of the others.
    truth
        What really happened, if anybody knows.
    as_live
        Whether the first rule set and its verdicts are the worker's own, so that a replay through
        Kafka would give its alerts.
    """

    files: Sequence[str]
    tally: Tally
    runs: Sequence[Run]
    swept: Sequence[tuple[Sweep, Sequence[Run]]]
    changes: Sequence[Change]
    truth: Truth | None
    as_live: bool = True
