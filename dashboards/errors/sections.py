"""An error analysis as tables of words, which terminal and report show in their own way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from badbuzz.messages.text import counted
from badbuzz.quality.mispredictions import FeedbackGroup
from badbuzz.quality.proportions import MIN_OF_GROUP, Share
from badbuzz.quality.rulings import NO_TERM, RulingCounts
from dashboards.errors.findings import Findings
from dashboards.errors.formatting import alone, change, reason
from dashboards.errors.trends import SOURCES, Chain, chains

_LABELS: Final = ("share wrong", "judged", "wrong", "missed", "false")
_ALERTS: Final = ("share real", "ruled", "real", "false alarm", "benign")
_TRENDS: Final = ("share wrong", "against the one before", "judged", "wrong")


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table.

    Parameters
    ----------
    counts
        First of how many the share is.
    told
        The other counts in words.
    change
        A sign and words for what became of the share; None where that is not asked.
    """

    name: str
    share: Share
    counts: tuple[int, ...]
    told: str
    change: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A table, or, without rows, a sentence.

    Parameters
    ----------
    part
        ``labels``, ``trends`` or ``alerts``.
    head
        Names of the columns: the first, the share, perhaps what became of it, the counts.
    rows
        The most important first; of trends the newest.
    n_more
        Rows that are left out.
    n_small
        Groups that are left out because they are too small to say anything.
    """

    part: str
    title: str
    note: str
    head: tuple[str, ...]
    rows: tuple[Row, ...]
    n_more: int = 0
    n_small: int = 0

    def first(self, most: int) -> Section:
        """The same with so many rows at most."""
        left = max(len(self.rows) - most, 0)
        return replace(self, rows=self.rows[:most], n_more=self.n_more + left)

    @property
    def left_out(self) -> str:
        """What is left out; empty where nothing is."""
        told = []
        if self.n_more:
            told.append(f"{self.n_more:,} more")
        if self.n_small:
            small = counted(self.n_small, self.head[0])
            told.append(f"{small} of fewer than {MIN_OF_GROUP} {self.head[2]}")
        return f"Left out: {' and '.join(told)}; --json has them." if told else ""


def sections(found: Findings) -> list[Section]:
    """Every table that has rows, and every sentence in a table's place."""
    every = [*_labels(found), *map(_trend, chains(found.trends)), *_alerts(found)]
    return [one for one in every if one.rows or one.n_small or one.part == "trends"]


def _labels(found: Findings) -> list[Section]:
    mistakes = found.mistakes
    sure = (
        "How far the score lies from the threshold. Look at how many are wrong, not at the share: "
        "far out people send in little that is right, near in they are asked."
    )
    margins = tuple(_label_row(one, one.name) for one in mistakes.margins if mistakes.overall.n)
    tables: list[tuple[str, str, str, Sequence[FeedbackGroup], Callable[[str], str]]] = [
        ("By language", "language", "", mistakes.languages, lambda name: name or "no language"),
        ("By brand", "brand", "", mistakes.brands, lambda name: name or "no brand"),
        ("By reason", "reason", "A text may have several.", mistakes.reasons, reason),
        ("By term", "term",
         f"Terms of {MIN_OF_GROUP} judged texts or more with an error in them, first those in "
         "which errors are surely frequent; without the brands' names.", mistakes.terms, str),
    ]  # fmt: skip
    told = [Section("labels", "By confidence", sure, ("margin", *_LABELS), margins)]
    for title, first, note, groups, named in tables:
        enough = [one for one in groups if one.n >= MIN_OF_GROUP]
        rows = tuple(_label_row(one, named(one.name)) for one in enough)
        n_small = len(groups) - len(enough)
        told.append(Section("labels", title, note, (first, *_LABELS), rows, n_small=n_small))
    return told


def _label_row(one: FeedbackGroup, name: str) -> Row:
    told = _listed((one.n_missed, "missed"), (one.n_false, "false")) or "none wrong"
    return Row(name, one.wrong, (one.n, one.wrong.n_with, one.n_missed, one.n_false), told)


def _trend(chain: Chain) -> Section:
    title = f"{SOURCES[chain.source]} {chain.title}"
    head = (chain.first, *_TRENDS)
    if len(chain.steps) == 1:
        return Section("trends", title, alone(chain.first, chain.steps[0].group), head, ())
    rows = tuple(
        Row(
            step.group.name,
            step.group.wrong,
            (step.group.n, step.group.wrong.n_with),
            f"{step.group.wrong.n_with:,} wrong",
            change(step),
        )
        for step in reversed(chain.steps)
    )
    return Section("trends", title, "", head, rows)


def _alerts(found: Findings) -> list[Section]:
    judgements = found.judgements
    tables: Iterable[tuple[str, str, str, Sequence[RulingCounts]]] = (
        ("By brand", "brand", "", judgements.brands),
        ("By driving term", "term", "An alert counts in each of its terms.", judgements.terms),
    )
    grave = tuple(_alert_row(one, one.name) for one in judgements.severities)
    note = "The worst that an alert reached."
    told = [Section("alerts", "By severity", note, ("severity", *_ALERTS), grave)]
    for title, first, note, ruled in tables:
        enough = [one for one in ruled if one.n >= MIN_OF_GROUP]
        without = first == "term"
        rows = tuple(
            _alert_row(one, "no evidence" if without and one.name == NO_TERM else one.name)
            for one in enough
        )
        n_small = len(ruled) - len(enough)
        told.append(Section("alerts", title, note, (first, *_ALERTS), rows, n_small=n_small))
    return told


def _alert_row(one: RulingCounts, name: str) -> Row:
    alarms = "false alarm" if one.n_false_alarm == 1 else "false alarms"
    told = _listed((one.n_real, "real"), (one.n_false_alarm, alarms), (one.n_benign, "benign"))
    return Row(name, one.real, (one.n, one.n_real, one.n_false_alarm, one.n_benign), told)


def _listed(*counts: tuple[int, str]) -> str:
    return ", ".join(f"{n:,} {what}" for n, what in counts if n)
