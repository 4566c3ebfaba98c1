"""What makes a backtest's figures say less than they seem to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from backtest.formatting import when
from backtest.results import Findings
from backtest.rules import RuleSet
from backtest.run import Run, Tally
from badbuzz.detection.evaluation import Truth
from badbuzz.messages.text import counted

_USUAL_WARMUP_H: Final = 24
_MAX_NAMES: Final = 5


def doubts(found: Findings) -> list[str]:
    """Truth and rules that are about another recording, in words."""
    brands = set(found.runs[0].fold.brands)
    told = list(_of_rules([run.rules for run in found.runs], brands))
    if found.truth is not None:
        told += _of_truth(found.truth, found.tally, brands)
    return told


def _of_rules(rule_sets: list[RuleSet], brands: set[str]) -> Iterator[str]:
    for rules in rule_sets:
        if strange := sorted(set(rules.by_brand) - brands):
            yield f"rules {rules.name!r}: {_strangers(strange, brands)}"


def _of_truth(truth: Truth, tally: Tally, brands: set[str]) -> Iterator[str]:
    told = (*truth.incidents, *truth.benign)
    if strange := sorted({one.brand for one in told} - brands):
        yield f"truth: {_strangers(strange, brands)}"
    outside = [one for one in told if one.end_ms <= tally.first_ms or one.start_ms > tally.last_ms]
    if outside:
        yield (
            f"truth: {counted(len(outside), 'entry', 'entries')} outside the recording, which is "
            f"from {when(tally.first_ms)} to {when(tally.last_ms)} UTC"
        )


def _strangers(strange: list[str], brands: set[str]) -> str:
    return f"the recording has no tweet about {_names(strange)}; it has {_names(sorted(brands))}"


def _names(brands: list[str]) -> str:
    more = len(brands) - _MAX_NAMES
    return ", ".join(brands[:_MAX_NAMES]) + (f" and {more} more" if more > 0 else "")


def unwatched(run: Run) -> str:
    """Why nothing was watched and what helps, or the empty string when something was."""
    watches = run.watches.values()
    if any(watch.since_ms >= 0 for watch in watches):
        return ""
    if any(watch.muted_ms for watch in watches):
        return "Nothing was watched: all of it is muted; see muted_ms in the rules."
    if not run.outcomes["counted"]:
        return (
            "Nothing was watched: no tweet has a verdict, as no bundle reads its language; "
            "see --lang, BADBUZZ_BUNDLES and --use-truth."
        )
    return _warming(run)


def _warming(run: Run) -> str:
    state = max(run.fold.brands.values(), key=lambda one: (one.n_hours, one.n_negative_seen))
    rules = run.fold.rules_of(state.brand)
    seen = f"{counted(state.n_hours, 'hour')} with tweets and {state.n_negative_seen:,} negative"
    told = (
        f"Nothing was watched: the warm-up takes {rules.warmup_hours} hours with tweets and "
        f"{rules.warmup_negatives} negative ones, and {state.brand} has {seen}"
    )
    if state.n_hours < rules.warmup_hours:
        return f"{told}; try --warmup {max(min(_USUAL_WARMUP_H, state.n_hours // 2), 1)}h."
    return f"{told}; try fewer warmup_negatives in a rules file."
