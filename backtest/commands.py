"""The command ``backtest``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import Console

from backtest import table
from backtest.cards import summary
from backtest.caveats import caveats, unwatched
from backtest.options import FoldOptions, reading_options
from backtest.results import BacktestResult, compare
from backtest.rules import RuleSet, read_rules, read_sweep
from backtest.run import Run
from badbuzz import wire
from badbuzz.config.settings import Settings
from badbuzz.recordings.outputs import check_outputs, file_errors
from badbuzz.recordings.truth import read_truth
from badbuzz.terminal.options import Hours
from badbuzz.terminal.signals import SignalGuard

_WIDTH = 110


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--truth", "truth_file", metavar="FILE", help="Incidents that happened, as JSON.")
@click.option(
    "--rules",
    "rules_files",
    multiple=True,
    metavar="FILE",
    help="Rules to use, as TOML; several files are compared.",
)
@click.option(
    "--sweep",
    "sweeps",
    multiple=True,
    metavar="FIELD=FIRST:LAST:STEP",
    help="Run once for every value of a numeric rule.",
)
@click.option(
    "--warmup",
    "warmup_h",
    type=Hours(),
    metavar="HOURSh",
    help="Hours with tweets before alerts count.  [default: BADBUZZ_WARMUP_H]",
)
@click.option("--alerts", "alerts_file", metavar="FILE", help="Write alerts here, as JSON lines.")
@click.option("--report", "report_file", metavar="FILE.html", help="Write an HTML report.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@reading_options
def backtest(files: tuple[str, ...], as_json: bool, **options: Any) -> None:
    """Fold recorded tweets as the worker would, and show the alerts.

    FILE is a recording as badbuzz replay reads it; a score that was recorded with a tweet is used
    as it is. The alerts are identical, byte for byte, to those of a replay through Kafka. Scores
    are cached in the user's cache folder, so that another run with other rules takes seconds.

    A rules file sets rules for every brand, or for one brand in a table:

    \b
      theta = 3.65
      [brand."Air Paradis"]
      theta = 5.0

    With several rules files, --alerts writes one file for each; the names of the second and
    further files contain the name of the rules.

    \b
    Examples:
      badbuzz backtest week.jsonl.gz
      badbuzz backtest week.jsonl --truth week.jsonl.truth.json --report week.html
      badbuzz backtest week.jsonl --rules calm.toml --rules keen.toml
      badbuzz backtest week.jsonl --truth truth.json --sweep theta=3.5:5:0.25
      badbuzz backtest labelled.jsonl --use-truth --warmup 36h --json
    """
    settings = Settings.read()
    rule_sets = _rule_sets(options["rules_files"])
    _check_outputs(files, rule_sets, options)
    truth = read_truth(options["truth_file"]) if options["truth_file"] else None
    reading = FoldOptions(files, settings, options)
    base = reading.base(options["warmup_h"])
    has_report = bool(options["report_file"])
    runs = [
        Run(rules, base, keeps_windows=has_report and rules is rule_sets[0]) for rules in rule_sets
    ]
    swept = [
        (sweep, [Run(rule_sets[0].at(sweep.name, value), base) for value in sweep.values])
        for sweep in map(read_sweep, options["sweeps"])
    ]
    with SignalGuard() as stopping:
        tally = reading.fold(
            [*runs, *(run for _, sweep_runs in swept for run in sweep_runs)], stopping
        )
        if tally.interrupted:
            click.echo("badbuzz: interrupted; nothing was written", err=True)
            sys.exit(128 + stopping.signal)
    diffs = [compare(runs[0], run) for run in runs[1:]]
    result = BacktestResult(files, tally, runs, swept, diffs, truth, as_live=_as_live(options))
    _write(result, options, as_json=as_json)


def _as_live(options: dict[str, Any]) -> bool:
    """Tell whether rules and predictions are the worker's."""
    others = ("rules_files", "sweeps", "use_truth")
    return options["warmup_h"] is None and not any(options[name] for name in others)


def _write(result: BacktestResult, options: dict[str, Any], *, as_json: bool) -> None:
    """Write alerts and report if asked for, and print the result."""
    for caveat in caveats(result):
        click.echo(f"badbuzz: {caveat}", err=True)
    if options["alerts_file"]:
        _write_alerts(options["alerts_file"], result.runs)
    if options["report_file"]:
        from backtest.report import write_report  # noqa: PLC0415 - Jinja takes a while to import

        write_report(options["report_file"], result)
    if as_json:
        if reason := unwatched(result.runs[0]):
            click.echo(f"badbuzz: {reason}", err=True)
        click.echo(orjson.dumps(summary(result)))
        return
    console = Console()
    table.show(console if console.is_terminal else Console(width=_WIDTH), result)


def _check_outputs(
    files: Sequence[str], rule_sets: Sequence[RuleSet], options: dict[str, Any]
) -> None:
    """Raise an error for an output that cannot be written or would overwrite an input."""
    alerts = options["alerts_file"]
    targets = [_alerts_target(alerts, rules, n) for n, rules in enumerate(rule_sets) if alerts]
    check_outputs(
        [("--report", options["report_file"]), *(("--alerts", str(path)) for path in targets)],
        [
            *(("FILE", path) for path in files),
            *(("--rules", path) for path in options["rules_files"]),
            ("--truth", options["truth_file"]),
        ],
    )


def _alerts_target(path: str, rules: RuleSet, number: int) -> Path:
    """Return the file of a rule set's alerts: ``path`` itself for the first rule set."""
    first = Path(path)
    return first.with_suffix(f".{rules.name}{first.suffix}") if number else first


def _rule_sets(paths: Sequence[str]) -> list[RuleSet]:
    """Read the rules files; without any, return the rules of the brands file."""
    rule_sets = [read_rules(path) for path in paths] or [RuleSet("as set")]
    names = [rules.name for rules in rule_sets]
    if len(set(names)) < len(names):
        raise click.UsageError(f"--rules: give files of different names, found {', '.join(names)}")
    return rule_sets


def _write_alerts(path: str, runs: Sequence[Run]) -> None:
    for number, run in enumerate(runs):
        target = _alerts_target(path, run.rules, number)
        lines = b"".join(wire.encode_alert(alert) + b"\n" for alert in run.alerts)
        with file_errors(target):
            target.write_bytes(lines)
