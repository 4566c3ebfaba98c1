"""The command ``errors``."""

from __future__ import annotations

import time
from typing import Final

import click
import orjson
from rich.console import Console

from badbuzz.config.settings import Settings
from badbuzz.model import DAY_MS
from badbuzz.models.scorer import ScorerSet
from badbuzz.recordings.outputs import check_outputs
from badbuzz.store.database import Store, describe_address
from badbuzz.terminal.options import Instant
from dashboards.errors import table
from dashboards.errors.findings import analyse_errors
from dashboards.errors.formatting import advice
from dashboards.errors.summary import summarise

_WIDTH: Final = 110


@click.command()
@click.option("--from", "from_ms", type=Instant(), help="Start of the period.")
@click.option("--to", "to_ms", type=Instant(), help="End of the period, exclusive.  [default: now]")
@click.option(
    "--days",
    type=click.IntRange(1, 3660),
    metavar="DAYS",
    help="Length of the period in days, instead of --from.  [default: 7]",
)
@click.option("--report", "report_file", metavar="FILE.html", help="Write an HTML report.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def errors(
    from_ms: int | None, to_ms: int | None, days: int | None, report_file: str | None, as_json: bool
) -> None:
    """Analyse the wrong labels and false alarms that people reported in a period.

    Corrections and rulings come through the API and are read from BADBUZZ_STORE; the period
    selects them by time. The worst labels are scored again with the bundles in use.

    \b
    Examples:
      badbuzz errors
      badbuzz errors --days 30 --report errors.html
      badbuzz errors --from 2026-11-01T00:00:00Z --to 2026-12-01T00:00:00Z --json
    """
    from_ms, to_ms = _period(from_ms, to_ms, days)
    check_outputs([("--report", report_file)], [])
    settings = Settings.read()
    scorers = ScorerSet.read(settings.bundles)
    with Store.open(settings.store, create=False) as store:
        click.echo(f"store: {describe_address(settings.store)}", err=True)
        findings = analyse_errors(store, scorers, from_ms, to_ms)
    if findings.is_empty:
        for line in advice(findings):
            click.echo(f"badbuzz: {line}", err=True)
    if report_file:
        from dashboards.errors.report import write_report  # noqa: PLC0415 - slow

        write_report(report_file, findings)
        click.echo(f"badbuzz: report written: {report_file}", err=True)
    if as_json:
        click.echo(orjson.dumps(summarise(findings)))
    elif not findings.is_empty:
        console = Console()
        show = table.show_short if report_file else table.show
        show(console if console.is_terminal else Console(width=_WIDTH), findings)


def _period(from_ms: int | None, to_ms: int | None, days: int | None) -> tuple[int, int]:
    if from_ms is not None and days is not None:
        raise click.UsageError("use --from or --days, not both")
    end_ms = time.time_ns() // 1_000_000 + 1 if to_ms is None else to_ms
    start_ms = end_ms - (days or 7) * DAY_MS if from_ms is None else from_ms
    if start_ms >= end_ms:
        raise click.UsageError("--from must be before --to, which defaults to now")
    return start_ms, end_ms
