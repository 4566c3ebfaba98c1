"""The command ``backtest``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import Console

from backtest import table
from backtest.cards import summary
from backtest.caveats import doubts, unwatched
from backtest.compare import compare
from backtest.options import FoldOptions, reading_options
from backtest.results import Findings
from backtest.rules import RuleSet, read_rules, read_sweep
from backtest.run import Run
from badbuzz import wire
from badbuzz.config.settings import Settings
from badbuzz.detection.state import Rules
from badbuzz.recordings.outputs import check_outputs, file_errors
from badbuzz.recordings.truth import read_truth
from badbuzz.terminal.options import Hours
from badbuzz.terminal.signals import SignalGuard

_WIDTH = 110


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--truth", "truth_file", metavar="FILE", help="What really happened, as JSON.")
@click.option(
    "--rules",
    "rules_files",
    multiple=True,
    metavar="FILE",
    help="Another way of watching, as TOML; several are compared.",
)
@click.option(
    "--sweep",
    "sweeps",
    multiple=True,
    metavar="FIELD=FIRST:LAST:STEP",
    help="Try a number of the rules at every step.",
)
@click.option(
    "--warmup",
    "warmup_h",
    type=Hours(),
    metavar="HOURSh",
    help="Hours with tweets before alerts count.  [default: BADBUZZ_WARMUP_H]",
)
@click.option("--alerts", "alerts_file", metavar="FILE", help="Write alerts here, as JSON lines.")
@click.option("--report", "report_file", metavar="FILE.html", help="Write a report to look at.")
@click.option("--json", "as_json", is_flag=True, help="Sum up as one JSON object.")
@reading_options
def backtest(files: tuple[str, ...], as_json: bool, **options: Any) -> None:
    """Fold recorded tweets as the worker would, and say which alerts there would have been.

    FILE is what badbuzz replay reads; tweets that carry a score are taken at their word. The
    alerts are those of a replay through Kafka, to the byte. Scores are kept in the user's cache
    folder, so that trying other rules takes seconds.

    A rules file has fields of the rules as keys, for every brand or in a table of one:

    \b
      theta = 3.65
      [brand."Air Paradis"]
      theta = 5.0

    With several rules files the alerts of the second and further ones are written beside the
    first's, with the rules' name in the file's.

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
    shown = bool(options["report_file"])
    runs = [Run(rules, base, keeps_windows=shown and rules is rule_sets[0]) for rules in rule_sets]
    swept = [
        (sweep, [_step(rule_sets[0].at(sweep.name, value), base) for value in sweep.values])
        for sweep in map(read_sweep, options["sweeps"])
    ]
    with SignalGuard() as stopping:
        tally = reading.fold([*runs, *(run for _, its in swept for run in its)], stopping)
        if tally.interrupted:
            click.echo("badbuzz: interrupted; nothing was written", err=True)
            sys.exit(128 + stopping.signal)
    changes = [compare(runs[0], run) for run in runs[1:]]
    found = Findings(files, tally, runs, swept, changes, truth, as_live=_as_live(options))
    _tell(found, options, as_json=as_json)


def _as_live(options: dict[str, Any]) -> bool:
    """Whether no option asks for other rules or verdicts than the worker's."""
    others = ("rules_files", "sweeps", "use_truth")
    return options["warmup_h"] is None and not any(options[name] for name in others)


def _tell(found: Findings, options: dict[str, Any], *, as_json: bool) -> None:
    """Write what was asked for, and sum up."""
    for doubt in doubts(found):
        click.echo(f"badbuzz: {doubt}", err=True)
    if options["alerts_file"]:
        _write_alerts(options["alerts_file"], found.runs)
    if options["report_file"]:
        from backtest.report import write_report  # noqa: PLC0415 - Jinja takes a while to import

        write_report(options["report_file"], found)
    if as_json:
        if told := unwatched(found.runs[0]):
            click.echo(f"badbuzz: {told}", err=True)
        click.echo(orjson.dumps(summary(found)))
        return
    console = Console()
    table.show(console if console.is_terminal else Console(width=_WIDTH), found)


def _check_outputs(
    files: Sequence[str], rule_sets: Sequence[RuleSet], options: dict[str, Any]
) -> None:
    """Refuse what cannot be written, or would overwrite what is read, before any work."""
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
    """Where a rule set's alerts go: the first one's into the file itself."""
    named = Path(path)
    return named.with_suffix(f".{rules.name}{named.suffix}") if number else named


def _step(rules: RuleSet, base: Callable[[str], Rules]) -> Run:
    return Run(rules, base, keeps_windows=False)


def _rule_sets(paths: Sequence[str]) -> list[RuleSet]:
    """One for each file, each with a name of its own; the brands file's rules without any."""
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
