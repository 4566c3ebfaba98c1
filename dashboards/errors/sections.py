"""The tables of an error analysis, which the terminal and the report render."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from badbuzz.messages.text import counted
from badbuzz.quality.mispredictions import FeedbackGroup
from badbuzz.quality.proportions import MIN_OF_GROUP, Share
from badbuzz.quality.rulings import NO_TERM, RulingCounts
from dashboards.errors.findings import ErrorFindings
from dashboards.errors.formatting import change, describe_single, reason
from dashboards.errors.trends import SOURCES, Series, list_series

_LABELS: Final = ("share wrong", "labels", "wrong", "missed", "false")
_ALERTS: Final = ("share real", "ruled", "real", "false alarm", "benign")
_TRENDS: Final = ("share wrong", "against the one before", "labels", "wrong")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table.

    Parameters
    ----------
    name
        Name of the group.
    share
        Share of wrong labels or of real alerts.
    counts
        Values of the columns of counts; the first is the size of the group.
    details
        The other counts as text.
    change
        Sign and text of the change of the share; None in tables without that column.
    """

    name: str
    share: Share
    counts: tuple[int, ...]
    details: str
    change: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A table; a section without rows consists of its note.

    Parameters
    ----------
    part
        ``labels``, ``trends`` or ``alerts``.
    title
        Heading of the table.
    note
        Explanation of the table; may be empty.
    head
        Names of the columns: group, share, change if the section is a trend, counts.
    rows
        Rows in order of importance; those of trends newest first.
    n_more
        Number of omitted rows.
    n_small
        Number of groups that are omitted because they are too small.
    """

    part: str
    title: str
    note: str
    head: tuple[str, ...]
    rows: tuple[Row, ...]
    n_more: int = 0
    n_small: int = 0

    def first(self, n: int) -> Section:
        """Return the section with at most ``n`` rows."""
        n_omitted = max(len(self.rows) - n, 0)
        return replace(self, rows=self.rows[:n], n_more=self.n_more + n_omitted)

    @property
    def omitted(self) -> str:
        """A sentence on the omitted rows and groups; empty if there are none."""
        parts = []
        if self.n_more:
            parts.append(f"{self.n_more:,} more")
        if self.n_small:
            small = counted(self.n_small, self.head[0])
            parts.append(f"{small} of fewer than {MIN_OF_GROUP} {self.head[2]}")
        return f"Omitted: {' and '.join(parts)}; --json has them." if parts else ""


def sections(findings: ErrorFindings) -> list[Section]:
    """Return every table that has rows, and every trend."""
    trends = map(_trend_section, list_series(findings.trends))
    every = [*_label_sections(findings), *trends, *_alert_sections(findings)]
    return [one for one in every if one.rows or one.n_small or one.part == "trends"]


def _label_sections(findings: ErrorFindings) -> list[Section]:
    labels = findings.mispredictions
    note = (
        "Distance of the score from the threshold. Compare the numbers of wrong labels, not the "
        "shares: people seldom confirm confident labels, and are asked about uncertain ones."
    )
    margins = tuple(_label_row(one, one.name) for one in labels.margins if labels.overall.n)
    tables: list[tuple[str, str, str, Sequence[FeedbackGroup], Callable[[str], str]]] = [
        ("By language", "language", "", labels.languages, lambda name: name or "no language"),
        ("By brand", "brand", "", labels.brands, lambda name: name or "no brand"),
        ("By reason", "reason", "A text may have several.", labels.reasons, reason),
        ("By term", "term",
         f"Terms of at least {MIN_OF_GROUP} texts and one wrong label, sorted by the lower end of "
         "the interval; names of brands are excluded.", labels.terms, str),
    ]  # fmt: skip
    listed = [Section("labels", "By confidence", note, ("margin", *_LABELS), margins)]
    for title, column, note, groups, name_of in tables:
        large = [one for one in groups if one.n >= MIN_OF_GROUP]
        rows = tuple(_label_row(one, name_of(one.name)) for one in large)
        n_small = len(groups) - len(large)
        listed.append(Section("labels", title, note, (column, *_LABELS), rows, n_small=n_small))
    return listed


def _label_row(group: FeedbackGroup, name: str) -> Row:
    details = _join_counts((group.n_missed, "missed"), (group.n_false, "false")) or "none wrong"
    counts = (group.n, group.wrong.n_with, group.n_missed, group.n_false)
    return Row(name, group.wrong, counts, details)


def _trend_section(series: Series) -> Section:
    title = f"{SOURCES[series.source]} {series.title}"
    head = (series.kind, *_TRENDS)
    if len(series.steps) == 1:
        note = describe_single(series.kind, series.steps[0].group)
        return Section("trends", title, note, head, ())
    rows = tuple(
        Row(
            step.group.name,
            step.group.wrong,
            (step.group.n, step.group.wrong.n_with),
            f"{step.group.wrong.n_with:,} wrong",
            change(step),
        )
        for step in reversed(series.steps)
    )
    return Section("trends", title, "", head, rows)


def _alert_sections(findings: ErrorFindings) -> list[Section]:
    rulings = findings.rulings
    tables: Iterable[tuple[str, str, str, Sequence[RulingCounts]]] = (
        ("By brand", "brand", "", rulings.brands),
        ("By driving term", "term", "An alert counts in each of its terms.", rulings.terms),
    )
    severities = tuple(_alert_row(one, one.name) for one in rulings.severities)
    note = "The highest severity that an alert reached."
    listed = [Section("alerts", "By severity", note, ("severity", *_ALERTS), severities)]
    for title, column, note, groups in tables:
        large = [one for one in groups if one.n >= MIN_OF_GROUP]
        rows = tuple(
            _alert_row(one, "no evidence" if column == "term" and one.name == NO_TERM else one.name)
            for one in large
        )
        n_small = len(groups) - len(large)
        listed.append(Section("alerts", title, note, (column, *_ALERTS), rows, n_small=n_small))
    return listed


def _alert_row(group: RulingCounts, name: str) -> Row:
    alarms = "false alarm" if group.n_false_alarm == 1 else "false alarms"
    details = _join_counts(
        (group.n_real, "real"), (group.n_false_alarm, alarms), (group.n_benign, "benign")
    )
    counts = (group.n, group.n_real, group.n_false_alarm, group.n_benign)
    return Row(name, group.real, counts, details)


def _join_counts(*counts: tuple[int, str]) -> str:
    return ", ".join(f"{n:,} {name}" for n, name in counts if n)
