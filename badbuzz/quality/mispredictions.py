"""Summary of mispredictions by language, brand, reason, term, margin and time.

Corrections are not a random sample: people correct labels that look wrong. A share of errors
therefore compares groups and versions; it does not estimate how often labels are wrong. Answers to
the labelling list are counted separately: people did not choose those tweets, but the list holds
the ones of which the bundle was least sure.
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
"""Bins of margins, half-open."""
NO_REASON: Final = "none"
"""Name of the group of texts without a known reason."""
_HALF: Final = 0.5
_SCORE_DIGITS: Final = 4


@dataclass(frozen=True, slots=True)
class FeedbackGroup:
    """Counts of a group of labels with feedback.

    Parameters
    ----------
    name
        Value that the labels share, such as a brand.
    n
        Number of labels with feedback, correct ones included.
    n_missed
        Number of false negatives.
    n_false
        Number of false positives.
    """

    name: str
    n: int
    n_missed: int
    n_false: int

    @property
    def wrong(self) -> Share:
        """Share of wrong labels."""
        return Share(self.n_missed + self.n_false, self.n)


@dataclass(frozen=True, slots=True)
class GroupChange:
    """A bundle's version or a week, and the one before it; None for the first."""

    group: FeedbackGroup
    before: FeedbackGroup | None

    @property
    def change(self) -> ShareChange | None:
        """Change of the share of errors; None for the first.

        Examples
        --------
        >>> GroupChange(FeedbackGroup("b@2", 100, 30, 0), FeedbackGroup("b@1", 100, 10, 0)).change
        'worse'
        """
        return None if self.before is None else compare_shares(self.before.wrong, self.group.wrong)


@dataclass(frozen=True, slots=True)
class Misprediction:
    """A wrong label, or equal wrong labels of the same text.

    Parameters
    ----------
    feedback
        Feedback on the label; on the most confident one if there are several.
    margin
        Distance of the score to the threshold, in [0, 1]; None if there is no score.
    n
        Number of equal wrong labels of the text, >= 1.
    """

    feedback: Feedback
    margin: float | None
    n: int


@dataclass(frozen=True, slots=True)
class MispredictionSummary:
    """Counts of labels with feedback.

    Parameters
    ----------
    overall
        All labels with feedback.
    corrections, labelling
        Corrections that people volunteered, and answers to the labelling list.
    languages, brands, reasons
        Counts by language, brand and reason, most errors first; a text counts in each reason.
    terms
        Counts by term with an error in three texts or more, highest lower bound of the share of
        errors first; words of brand names are left out.
    margins
        Counts by distance of the score to the threshold, nearest first.
    worst
        Wrong labels, most confident first.
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
    """Keep each person's latest feedback on each labelled text, in order of time.

    Examples
    --------
    >>> one = Feedback("1", 5, "kim", "9", "", "en", "Late", "", False, 0.4, True, "b@1", "try")
    >>> other = Feedback("2", 7, "kim", "9", "", "en", "Late", "", False, 0.4, False, "b@1", "try")
    >>> [kept.id for kept in latest_feedback([other, one])]
    ['2']
    """
    latest: dict[tuple[str, str, str], Feedback] = {}
    for one in sorted(feedback, key=lambda one: (one.at_ms, one.id)):
        if one.predicted is not None:
            key = (one.by, one.tweet_id or one.text, one.bundle)
            latest.pop(key, None)
            latest[key] = one
    return list(latest.values())


def summarise_mispredictions(
    feedback: Iterable[Feedback], n_worst: int = 20
) -> MispredictionSummary:
    """Count the wrong labels among those with feedback.

    Parameters
    ----------
    feedback
        Feedback of a period; entries without a label are ignored.
    n_worst
        Maximum number of wrong labels to list.
    """
    latest = latest_feedback(feedback)
    margins = _margins(latest)
    bins = [
        None if margin is None else sum(margin >= edge for edge in _EDGES) for margin in margins
    ]
    grouped = _count_groups(latest, [extract_terms(extract_words(one.text)) for one in latest])
    return MispredictionSummary(
        overall=_count_group("all", latest),
        corrections=_count_group(
            "corrections", [one for one in latest if one.source != "labelling"]
        ),
        labelling=_count_group("labelling", [one for one in latest if one.source == "labelling"]),
        languages=grouped["language"],
        brands=grouped["brand"],
        reasons=grouped["reason"],
        terms=grouped["term"],
        margins=tuple(
            _count_group(
                name, [one for one, bin_ in zip(latest, bins, strict=True) if bin_ == place]
            )
            for place, name in enumerate(MARGINS)
        ),
        worst=tuple(_worst(latest, margins)[:n_worst]),
    )


def _count_group(name: str, feedback: Sequence[Feedback]) -> FeedbackGroup:
    wrong = [one.ground_truth for one in feedback if one.mispredicted]
    return FeedbackGroup(name, len(feedback), sum(wrong), len(wrong) - sum(wrong))


def changes_by_version(feedback: Iterable[Feedback]) -> list[list[GroupChange]]:
    """Return the versions of each bundle, in the order of their first feedback.

    Parameters
    ----------
    feedback
        Result of :func:`latest_feedback` for one source.
    """
    by_bundle: dict[str, dict[str, list[Feedback]]] = {}
    for one in feedback:
        if one.bundle:
            versions = by_bundle.setdefault(one.bundle.partition("@")[0], {})
            versions.setdefault(one.bundle, []).append(one)
    return [_changes(versions) for _, versions in sorted(by_bundle.items())]


def changes_by_week(feedback: Iterable[Feedback]) -> list[GroupChange]:
    """Return the weeks with feedback, in order, named by their Monday in UTC.

    Examples
    --------
    >>> one = Feedback("1", 0, "kim", "9", "", "en", "Late", "", False, 0.4, True, "b@1", "try")
    >>> [week.group for week in changes_by_week([one])]
    [FeedbackGroup(name='1969-12-29', n=1, n_missed=1, n_false=0)]
    """
    weeks: dict[str, list[Feedback]] = {}
    for one in feedback:
        day = datetime.fromtimestamp(one.at_ms / 1000, UTC).date()
        weeks.setdefault(f"{day - timedelta(days=day.weekday())}", []).append(one)
    return _changes(weeks)


def _changes(named: dict[str, list[Feedback]]) -> list[GroupChange]:
    groups = [_count_group(name, feedback) for name, feedback in named.items()]
    return [GroupChange(after, before) for before, after in pairwise([None, *groups]) if after]


def _count_groups(
    feedback: list[Feedback], terms_of: list[list[str]]
) -> dict[str, tuple[FeedbackGroup, ...]]:
    brand_words = _brand_words(feedback)
    names: dict[str, Callable[[Feedback, list[str]], Iterable[str]]] = {
        "language": lambda one, _: (one.lang,),
        "brand": lambda one, _: (one.brand,),
        "reason": lambda _, terms: find_reasons(terms) or (NO_REASON,),
        "term": lambda _, terms: [term for term in terms if term not in brand_words],
    }
    grouped: dict[str, tuple[FeedbackGroup, ...]] = {}
    for kind, names_of in names.items():
        members: dict[str, list[Feedback]] = {}
        for one, terms in zip(feedback, terms_of, strict=True):
            for name in names_of(one, terms):
                members.setdefault(name, []).append(one)
        groups = [_count_group(name, group) for name, group in members.items()]
        grouped[kind] = tuple(sorted(groups, key=lambda one: (-one.wrong.n_with, one.n, one.name)))
    shown = [one for one in grouped["term"] if one.wrong.n_with and one.n >= MIN_OF_GROUP]
    shown.sort(key=lambda one: (-one.wrong.interval[0], one.name))
    return {**grouped, "term": tuple(shown)}


def _brand_words(feedback: Iterable[Feedback]) -> set[str]:
    """Return the words of the brands' names, and each name written as one word."""
    names = [extract_words(brand) for brand in {one.brand for one in feedback}]
    return {word for name in names for word in (*name, "".join(name))}


def _margins(feedback: Sequence[Feedback]) -> list[float | None]:
    """Return the distance of each score to its bundle's threshold.

    The threshold is inferred from the labels: of all thresholds that give them, the nearest to
    0.5.
    """
    below: dict[str, float] = {}
    above: dict[str, float] = {}
    for one in feedback:
        if one.score is None:
            continue
        if one.predicted:
            above[one.bundle] = min(above.get(one.bundle, 1.0), one.score)
        else:
            below[one.bundle] = max(below.get(one.bundle, 0.0), one.score)
    thresholds = {
        bundle: min(max(_HALF, below.get(bundle, 0.0)), above.get(bundle, 1.0))
        for bundle in below.keys() | above.keys()
    }
    return [
        None if one.score is None else round(abs(one.score - thresholds[one.bundle]), _SCORE_DIGITS)
        for one in feedback
    ]


def _worst(feedback: Sequence[Feedback], margins: Sequence[float | None]) -> list[Misprediction]:
    wrong = [pair for pair in zip(feedback, margins, strict=True) if pair[0].mispredicted]
    wrong.sort(key=lambda pair: (pair[1] is None, -(pair[1] or 0.0), pair[0].id))
    counts = Counter((one.text, one.ground_truth) for one, _ in wrong)
    first: dict[tuple[str, bool], tuple[Feedback, float | None]] = {}
    for one, margin in wrong:
        first.setdefault((one.text, one.ground_truth), (one, margin))
    return [Misprediction(one, margin, counts[key]) for key, (one, margin) in first.items()]
