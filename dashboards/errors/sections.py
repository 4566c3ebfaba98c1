"""An error analysis as tables of words, which terminal and report show in their own way."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from badbuzz.judgements import NO_TERM
from badbuzz.mistakes import MIN_OF_TERM, Group, Step
from badbuzz.proportions import Share
from dashboards.errors.findings import Findings, Trend
from dashboards.errors.words import NONE, change, reason

_LABELS: Final = ("share wrong", "judged", "wrong", "missed", "false")
_ALERTS: Final = ("share real", "ruled", "real", "false alarm", "benign")
_SOURCES: Final = {"corrections": "Corrections", "labelling": "Answers that were asked for"}


@dataclass(frozen=True, slots=True)
class Row:
    """A name, the share that matters, its counts; what became of the share: a sign and words."""

    name: str
    share: Share
    counts: tuple[int, ...]
    change: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A table.

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
    """

    part: str
    title: str
    note: str
    head: tuple[str, ...]
    rows: tuple[Row, ...]
    n_more: int = 0

    def first(self, most: int) -> Section:
        """The same with so many rows at most."""
        left = max(len(self.rows) - most, 0)
        return replace(self, rows=self.rows[:most], n_more=self.n_more + left)


def sections(found: Findings) -> list[Section]:
    """Every table that has rows."""
    every = [*_labels(found), *_trends(found.trends), *_alerts(found)]
    return [section for section in every if section.rows]


def _labels(found: Findings) -> list[Section]:
    mistakes = found.mistakes
    sure = (
        "How far the score lies from the threshold. Look at how many are wrong, not at the share: "
        "far out people send in little that is right, near in they are asked."
    )
    tables: list[tuple[str, str, str, Iterable[Group], Callable[[str], str]]] = [
        ("By confidence", "margin", sure, mistakes.margins if mistakes.overall.n else (), str),
        ("By language", "language", "", mistakes.languages, _or_none),
        ("By brand", "brand", "", mistakes.brands, _or_none),
        ("By reason", "reason", "A text may have several.", mistakes.reasons, reason),
        ("By term", "term",
         f"Terms of {MIN_OF_TERM} judged texts or more with an error in them, first those in which "
         "errors are surely frequent.", mistakes.terms, str),
    ]  # fmt: skip
    return [
        Section(
            "labels",
            title,
            note,
            (first, *_LABELS),
            tuple(_label_row(one, named(one.name)) for one in groups),
        )
        for title, first, note, groups, named in tables
    ]


def _or_none(name: str) -> str:
    return name or NONE


def _label_row(one: Group, name: str) -> Row:
    return Row(name, one.wrong, (one.n, one.wrong.n_with, one.n_missed, one.n_false))


def _trends(trends: Iterable[Trend]) -> list[Section]:
    found = []
    for trend in trends:
        tables = [
            (f"by version of {steps[0].group.name.partition('@')[0]}", "bundle", steps)
            for steps in trend.versions
        ]
        tables.append(("by week", "week of", trend.weeks))
        found += [
            Section(
                "trends",
                f"{_SOURCES[trend.source]} {title}",
                "",
                (first, "share wrong", "against the one before", "judged", "wrong"),
                tuple(map(_step_row, reversed(steps))),
            )
            for title, first, steps in tables
        ]
    return found


def _step_row(step: Step) -> Row:
    one = step.group
    return Row(one.name, one.wrong, (one.n, one.wrong.n_with), change(step))


def _alerts(found: Findings) -> list[Section]:
    judgements = found.judgements
    tables = (
        ("By severity", "severity", "The worst that an alert reached.", judgements.severities),
        ("By brand", "brand", "", judgements.brands),
        ("By driving term", "term", "An alert counts in each of its terms.", judgements.terms),
    )
    return [
        Section(
            "alerts", title, note, (first, *_ALERTS),
            tuple(
                Row(
                    "no evidence" if (first, one.name) == ("term", NO_TERM) else one.name,
                    one.real,
                    (one.n, one.n_real, one.n_false_alarm, one.n_benign),
                )
                for one in ruled
            ),
        )
        for title, first, note, ruled in tables
    ]  # fmt: skip
