"""Scorecards of a backtest, as values and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from numpy.random import PCG64, Generator

from backtest.alert_matching import match_alert, uncaught, worst
from backtest.results import AlertDiff, BacktestResult
from backtest.run import Run
from badbuzz.detection.alert_evaluation import Scorecard, Truth, openings, score

SEED: Final = 20_150_222
"""Seed of the bootstrap, so that the same backtest prints the same intervals."""


def scorecard(run: Run, truth: Truth, brand: str | None = None, *, draws: int = 1000) -> Scorecard:
    """Return the scorecard of a rule set over all brands, or over one of them."""
    alerts, watches = run.alerts, run.watches
    if brand is not None:
        alerts = [alert for alert in alerts if alert.brand == brand]
        watches = {brand: watches[brand]}
        truth = Truth(
            tuple(one for one in truth.incidents if one.brand == brand),
            tuple(one for one in truth.benign if one.brand == brand),
        )
    return score(alerts, truth, watches, Generator(PCG64(SEED)), draws)


def summary(result: BacktestResult) -> dict[str, Any]:
    """Return the result of a backtest as plain values for JSON."""
    tally, truth = result.tally, result.truth
    return {
        "n_tweets": tally.n_tweets,
        "first_ms": tally.first_ms,
        "last_ms": tally.last_ms,
        "rules": [_run_card(run, truth) for run in result.runs],
        "sweeps": [
            {
                "field": sweep.name,
                "points": [
                    {"value": value, **_card(run, truth, None)}
                    for value, run in zip(sweep.values, runs, strict=True)
                ],
            }
            for sweep, runs in result.swept
        ],
        "changes": [_diff(diff) for diff in result.diffs],
    }


def _run_card(run: Run, truth: Truth | None) -> dict[str, Any]:
    highest = worst(run.alerts)
    return {
        "name": run.rules.name,
        "outcomes": dict(sorted(run.outcomes.items())),
        **_card(run, truth, None),
        "brands": {brand: _card(run, truth, brand) for brand in sorted(run.watches)},
        "alerts": [
            {
                "id": a.id,
                "brand": a.brand,
                "opened_ms": a.opened_ms,
                "severity": a.severity,
                "worst_severity": highest[a.id].severity,
                "worst_ms": highest[a.id].window_end_ms,
                **({"verdict": match_alert(a, truth).kind} if truth else {}),
            }
            for a in openings(run.alerts)
        ],
        **(_uncaught(run, truth) if truth else {}),
    }


def _uncaught(run: Run, truth: Truth) -> dict[str, Any]:
    return {
        name: [asdict(incident) for incident in incidents]
        for name, incidents in uncaught(run, truth)._asdict().items()
    }


_WITHOUT_TRUTH: Final = ("n_alerts", "brand_weeks", "alert_hours", "alerts_per_week")


def _card(run: Run, truth: Truth | None, brand: str | None) -> dict[str, Any]:
    card = scorecard(run, truth or Truth(), brand)
    shares = ("caught_share", "false_alarms_per_week", "alerts_per_week")
    plain = asdict(card) | {name: getattr(card, name) for name in shares}
    if truth is None:
        plain = {name: plain[name] for name in _WITHOUT_TRUTH}
    return {name: _rounded(value) for name, value in plain.items()}


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    return [round(each, 4) for each in value] if isinstance(value, tuple) else value


def _diff(diff: AlertDiff) -> dict[str, Any]:
    return {
        "before": diff.before,
        "after": diff.after,
        "gained": [alert.id for alert in diff.gained],
        "lost": [alert.id for alert in diff.lost],
        "moved": [
            {"before": one.before.id, "after": one.after.id, "by_min": one.by_min}
            for one in diff.moved
        ],
    }
