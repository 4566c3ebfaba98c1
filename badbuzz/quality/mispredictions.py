"""Where labels were wrong, as people said: by language, brand, reason, term, margin and time.

What people send in is no random sample: they correct what looks wrong. So a share of errors here
compares one group with another, and one version with the next; it is not how often labels are
wrong. The answers to the list of tweets worth labelling are kept apart: nobody chose those for
looking wrong, but they are the ones the bundle was least sure of.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final

from badbuzz.evidence.reasons import find_reasons
from badbuzz.evidence.terms import extract_terms, extract_words
from badbuzz.quality.proportions import MIN_OF_GROUP, Share, ShareChange, compare_shares
from badbuzz.store.model import Feedback

_EDGES: Final = (0.1, 0.2, 0.3, 0.4)
MARGINS: Final = (
    f"under {_EDGES[0]}",
    *(f"{low} to {high}" for low, high in pairwise(_EDGES)),
    f"{_EDGES[-1]} or more",
)
"""The bins of margins, half-open."""
NO_REASON: Final = "none"
_HALF: Final = 0.5
_SCORE_DIGITS: Final = 4


@dataclass(frozen=True, slots=True)
class FeedbackGroup:
    """Judged labels that have something in common.

    Parameters
    ----------
    name
        What they have in common.
    n
        How many labels people judged, right ones included.
    n_missed
        Negative, but not labelled so.
    n_false
        Labelled negative, but not so.
    """

    name: str
    n: int
    n_missed: int
    n_false: int

    @property
    def wrong(self) -> Share:
        """How many of them were wrong."""
        return Share(self.n_missed + self.n_false, self.n)


@dataclass(frozen=True, slots=True)
class GroupChange:
    """A bundle's version, or a week, and the one before it; None for the first."""

    group: FeedbackGroup
    before: FeedbackGroup | None

    @property
    def change(self) -> ShareChange | None:
        """Whether errors are a greater share than before; None for the first.

        Examples
        --------
        >>> GroupChange(FeedbackGroup("b@2", 100, 30, 0), FeedbackGroup("b@1", 100, 10, 0)).change
        'worse'
        """
        return None if self.before is None else compare_shares(self.before.wrong, self.group.wrong)


@dataclass(frozen=True, slots=True)
class Misprediction:
    """A label that was wrong.

    Parameters
    ----------
    feedback
        Who said so, and of what; of several on the same words the most confidently labelled.
    margin
        How far the score lies from the threshold; None where there was no score.
    n
        How many labels were wrong in the same way on the same words, >= 1.
    """

    feedback: Feedback
    margin: float | None
    n: int


@dataclass(frozen=True, slots=True)
class MispredictionSummary:
    """What people said of labels.

    Parameters
    ----------
    overall
        All judged labels.
    corrections, labelling
        Those people chose themselves, and those they were asked about.
    languages, brands, reasons, terms
        Most errors first; a text of several reasons or terms counts in each. Terms: those with
        errors, in three judged texts at least, first where the share of errors is surely high;
        the words of a judged brand's name are none.
    margins
        By distance of the score to the threshold, nearest first.
    worst
        Labels that were wrong, the most confident first.
    """

    overall: FeedbackGroup
    corrections: FeedbackGroup
    labelling: FeedbackGroup
    languages: tuple[FeedbackGroup, ...]
    brands: tuple[FeedbackGroup, ...]
    reasons: tuple[FeedbackGroup, ...]
    terms: tuple[FeedbackGroup, ...]
    margins: tuple[FeedbackGroup, ...]
    worst: tuple[Misprediction, ...]


def latest_feedback(feedback: Iterable[Feedback]) -> list[Feedback]:
    """The last word of each person on each text that had a label, in order of time.

    Examples
    --------
    >>> one = Feedback("1", 5, "kim", "9", "", "en", "Late", "", False, 0.4, True, "b@1", "try")
    >>> other = Feedback("2", 7, "kim", "9", "", "en", "Late", "", False, 0.4, False, "b@1", "try")
    >>> [said.id for said in latest_feedback([other, one])]
    ['2']
    """
    last: dict[tuple[str, str, str], Feedback] = {}
    for said in sorted(feedback, key=lambda said: (said.at_ms, said.id)):
        if said.predicted is not None:
            key = (said.by, said.tweet_id or said.text, said.bundle)
            last.pop(key, None)
            last[key] = said
    return list(last.values())


def summarise_mispredictions(
    feedback: Iterable[Feedback], n_worst: int = 20
) -> MispredictionSummary:
    """What people said of labels in a period.

    Parameters
    ----------
    feedback
        Of the period; what had no label is left out.
    n_worst
        How many wrong labels to give at most.
    """
    found = latest_feedback(feedback)
    margins = _margins(found)
    read = [extract_terms(extract_words(said.text)) for said in found]
    asked = [said.source == "labelling" for said in found]
    grouped = _count_groups(found, read)
    binned = [_margin_bin(margin) for margin in margins if margin is not None]
    scored = [said for said, margin in zip(found, margins, strict=True) if margin is not None]
    return MispredictionSummary(
        overall=count_group("all", found),
        corrections=count_group("corrections", _select(found, [not one for one in asked])),
        labelling=count_group("labelling", _select(found, asked)),
        languages=grouped["language"],
        brands=grouped["brand"],
        reasons=grouped["reason"],
        terms=grouped["term"],
        margins=tuple(
            count_group(
                name, [said for said, own in zip(scored, binned, strict=True) if own == place]
            )
            for place, name in enumerate(MARGINS)
        ),
        worst=tuple(_worst(found, margins)[:n_worst]),
    )


def count_group(name: str, found: Sequence[Feedback]) -> FeedbackGroup:
    """Judged labels, counted."""
    wrong = [said.right for said in found if said.mispredicted]
    return FeedbackGroup(name, len(found), sum(wrong), len(wrong) - sum(wrong))


def changes_by_version(found: Iterable[Feedback]) -> list[list[GroupChange]]:
    """Each bundle's versions, in the order of their first feedback.

    Parameters
    ----------
    found
        As :func:`latest_feedback` gives them, from any one source.
    """
    by_bundle: dict[str, dict[str, list[Feedback]]] = {}
    for said in found:
        if said.bundle:
            versions = by_bundle.setdefault(said.bundle.partition("@")[0], {})
            versions.setdefault(said.bundle, []).append(said)
    return [_changes(versions) for _, versions in sorted(by_bundle.items())]


def changes_by_week(found: Iterable[Feedback]) -> list[GroupChange]:
    """Weeks with feedback, named by their Monday in UTC, in order.

    Examples
    --------
    >>> one = Feedback("1", 0, "kim", "9", "", "en", "Late", "", False, 0.4, True, "b@1", "try")
    >>> [step.group for step in changes_by_week([one])]
    [FeedbackGroup(name='1969-12-29', n=1, n_missed=1, n_false=0)]
    """
    weeks: dict[str, list[Feedback]] = {}
    for said in found:
        day = datetime.fromtimestamp(said.at_ms / 1000, UTC).date()
        weeks.setdefault(f"{day - timedelta(days=day.weekday())}", []).append(said)
    return _changes(weeks)


def _changes(named: dict[str, list[Feedback]]) -> list[GroupChange]:
    groups = [count_group(name, found) for name, found in named.items()]
    return [GroupChange(after, before) for before, after in pairwise([None, *groups]) if after]


def _count_groups(
    found: list[Feedback], read: list[list[str]]
) -> dict[str, tuple[FeedbackGroup, ...]]:
    everything = list(zip(found, read, strict=True))
    of_brands = _brand_words(found)
    names: dict[str, Callable[[Feedback, list[str]], Iterable[str]]] = {
        "language": lambda said, _: (said.lang,),
        "brand": lambda said, _: (said.brand,),
        "reason": lambda _, own: find_reasons(own) or (NO_REASON,),
        "term": lambda _, own: [term for term in own if term not in of_brands],
    }
    grouped: dict[str, tuple[FeedbackGroup, ...]] = {}
    for kind, names_of in names.items():
        members: dict[str, list[Feedback]] = {}
        for said, own in everything:
            for name in names_of(said, own):
                members.setdefault(name, []).append(said)
        groups = [count_group(name, its) for name, its in members.items()]
        grouped[kind] = tuple(sorted(groups, key=lambda one: (-one.wrong.n_with, one.n, one.name)))
    telling = [one for one in grouped["term"] if one.wrong.n_with and one.n >= MIN_OF_GROUP]
    telling.sort(key=lambda one: (-one.wrong.interval[0], one.name))
    return {**grouped, "term": tuple(telling)}


def _brand_words(found: Iterable[Feedback]) -> set[str]:
    """The words of the brands' names, and each name written as one word."""
    names = [extract_words(brand) for brand in {said.brand for said in found}]
    return {word for name in names for word in (*name, "".join(name))}


def _margin_bin(margin: float) -> int:
    return sum(margin >= edge for edge in _EDGES)


def _margins(found: Sequence[Feedback]) -> list[float | None]:
    """How far each score lies from its bundle's threshold.

    The threshold is what gives the labels that people saw: of all such, the nearest to a half.
    """
    below: dict[str, float] = {}
    above: dict[str, float] = {}
    for said in found:
        if said.score is None:
            continue
        if said.predicted:
            above[said.bundle] = min(above.get(said.bundle, 1.0), said.score)
        else:
            below[said.bundle] = max(below.get(said.bundle, 0.0), said.score)
    thresholds = {
        bundle: min(max(_HALF, below.get(bundle, 0.0)), above.get(bundle, 1.0))
        for bundle in below.keys() | above.keys()
    }
    return [
        None
        if said.score is None
        else round(abs(said.score - thresholds[said.bundle]), _SCORE_DIGITS)
        for said in found
    ]


def _worst(found: Sequence[Feedback], margins: Sequence[float | None]) -> list[Misprediction]:
    wrong = [pair for pair in zip(found, margins, strict=True) if pair[0].mispredicted]
    wrong.sort(key=lambda pair: (pair[1] is None, -(pair[1] or 0.0), pair[0].id))
    counts = Counter((said.text, said.right) for said, _ in wrong)
    first = {(said.text, said.right): (said, margin) for said, margin in reversed(wrong)}
    ranked = [pair for pair in wrong if first[pair[0].text, pair[0].right] == pair]
    return [Misprediction(said, margin, counts[said.text, said.right]) for said, margin in ranked]


def _select(found: Sequence[Feedback], kept: Sequence[bool]) -> list[Feedback]:
    return [said for said, keep in zip(found, kept, strict=True) if keep]
