"""Immutable values that the packages exchange, declared once: type, bounds and defaults.

:mod:`badbuzz.wire` decodes records into these classes and refuses values out of bounds. The classes
themselves do not check, so that the worker pays nothing to construct them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal, get_args

from msgspec import Meta

TweetKind = Literal["post", "edit", "delete", "heartbeat"]
Phase = Literal["firing", "escalated", "resolved"]
Severity = Literal["info", "warning", "critical"]
WindowState = Literal["quiet", "firing", "cooling", "muted", "no_baseline"]

SCORE_UNITS = 10_000
"""Scores are summed as integers of 1/10,000, so that sums do not depend on order."""
BUCKET_MS: Final = 300_000
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
MAX_MS: Final = 4_102_444_800_000
"""The year 2100: times at or after it are invalid."""
MAX_COUNT: Final = 1_000_000_000
"""Maximum of a number of tweets, people or retweets, so that sums of them fit 63 bits."""
MAX_INT: Final = 2**63 - 1

Count = Annotated[int, Meta(ge=0, le=MAX_COUNT)]
Minutes = Annotated[int, Meta(ge=0, le=1_000_000)]
TimeMs = Annotated[int, Meta(ge=0, lt=MAX_MS)]
EndMs = Annotated[int, Meta(ge=0, le=MAX_MS)]
"""Unix milliseconds, for an end, which is exclusive."""
Rate = Annotated[float, Meta(ge=0, le=1)]
Amount = Annotated[float, Meta(ge=0, le=1e12)]
"""A finite number >= 0, such as an expected count or the score of an alert."""
Id = Annotated[str, Meta(max_length=4_096)]
"""An identifier or a URL."""
Name = Annotated[str, Meta(max_length=256)]
Versions = Annotated[str, Meta(max_length=4_096)]
"""Versions of bundles, separated by commas."""
Key = Annotated[str, Meta(pattern=r"\A[a-z][a-z0-9_]{0,39}\Z")]
"""A value out of a list that a newer version may extend.

Readers carry keys that they do not know and show them as they are.
"""
_MAX_LISTED: Final = 100
_RANKS: Final[dict[str, int]] = {key: rank for rank, key in enumerate(get_args(Severity))}


def severity_rank(severity: str) -> int:
    """Return the rank of a severity; one that this version does not know is the highest.

    Examples
    --------
    >>> severity_rank("info"), severity_rank("critical"), severity_rank("major")
    (0, 2, 3)
    """
    return _RANKS.get(severity, len(_RANKS))


@dataclass(frozen=True, slots=True)
class Tweet:
    """A public message about a brand, or a heartbeat of a source.

    Parameters
    ----------
    id
        The network's id, for Mastodon the ``uri``; empty for a heartbeat.
    brand
        Name of the brand, the Kafka key; empty for a heartbeat, which applies to every brand.
    text
        Unmodified text.
    created_ms
        Event time, Unix milliseconds.
    produced_ms
        Time on the source's clock when it sent the record, Unix milliseconds.
    seq
        Sequence number of the record, increasing per source; -1 if the source has none. It decides
        nothing: a repeated record is recognised by its id.
    source
        Name of the source: its network, such as ``bluesky``, and after a colon, if the network has
        several sources, which of them: ``replay:week-1f3a``.
    lang
        BCP 47 primary language in lower case; ``und`` when unknown.
    author
        Keyed hash of the author's name; empty when unknown.
    n_retweets
        Number of retweets when the source read the tweet, >= 0.
    url
        Permalink; empty when unknown.
    replay
        Whether the record is replayed history.
    kind
        ``post`` is counted; ``edit`` and ``delete`` never change counts; ``heartbeat`` carries
        only a time.
    replaces
        Id of the version that an edited tweet replaces, if its network gives an edit a new id;
        empty otherwise.

    Examples
    --------
    >>> Tweet(id="1", brand="Air Paradis", text="Lost my bag.", created_ms=0, produced_ms=0).kind
    'post'
    """

    id: Id
    brand: Name
    text: str
    created_ms: TimeMs
    produced_ms: TimeMs
    seq: Annotated[int, Meta(ge=-MAX_INT, le=MAX_INT)] = -1
    source: Name = "unknown"
    lang: Name = "und"
    author: Id = ""
    n_retweets: Count = 0
    url: Id = ""
    replay: bool = False
    kind: TweetKind = "post"
    replaces: Id = ""

    @property
    def removed_id(self) -> str:
        """Id of the tweet whose text an edit or a deletion removes."""
        return self.replaces or self.id


@dataclass(frozen=True, slots=True)
class Prediction:
    """A bundle's score and label for one tweet.

    Parameters
    ----------
    score
        P(negative) in [0, 1], rounded to ten-thousandths.
    negative
        Label: score >= the bundle's threshold.
    adjusted
        (score - m0) / (m1 - m0) in units of 1/10,000, the tweet's contribution to the adjusted
        negative rate; m0 and m1 are the bundle's mean scores of the two classes.
    bundle
        Version of the bundle, ``name@hash``.
    """

    score: float
    negative: bool
    adjusted: int
    bundle: str


@dataclass(frozen=True, slots=True)
class Window:
    """A closed five-minute bucket of one brand, with the expected number of negatives.

    Counts and rates are those of the bucket. ``score``, ``scale_min`` (minutes) and ``p_value``
    belong to the scale with the highest score. Rates are None when no tweet was counted. ``state``
    is a :data:`WindowState`, or one of a newer version.
    """

    brand: Name
    start_ms: TimeMs
    end_ms: EndMs
    n: Count
    n_negative: Count
    n_unvalidated: Count
    expected: Amount
    expected_low: Amount
    expected_high: Amount
    rate: Rate | None
    adjusted_rate: Rate | None
    baseline_rate: Rate
    adjusted_baseline_rate: Rate
    score: Amount
    scale_min: Minutes
    p_value: Rate
    state: Key
    alert_id: Name
    absent: Annotated[tuple[Name, ...], Meta(max_length=1_000)]
    bundle: Versions


@dataclass(frozen=True, slots=True)
class Term:
    """A unigram or bigram over-represented in an alert's negatives: document count and z-score.

    ``z`` is the log-odds ratio to the brand's usual negatives over its standard deviation.
    """

    term: Annotated[str, Meta(max_length=1_000)]
    n: Count
    z: Annotated[float, Meta(ge=-1e12, le=1e12)]


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason for complaints and the number of negative tweets that mention it.

    ``reason`` is one of :data:`badbuzz.evidence.reasons.REASONS`, or one of a newer version.
    """

    reason: Key
    n: Count


@dataclass(frozen=True, slots=True)
class Example:
    """A negative tweet to display, with user names, e-mail addresses and phone numbers masked.

    ``n_alike`` is the number of its near-duplicates in the sample, itself included, >= 1.
    ``network`` is the one that ``id`` belongs to; empty when unknown, as in older records.
    """

    id: Id
    created_ms: TimeMs
    score: Rate
    text: Annotated[str, Meta(max_length=4_096)]
    url: Id
    n_retweets: Count
    n_alike: Count
    network: Name = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A summary of an alert's negatives, from a sample of at most 32 per bucket.

    Parameters
    ----------
    n_sampled
        Number of sampled negatives; less than the alert's ``n_negative`` if there were too many.
    terms
        Terms that are over-represented, highest z first.
    reasons
        Reasons that the terms stand for and at least a quarter of the sample mentions, most
        frequent first.
    n_authors, n_signed
        Number of distinct authors, and number of sampled tweets whose author is known.
    near_duplicate_rate
        Share of the sample that nearly repeats an earlier tweet, in [0, 1].
    reach
        Sum of retweets; of near-duplicates only the highest number counts.
    most_negative, most_repeated
        Tweets to display, at most three each.
    """

    n_sampled: Count
    terms: Annotated[tuple[Term, ...], Meta(max_length=_MAX_LISTED)]
    reasons: Annotated[tuple[Reason, ...], Meta(max_length=_MAX_LISTED)]
    n_authors: Count
    n_signed: Count
    near_duplicate_rate: Rate
    reach: Annotated[int, Meta(ge=0, le=MAX_INT)]
    most_negative: Annotated[tuple[Example, ...], Meta(max_length=_MAX_LISTED)]
    most_repeated: Annotated[tuple[Example, ...], Meta(max_length=_MAX_LISTED)]


@dataclass(frozen=True, slots=True)
class Alert:
    """A claim that a brand is in a crisis, at one change of the alert's phase.

    Parameters
    ----------
    id
        ``brand/start_ms`` of the window that opened the alert; the same in every phase.
    phase, severity
        A :data:`Phase` and a :data:`Severity`, or those of a newer version.
    window_start_ms, window_end_ms
        Half-open window of ``scale_min`` minutes that the claim is about.
    n, n_negative, expected, p_value
        Tweets, negatives and expected negatives in that window, and the count test's p-value on
        the scale with the highest score. Use the p-value to compare alerts: without a crisis, a
        value so low occurs more often than it states, up to 180 times as often at 1e-5
        (docs/detection.md, "What the p-value means").
    rate, adjusted_rate, baseline_rate, adjusted_baseline_rate
        Negative rates in [0, 1]: as counted, adjusted for the classifier's error, and the
        baseline of each.
    score, peak_score
        Score of this phase, and the highest since the alert opened.
    opened_ms
        End of the window that opened the alert, Unix milliseconds.
    first_ms, last_ms
        Event times of the window's first and last tweet, Unix milliseconds.
    evidence
        Evidence of a firing or escalated alert; None when it is resolved.
    """

    id: Name
    brand: Name
    phase: Key
    severity: Key
    window_start_ms: TimeMs
    window_end_ms: EndMs
    scale_min: Minutes
    n: Count
    n_negative: Count
    expected: Amount
    p_value: Rate
    rate: Rate
    adjusted_rate: Rate
    baseline_rate: Rate
    adjusted_baseline_rate: Rate
    score: Amount
    peak_score: Amount
    opened_ms: EndMs
    first_ms: EndMs
    last_ms: EndMs
    bundle: Versions
    replay: bool
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class Scored:
    """A tweet as the processor publishes it to ``scored-tweets``.

    Parameters
    ----------
    tweet
        Post, edit or delete.
    score, negative
        Score and label; None when no bundle supports the tweet's language.
    bundle
        Version of the bundle; empty when there is none.
    """

    tweet: Tweet
    score: float | None
    negative: bool | None
    bundle: str
