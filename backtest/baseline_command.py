"""The command ``baseline build``: learn the baselines of brands from recorded tweets."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from backtest.options import FoldOptions, reading_options
from backtest.rules import RuleSet
from backtest.run import Run
from badbuzz.config.settings import Settings
from badbuzz.detection.baseline_file import encode_baselines, extract_baseline
from badbuzz.detection.state import BrandState, Rules
from badbuzz.messages.text import counted
from badbuzz.recordings.outputs import check_outputs, write_atomically
from badbuzz.terminal.signals import SignalGuard


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "-o", "--output", required=True, metavar="FILE.json", help="Write the baselines here."
)
@reading_options
def build(files: tuple[str, ...], output: str, **options: Any) -> None:
    """Learn the baselines of brands from recorded tweets.

    FILE is a recording as badbuzz replay reads it, of a week or more. The result is the baseline
    that the worker would have after the recording. badbuzz baseline load copies it into a worker's
    state, so that a new brand is watched from its first day.

    \b
    Examples:
      badbuzz baseline build month.jsonl.gz -o baseline.json
      badbuzz baseline build Tweets.csv --sort --use-truth -o baseline.json
    """
    check_outputs([("-o", output)], [("FILE", path) for path in files])
    reading = FoldOptions(files, Settings.read(), options)
    run = Run(RuleSet("as set"), reading.base(), keeps_windows=False)
    with SignalGuard() as stopping:
        if reading.fold([run], stopping).interrupted:
            click.echo("badbuzz: interrupted; nothing was written", err=True)
            sys.exit(128 + stopping.signal)
    rules_of = run.fold.rules_of
    states = [state for state in run.fold.brands.values() if state.n_hours]
    histories = [extract_baseline(state, str(rules_of(state.brand).zone)) for state in states]
    write_atomically(output, encode_baselines(histories, [Path(name).name for name in files]))
    if not options["quiet"]:
        for state in sorted(states, key=lambda state: state.brand):
            click.echo(_sentence(state, rules_of(state.brand)))


def _sentence(state: BrandState, rules: Rules) -> str:
    usual = (
        f"{state.brand}: {counted(state.n_hours, 'hour')} with tweets, "
        f"{counted(state.n_negative_seen, 'negative')}; "
        f"mean {state.baseline.level:.1f} per five minutes, {state.baseline.rate * 100:.0f} %"
    )
    if state.warm(rules):
        return usual
    hours = max(rules.warmup_hours - state.n_hours, 0)
    negatives = max(rules.warmup_negatives - state.n_negative_seen, 0)
    lacking = f"{counted(hours, 'hour')} and {counted(negatives, 'negative')}"
    return f"{usual}; the warm-up needs {lacking} more"
