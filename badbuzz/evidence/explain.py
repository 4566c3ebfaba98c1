"""Summarise the sampled negatives of an alert's window as its evidence."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

from badbuzz.evidence.masking import mask
from badbuzz.evidence.reasons import find_reasons
from badbuzz.evidence.sample import BrandEvidence, SampledNegative
from badbuzz.evidence.terms import extract_terms, extract_words, find_drivers
from badbuzz.model import SCORE_UNITS, Evidence, Example, Reason, Term

MAX_TERMS: Final = 8
MAX_EXAMPLES: Final = 3
ALIKE: Final = 0.7
"""Jaccard index of two texts' words from which they are near-duplicates."""
_MIN_SHARE: Final = 0.25
_IGNORED_WORDS: Final = frozenset({"rt"})


@dataclass(slots=True)
class _AnalysedTweet:
    """A sampled tweet with its masked text, words and terms."""

    sampled: SampledNegative
    text: str
    words: frozenset[str]
    terms: list[str]


_DuplicateGroup = list[_AnalysedTweet]
"""Near-duplicates of the first tweet in the list."""


def explain(evidence: BrandEvidence, start_ms: int, end_ms: int) -> Evidence | None:
    """Summarise the sampled negatives of a window.

    Parameters
    ----------
    evidence
        Samples and term counts of the brand.
    start_ms, end_ms
        Half-open window of the alert, Unix milliseconds.

    Returns
    -------
    Evidence or None
        The summary; None if the sample has no negative of the window.

    Examples
    --------
    >>> explain(BrandEvidence("Air Paradis"), 0, 300_000) is None
    True
    """
    tweets = [_analyse(sampled) for sampled in evidence.entries(start_ms, end_ms)]
    if not tweets:
        return None
    groups = _group_duplicates(tweets)
    brand_words = set(extract_words(evidence.brand))
    counts = Counter(term for tweet in tweets for term in tweet.terms if term not in brand_words)
    driving = find_drivers(counts, *evidence.usual(), MAX_TERMS)
    signed = [tweet.sampled.author for tweet in tweets if tweet.sampled.author]
    repeated, negative = _examples(groups)
    return Evidence(
        n_sampled=len(tweets),
        terms=tuple(driving),
        reasons=_reasons(driving, tweets),
        n_authors=len(set(signed)),
        n_signed=len(signed),
        near_duplicate_rate=round(1 - len(groups) / len(tweets), 4),
        reach=sum(max(tweet.sampled.n_retweets for tweet in group) for group in groups),
        most_negative=negative,
        most_repeated=repeated,
    )


def _analyse(sampled: SampledNegative) -> _AnalysedTweet:
    text = mask(sampled.text)
    words = extract_words(text)
    return _AnalysedTweet(sampled, text, frozenset(words) - _IGNORED_WORDS, extract_terms(words))


def _group_duplicates(tweets: list[_AnalysedTweet]) -> list[_DuplicateGroup]:
    """Group near-duplicates, in the order of their first tweet; texts without words stay alone."""
    groups: list[_DuplicateGroup] = []
    for tweet in tweets:
        for group in groups:
            if _are_duplicates(tweet.words, group[0].words):
                group.append(tweet)
                break
        else:
            groups.append([tweet])
    return groups


def _are_duplicates(one: frozenset[str], other: frozenset[str]) -> bool:
    shortest, longest = sorted((len(one), len(other)))
    if not shortest or shortest < ALIKE * longest:
        return False
    shared = len(one & other)
    return shared >= ALIKE * (len(one) + len(other) - shared)


def _reasons(driving: list[Term], tweets: list[_AnalysedTweet]) -> tuple[Reason, ...]:
    """Return the reasons that enough of the sample mentions, most frequent first."""
    candidates = set(find_reasons(term.term for term in driving))
    counts = Counter(
        reason for tweet in tweets for reason in candidates & set(find_reasons(tweet.terms))
    )
    enough = max(2.0, _MIN_SHARE * len(tweets))
    ranked = sorted(counts.items(), key=lambda counted: (-counted[1], counted[0]))
    return tuple(Reason(reason, n) for reason, n in ranked if n >= enough)


def _examples(groups: list[_DuplicateGroup]) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    """Return the most repeated texts, and the most negative of the others."""
    several = [group for group in groups if len(group) > 1]
    repeated = sorted(several, key=len, reverse=True)[:MAX_EXAMPLES]
    shown = {id(group) for group in repeated}
    others = [_example(group) for group in groups if id(group) not in shown]
    others.sort(key=lambda example: -example.score)
    return tuple(_example(group) for group in repeated), tuple(others[:MAX_EXAMPLES])


def _example(group: _DuplicateGroup) -> Example:
    """Return the most negative tweet of a group, the first if several are equal."""
    tweet = max(group, key=lambda tweet: tweet.sampled.score)
    sampled = tweet.sampled
    return Example(
        id=sampled.id,
        created_ms=sampled.created_ms,
        score=sampled.score / SCORE_UNITS,
        text=tweet.text,
        url=sampled.url,
        n_retweets=sampled.n_retweets,
        n_alike=len(group),
        network=sampled.network,
    )
