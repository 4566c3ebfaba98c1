"""The change of the share of wrong labels from version to version and from week to week."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from badbuzz.quality.mispredictions import GroupChange
from dashboards.errors.findings import FeedbackTrend
from dashboards.errors.formatting import change, percent

SOURCES: Final = {"corrections": "Corrections", "labelling": "Labelling queue"}


@dataclass(frozen=True, slots=True)
class Series:
    """The versions of a bundle or the weeks of one source of feedback.

    Parameters
    ----------
    source
        ``corrections`` or ``labelling``.
    title
        Suffix of the heading, for example ``by week``.
    kind
        ``version`` or ``week``.
    steps
        The versions or weeks, oldest first, at least one.
    """

    source: str
    title: str
    kind: str
    steps: tuple[GroupChange, ...]


def list_series(trends: Iterable[FeedbackTrend]) -> list[Series]:
    """Return every series that has feedback."""
    listed = []
    for trend in trends:
        for steps in trend.versions:
            bundle = steps[0].group.name.partition("@")[0]
            listed.append(Series(trend.source, f"by version of {bundle}", "version", steps))
        if trend.weeks:
            listed.append(Series(trend.source, "by week", "week", trend.weeks))
    return listed


def describe_last(series: Series) -> tuple[str, str]:
    """Return a sign and a sentence for the last change of the share of wrong labels.

    Examples
    --------
    >>> from badbuzz.quality.mispredictions import FeedbackGroup
    >>> one, other = FeedbackGroup("b@1", 100, 10, 0), FeedbackGroup("b@2", 100, 30, 0)
    >>> first = (GroupChange(one, None),)
    >>> describe_last(Series("corrections", "by version of b", "version", first))
    ('', 'Corrections, version b@1: 10 % (6–17) wrong, no other to compare with')
    >>> steps = (GroupChange(one, None), GroupChange(other, one))
    >>> describe_last(Series("corrections", "by version of b", "version", steps))[1]
    'Corrections, version b@2 against b@1: worse: +20 points (+9 to +31)'
    """
    last = series.steps[-1]
    name = f"{SOURCES[series.source]}, {series.kind} {last.group.name}"
    if last.before is None:
        return "", f"{name}: {percent(last.group.wrong)} wrong, no other to compare with"
    sign, result = change(last)
    return sign, f"{name} against {last.before.name}: {result}"
