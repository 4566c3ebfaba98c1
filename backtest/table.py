"""Tables of a backtest in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from backtest.alert_matching import match_alert, severity, uncaught, worst
from backtest.cards import scorecard
from backtest.caveats import unwatched
from backtest.formatting import columns, when
from backtest.results import AlertDiff, BacktestResult
from backtest.run import Run
from badbuzz.detection.alert_evaluation import Incident, Truth, openings
from badbuzz.messages.text import headline
from badbuzz.model import Alert

_MAX_ALERTS: Final = 20


def show(console: Console, result: BacktestResult) -> None:
    """Print scorecards, alerts of the first rule set, sweeps and differences."""
    runs, truth = result.runs, result.truth
    title = "Rule sets" if len(runs) > 1 else "By brand"
    table = _table(title, "rules" if len(runs) > 1 else "brand", truth)
    if len(runs) == 1:
        for brand in sorted(runs[0].watches):
            _row(table, brand, runs[0], truth, brand)
        table.add_section()
    for run in runs:
        _row(table, "all" if len(runs) == 1 else run.rules.name, run, truth)
    console.print(table)
    _show_alerts(console, runs[0], truth)
    for sweep, sweep_runs in result.swept:
        table = _table(f"Sweep over {sweep.name}", sweep.name, truth)
        for value, run in zip(sweep.values, sweep_runs, strict=True):
            _row(table, f"{value:g}", run, truth, draws=0)
        console.print(table)
    for diff in result.diffs:
        _show_diff(console, diff, truth)


def _table(title: str, first: str, truth: Truth | None) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column(first)
    for name, _ in columns(with_truth=truth is not None):
        table.add_column(name, justify="right")
    return table


def _row(
    table: Table,
    name: str,
    run: Run,
    truth: Truth | None,
    brand: str | None = None,
    *,
    draws: int = 1000,
) -> None:
    card = scorecard(run, truth or Truth(), brand, draws=draws)
    table.add_row(name, *(format_(card) for _, format_ in columns(with_truth=truth is not None)))


def _show_alerts(console: Console, run: Run, truth: Truth | None) -> None:
    opened, highest = openings(run.alerts), worst(run.alerts)
    table = Table(title="Alerts (UTC)", title_justify="left", title_style="bold", show_header=False)
    for alert in opened[:_MAX_ALERTS]:
        table.add_row(
            when(alert.opened_ms),
            severity(alert, highest[alert.id]),
            headline(alert),
            *_match(alert, truth),
        )
    if len(opened) > _MAX_ALERTS:
        table.caption = f"{len(opened) - _MAX_ALERTS} more: write all with --alerts FILE"
    console.print(table if opened else Text(" ".join(filter(None, ("No alerts.", unwatched(run))))))
    if truth is not None:
        not_caught = uncaught(run, truth)
        _list(console, "Missed", not_caught.missed)
        _list(console, "Not evaluated, because the brand was not watched yet", not_caught.unjudged)


def _match(alert: Alert, truth: Truth | None) -> tuple[str, ...]:
    """Return the cell on the match of an alert; no cell without truth."""
    if truth is None:
        return ()
    match = match_alert(alert, truth)
    return (f"{match.sign} {match.phrase}",)


def _list(console: Console, title: str, incidents: Sequence[Incident]) -> None:
    entries = [
        f"{one.brand}, {one.kind.replace('_', ' ')}, {when(one.start_ms)}"
        for one in incidents[:_MAX_ALERTS]
    ]
    if len(incidents) > _MAX_ALERTS:
        entries.append(f"{len(incidents) - _MAX_ALERTS} more")
    if entries:
        console.print(Text(f"{title}: {'; '.join(entries)}"))


def _show_diff(console: Console, diff: AlertDiff, truth: Truth | None) -> None:
    table = Table(
        title=f"From {diff.before} to {diff.after}",
        title_justify="left",
        title_style="bold",
        show_header=False,
    )
    for word, alerts in (("gained", diff.gained), ("lost", diff.lost)):
        for alert in alerts[:_MAX_ALERTS]:
            table.add_row(word, *_summary(alert), *_match(alert, truth))
    for moved in diff.moved[:_MAX_ALERTS]:
        table.add_row(
            f"{moved.by_min:+.0f} min", *_summary(moved.after), *_match(moved.after, truth)
        )
    table.caption = f"{len(diff.gained)} gained, {len(diff.lost)} lost, {len(diff.moved)} moved"
    console.print(table)


def _summary(alert: Alert) -> tuple[str, str]:
    return when(alert.opened_ms), headline(alert)
