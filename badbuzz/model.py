"""Immutable values that the packages exchange."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

TweetKind = Literal["post", "edit", "delete", "heartbeat"]
Phase = Literal["firing", "escalated", "resolved"]
Severity = Literal["info", "warning", "critical"]
WindowState = Literal["quiet", "firing", "cooling", "muted", "no_baseline"]

SCORE_UNITS = 10_000
"""Scores are summed as integers of 1/10,000, so that sums do not depend on order."""
BUCKET_MS: Final = 300_000
HOUR_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True)
class Tweet:
    """A public message about a brand, or a heartbeat of a source.

    Parameters
    ----------
    id
        The network's id; empty for a heartbeat.
    brand
        Name of the brand, the Kafka key; empty for a heartbeat, which applies to every brand.
    text
        Unmodified text.
    created_ms
        Event time, Unix milliseconds.
    produced_ms
        Time on the source's clock when it sent the record, Unix milliseconds.
    seq
        Sequence number of the record, increasing per source; -1 if the source has none.
    source
        Name of the source, such as ``replay:…``, ``simulate`` or ``bluesky``.
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

    Examples
    --------
    >>> Tweet(id="1", brand="Air Paradis", text="Lost my bag.", created_ms=0, produced_ms=0).kind
    'post'
    """

    id: str
    brand: str
    text: str
    created_ms: int
    produced_ms: int
    seq: int = -1
    source: str = "unknown"
    lang: str = "und"
    author: str = ""
    n_retweets: int = 0
    url: str = ""
    replay: bool = False
    kind: TweetKind = "post"


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
    belong to the scale with the highest score. Rates are None when no tweet was counted.
    """

    brand: str
    start_ms: int
    end_ms: int
    n: int
    n_negative: int
    n_unvalidated: int
    expected: float
    expected_low: float
    expected_high: float
    rate: float | None
    adjusted_rate: float | None
    baseline_rate: float
    adjusted_baseline_rate: float
    score: float
    scale_min: int
    p_value: float
    state: WindowState
    alert_id: str
    absent: tuple[str, ...]
    bundle: str


@dataclass(frozen=True, slots=True)
class Term:
    """A unigram or bigram over-represented in an alert's negatives: document count and z-score.

    ``z`` is the log-odds ratio to the brand's usual negatives over its standard deviation.
    """

    term: str
    n: int
    z: float


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason for complaints and the number of negative tweets that mention it.

    ``reason`` is one of :data:`badbuzz.evidence.reasons.REASONS`.
    """

    reason: str
    n: int


@dataclass(frozen=True, slots=True)
class Example:
    """A negative tweet to display, with user names, e-mail addresses and phone numbers masked.

    ``n_alike`` is the number of its near-duplicates in the sample, itself included, >= 1.
    """

    id: str
    created_ms: int
    score: float
    text: str
    url: str
    n_retweets: int
    n_alike: int


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

    n_sampled: int
    terms: tuple[Term, ...]
    reasons: tuple[Reason, ...]
    n_authors: int
    n_signed: int
    near_duplicate_rate: float
    reach: int
    most_negative: tuple[Example, ...]
    most_repeated: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Alert:
    """A claim that a brand is in a crisis, at one change of the alert's phase.

    Parameters
    ----------
    id
        ``brand/start_ms`` of the window that opened the alert; the same in every phase.
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

    id: str
    brand: str
    phase: Phase
    severity: Severity
    window_start_ms: int
    window_end_ms: int
    scale_min: int
    n: int
    n_negative: int
    expected: float
    p_value: float
    rate: float
    adjusted_rate: float
    baseline_rate: float
    adjusted_baseline_rate: float
    score: float
    peak_score: float
    opened_ms: int
    first_ms: int
    last_ms: int
    bundle: str
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
