"""An alert's evidence: what the sampled negatives of its window have in common."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from badbuzz.evidence.masking import masked
from badbuzz.evidence.reasons import meanings
from badbuzz.evidence.sample import BrandEvidence, Entry
from badbuzz.evidence.terms import drivers, terms, words
from badbuzz.model import SCORE_UNITS, Evidence, Example, Reason, Term

MAX_TERMS: Final = 8
MAX_EXAMPLES: Final = 3
ALIKE: Final = 0.7
"""Texts are near-duplicates when they share this much of their words (Jaccard index)."""
_MIN_SHARE: Final = 0.25
_NO_WORDS: Final = frozenset({"rt"})


@dataclass(slots=True)
class _Read:
    """A tweet that has been read."""

    entry: Entry
    text: str
    words: frozenset[str]
    terms: list[str]


@dataclass(slots=True)
class _DuplicateGroup:
    """Tweets that say the same; the first is what the others are compared with."""

    first: _Read
    reads: list[_Read] = field(default_factory=list)


def explain(evidence: BrandEvidence, start_ms: int, end_ms: int) -> Evidence | None:
    """What sets the negatives of a window apart, and what there is to show of them.

    Parameters
    ----------
    evidence
        Of the brand.
    start_ms, end_ms
        The alert's half-open window.

    Returns
    -------
    Evidence or None
        None where no negative of the window was kept.

    Examples
    --------
    >>> explain(BrandEvidence("Air Paradis"), 0, 300_000) is None
    True
    """
    reads = [_read(entry) for entry in evidence.entries(start_ms, end_ms)]
    if not reads:
        return None
    kins = _kins(reads)
    own = set(words(evidence.brand))
    counts = Counter(term for read in reads for term in read.terms if term not in own)
    driving = drivers(counts, *evidence.usual(), MAX_TERMS)
    signed = [read.entry.author for read in reads if read.entry.author]
    repeated, negative = _examples(kins)
    return Evidence(
        n_sampled=len(reads),
        terms=tuple(driving),
        reasons=_reasons(driving, reads),
        n_authors=len(set(signed)),
        n_signed=len(signed),
        near_duplicate_rate=round(1 - len(kins) / len(reads), 4),
        reach=sum(max(read.entry.n_retweets for read in kin.reads) for kin in kins),
        most_negative=negative,
        most_repeated=repeated,
    )


def _read(entry: Entry) -> _Read:
    text = masked(entry.text)
    found = words(text)
    return _Read(entry, text, frozenset(found) - _NO_WORDS, terms(found))


def _kins(reads: list[_Read]) -> list[_DuplicateGroup]:
    """Groups of near-duplicates, by the time of their first; texts without words stand alone."""
    kins: list[_DuplicateGroup] = []
    for read in reads:
        kin = next((kin for kin in kins if _alike(read.words, kin.first.words)), None)
        if kin is None:
            kin = _DuplicateGroup(read)
            kins.append(kin)
        kin.reads.append(read)
    return kins


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    shortest, longest = sorted((len(one), len(other)))
    if not shortest or shortest < ALIKE * longest:
        return False
    shared = len(one & other)
    return shared >= ALIKE * (len(one) + len(other) - shared)


def _reasons(driving: list[Term], reads: list[_Read]) -> tuple[Reason, ...]:
    """What the driving terms mean, where enough of the sample says so, commonest first."""
    meant = set(meanings(term.term for term in driving))
    counts = Counter(found for read in reads for found in meant & set(meanings(read.terms)))
    enough = max(2.0, _MIN_SHARE * len(reads))
    ranked = sorted(counts.items(), key=lambda counted: (-counted[1], counted[0]))
    return tuple(Reason(found, n) for found, n in ranked if n >= enough)


def _examples(kins: list[_DuplicateGroup]) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    """The most repeated texts, and the most negative of the others."""
    several = [kin for kin in kins if len(kin.reads) > 1]
    several.sort(key=lambda kin: -len(kin.reads))
    repeated = several[:MAX_EXAMPLES]
    shown = {id(kin) for kin in repeated}
    others = [_example(kin) for kin in kins if id(kin) not in shown]
    others.sort(key=lambda example: -example.score)
    return tuple(_example(kin) for kin in repeated), tuple(others[:MAX_EXAMPLES])


def _example(kin: _DuplicateGroup) -> Example:
    """The most negative tweet of those that say the same; the first of several."""
    read = max(kin.reads, key=lambda read: read.entry.score)
    entry = read.entry
    return Example(
        id=entry.id,
        created_ms=entry.created_ms,
        score=entry.score / SCORE_UNITS,
        text=read.text,
        url=entry.url,
        n_retweets=entry.n_retweets,
        n_alike=len(kin.reads),
    )
