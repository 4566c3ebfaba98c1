"""What became of the share of errors: from version to version, and from week to week."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from badbuzz.quality.mispredictions import GroupChange
from dashboards.errors.findings import Trend
from dashboards.errors.formatting import change, percent

SOURCES: Final = {"corrections": "Corrections", "labelling": "Answers that were asked for"}


@dataclass(frozen=True, slots=True)
class Chain:
    """Versions of a bundle, or weeks, of feedback that came in one way.

    Parameters
    ----------
    source
        ``corrections`` or ``labelling``.
    first
        What a step is: ``version`` or ``week``.
    steps
        Oldest first, one at least.
    """

    source: str
    title: str
    first: str
    steps: tuple[GroupChange, ...]


def chains(trends: Iterable[Trend]) -> list[Chain]:
    """Every chain in which anything was judged."""
    found = []
    for trend in trends:
        for steps in trend.versions:
            bundle = steps[0].group.name.partition("@")[0]
            found.append(Chain(trend.source, f"by version of {bundle}", "version", steps))
        if trend.weeks:
            found.append(Chain(trend.source, "by week", "week", trend.weeks))
    return found


def verdict(chain: Chain) -> tuple[str, str]:
    """A sign and a sentence: what became of the share of errors in the last step.

    Examples
    --------
    >>> from badbuzz.quality.mispredictions import Group
    >>> one, other = Group("b@1", 100, 10, 0), Group("b@2", 100, 30, 0)
    >>> verdict(Chain("corrections", "by version of b", "version", (GroupChange(one, None),)))
    ('', 'Corrections, version b@1: 10 % (6–17) wrong, no other to compare with')
    >>> steps = (GroupChange(one, None), GroupChange(other, one))
    >>> verdict(Chain("corrections", "by version of b", "version", steps))[1]
    'Corrections, version b@2 against b@1: worse: +20 points (+9 to +31)'
    """
    last = chain.steps[-1]
    name = f"{SOURCES[chain.source]}, {chain.first} {last.group.name}"
    if last.before is None:
        return "", f"{name}: {percent(last.group.wrong)} wrong, no other to compare with"
    sign, told = change(last)
    return sign, f"{name} against {last.before.name}: {told}"
