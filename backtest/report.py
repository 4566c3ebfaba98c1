"""Report of a backtest as a self-contained HTML file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any, Final

from backtest import formatting
from backtest.alert_matching import AlertMatch, match_alert, severity, uncaught, worst
from backtest.brand_chart import Chart, close_up, overview
from backtest.cards import scorecard
from backtest.caveats import caveats, unwatched
from backtest.curve import curve
from backtest.results import AlertDiff, BacktestResult
from backtest.rules import Sweep
from backtest.run import Run
from badbuzz.detection.alert_evaluation import Incident, Truth, openings, spans
from badbuzz.messages.text import counted, describe, headline
from badbuzz.model import Alert
from badbuzz.recordings.outputs import write_text
from badbuzz.reports import render_report

_MAX_BRANDS: Final = 40
_MAX_CARDS: Final = 60
_MAX_ROWS: Final = 40


@dataclass(frozen=True, slots=True)
class _Card:
    """Alert of the first rule set with its phases, texts and chart."""

    number: int
    alert: Alert
    phases: tuple[Alert, ...]
    end_ms: int
    sentence: str
    details: str
    worst: Alert
    severity: str
    match: AlertMatch | None
    chart: Chart


def write_report(path: str, result: BacktestResult) -> None:
    """Write the report of a backtest.

    Raises
    ------
    RecordingError
        The file cannot be written.
    """
    write_text(path, render(result))


def render(result: BacktestResult) -> str:
    """Render the report as HTML."""
    filters = {"when": formatting.when}
    return render_report("backtest", "report.html.jinja", filters, **_context(result))


def _context(result: BacktestResult) -> dict[str, Any]:
    first = result.runs[0]
    brands = sorted(first.windows, key=lambda b: (-_n_alerts(first, b), b))
    shown = brands[:_MAX_BRANDS]
    return {
        "files": [Path(name).name for name in result.files],
        "bundles": _bundles(first),
        "tally": result.tally,
        "as_live": result.as_live,
        "truth": result.truth,
        "figures": _tiles(result),
        "head": [name for name, _ in formatting.columns(with_truth=result.truth is not None)],
        "rule_rows": [[run.rules.name, *_row(run, result.truth, None)] for run in result.runs],
        "brand_rows": [[brand, *_row(first, result.truth, brand)] for brand in shown],
        "brands": _brands(result, sorted(shown)),
        "n_more_brands": len(brands) - len(shown),
        "n_more_alerts": max(len(openings(first.alerts)) - _MAX_CARDS, 0),
        "uncaught": _uncaught(first, result.truth),
        "unwatched": unwatched(first),
        "caveats": caveats(result),
        "curves": [
            curve(sweep, runs, _own(first, sweep), result.truth) for sweep, runs in result.swept
        ],
        "diffs": [_diff(diff, result.truth) for diff in result.diffs],
        "first": first,
    }


def _brands(result: BacktestResult, names: Sequence[str]) -> list[tuple[str, Chart, list[_Card]]]:
    """Return each brand with its chart and the cards of its alerts."""
    first = result.runs[0]
    numbers = {alert.id: n for n, alert in enumerate(openings(first.alerts)[:_MAX_CARDS], 1)}
    cards = _cards(first, numbers, result.truth)
    return [
        (
            name,
            overview(name, result.runs, numbers, result.truth),
            [card for card in cards if card.alert.brand == name],
        )
        for name in names
    ]


def _uncaught(run: Run, truth: Truth | None) -> list[tuple[str, Sequence[Incident]]]:
    """Return the incidents without an alert, under their titles."""
    missed, early = uncaught(run, truth) if truth else ((), ())
    parts = (("Missed", missed), ("Not evaluated, because the brand was not watched yet", early))
    return [(title, incidents) for title, incidents in parts if incidents]


def _bundles(run: Run) -> str:
    """Return the names of the bundles that gave the predictions."""
    names = {b for state in run.fold.brands.values() for b in state.bundle.split(",") if b}
    return ", ".join(sorted(names)) or "no bundle"


def _n_alerts(run: Run, brand: str) -> int:
    return sum(alert.brand == brand for alert in openings(run.alerts))


def _row(run: Run, truth: Truth | None, brand: str | None) -> list[str]:
    card = scorecard(run, truth or Truth(), brand)
    return [format_(card) for _, format_ in formatting.columns(with_truth=truth is not None)]


def _own(run: Run, sweep: Sweep) -> float | None:
    """Return the rule set's value of the swept number; None if brands have different values."""
    values = {getattr(run.fold.rules_of(brand), sweep.name) for brand in run.fold.brands}
    return values.pop() if len(values) == 1 else None


def _tiles(result: BacktestResult) -> list[tuple[str, str, str]]:
    """Return the tiles: a figure, its name, and a note."""
    first = result.runs[0]
    card = scorecard(first, result.truth or Truth())
    n_brands = len(first.fold.brands)
    span = f"of {n_brands} brand{'s' * (n_brands != 1)}, {card.brand_weeks:.1f} brand-weeks watched"
    tiles = [(f"{result.tally.n_tweets:,}", "tweets", span)]
    if result.truth is None:
        rate = formatting.per_week(card.alerts_per_week)
        return [
            *tiles,
            (*_figure(card.n_alerts, "alert"), f"{rate} per brand-week"),
            (formatting.hours(card), "alert-hours", "in which an alert was open"),
        ]
    rate = formatting.per_week(card.false_alarms_per_week, card.false_alarms_interval)
    median = card.median_delay_min
    return [
        *tiles,
        (f"{card.n_caught} of {card.n_incidents}", "crises caught", _not_watched(card.n_unjudged)),
        (formatting.NONE if median is None else f"{median:.0f} min", "median delay", "from onset"),
        (*_figure(card.n_false_alarms, "false alarm"), f"{rate} per brand-week"),
        (formatting.benign(card), "benign surges alerted", "many tweets, but no anger"),
    ]


def _figure(n: int, one: str) -> tuple[str, str]:
    """Return a number and its noun."""
    figure, _, name = counted(n, one).partition(" ")
    return figure, name


def _not_watched(n: int) -> str:
    return f"{n} began before the brand was watched" if n else "all began while watched"


def _cards(run: Run, numbers: dict[str, int], truth: Truth | None) -> list[_Card]:
    cards = []
    highest = worst(run.alerts)
    for alert, _, end_ms in spans(run.alerts, run.watches):
        if alert.id not in numbers:
            continue
        details = describe(alert, UTC).splitlines()[2:4]  # what follows is the evidence
        cards.append(
            _Card(
                number=numbers[alert.id],
                alert=alert,
                phases=tuple(phase for phase in run.alerts if phase.id == alert.id),
                end_ms=end_ms,
                sentence=headline(alert),
                details=" ".join(details),
                worst=highest[alert.id],
                severity=severity(alert, highest[alert.id]),
                match=match_alert(alert, truth) if truth else None,
                chart=close_up(alert, end_ms, run.windows[alert.brand], truth),
            )
        )
    return cards


def _diff(diff: AlertDiff, truth: Truth | None) -> dict[str, Any]:
    """Return a difference as rows of sign, change, time, brand, headline and match."""
    rows = [
        *(("+", "gained", a.opened_ms, a) for a in diff.gained),
        *(("−", "lost", a.opened_ms, a) for a in diff.lost),
        *((
            "→", f"{abs(m.by_min):.0f} min {'later' if m.by_min > 0 else 'sooner'}",
            m.after.opened_ms, m.after,
        ) for m in diff.moved),
    ]  # fmt: skip
    rows.sort(key=lambda row: row[2])
    return {
        "before": diff.before,
        "after": diff.after,
        "counts": (counted(len(diff.gained), "alert"), len(diff.lost), len(diff.moved)),
        "rows": [
            (
                sign,
                word,
                formatting.when(at_ms),
                alert.brand,
                headline(alert),
                match_alert(alert, truth) if truth else None,
            )
            for sign, word, at_ms, alert in rows[:_MAX_ROWS]
        ],
        "n_more": max(len(rows) - _MAX_ROWS, 0),
    }
