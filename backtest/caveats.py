"""Warnings about a backtest: rules or truth of other brands or times, and nothing watched."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from backtest.formatting import when
from backtest.results import BacktestResult
from backtest.rules import RuleSet
from backtest.run import Run, Tally
from badbuzz.detection.alert_evaluation import Truth
from badbuzz.messages.text import counted

_USUAL_WARMUP_H: Final = 24
_MAX_NAMES: Final = 5


def caveats(result: BacktestResult) -> list[str]:
    """Return a warning for each rule set or truth that is not about this recording."""
    brands = set(result.runs[0].fold.brands)
    warnings = list(_of_rules([run.rules for run in result.runs], brands))
    if result.truth is not None:
        warnings += _of_truth(result.truth, result.tally, brands)
    return warnings


def _of_rules(rule_sets: list[RuleSet], brands: set[str]) -> Iterator[str]:
    for rules in rule_sets:
        if unknown := sorted(set(rules.by_brand) - brands):
            yield f"rules {rules.name!r}: {_unknown_brands(unknown, brands)}"


def _of_truth(truth: Truth, tally: Tally, brands: set[str]) -> Iterator[str]:
    entries = (*truth.incidents, *truth.benign)
    if unknown := sorted({one.brand for one in entries} - brands):
        yield f"truth: {_unknown_brands(unknown, brands)}"
    outside = [
        one for one in entries if one.end_ms <= tally.first_ms or one.start_ms > tally.last_ms
    ]
    if outside:
        yield (
            f"truth: {counted(len(outside), 'entry', 'entries')} outside the recording, which is "
            f"from {when(tally.first_ms)} to {when(tally.last_ms)} UTC"
        )


def _unknown_brands(unknown: list[str], brands: set[str]) -> str:
    return f"the recording has no tweet about {_names(unknown)}; it has {_names(sorted(brands))}"


def _names(brands: list[str]) -> str:
    more = len(brands) - _MAX_NAMES
    return ", ".join(brands[:_MAX_NAMES]) + (f" and {more} more" if more > 0 else "")


def unwatched(run: Run) -> str:
    """Return why no brand was watched and the remedy; the empty string if one was."""
    watches = run.watches.values()
    if any(watch.since_ms >= 0 for watch in watches):
        return ""
    if any(watch.muted_ms for watch in watches):
        return "No brand was watched: all of them are muted; see muted_ms in the rules."
    if not run.outcomes["counted"]:
        return (
            "No brand was watched: no tweet has a prediction, as no bundle has its language; "
            "see --lang, BADBUZZ_BUNDLES and --use-truth."
        )
    return _warm_up_reason(run)


def _warm_up_reason(run: Run) -> str:
    state = max(run.fold.brands.values(), key=lambda state: (state.n_hours, state.n_negative_seen))
    rules = run.fold.rules_of(state.brand)
    seen = f"{counted(state.n_hours, 'hour')} with tweets and {state.n_negative_seen:,} negative"
    reason = (
        f"No brand was watched: the warm-up takes {rules.warmup_hours} hours with tweets and "
        f"{rules.warmup_negatives} negative ones, and {state.brand} has {seen}"
    )
    if state.n_hours < rules.warmup_hours:
        return f"{reason}; try --warmup {max(min(_USUAL_WARMUP_H, state.n_hours // 2), 1)}h."
    return f"{reason}; try fewer warmup_negatives in a rules file."
