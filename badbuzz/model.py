"""The frozen values that travel between the rooms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["post", "edit", "delete", "heartbeat"]
Phase = Literal["firing", "escalated", "resolved"]
Severity = Literal["info", "warning", "critical"]
WindowState = Literal["quiet", "firing", "cooling", "muted", "no_baseline"]

SCORE_UNITS = 10_000
"""Scores are kept as whole ten-thousandths, so that sums do not depend on order."""
BUCKET_MS: Final = 300_000


@dataclass(frozen=True, slots=True)
class Tweet:
    """A public message about a brand, or a source's word about itself.

    Parameters
    ----------
    id
        The network's id; for a heartbeat the empty string.
    brand
        What it is about: the key; empty for a heartbeat, which is about every brand.
    text
        As it was written.
    created_ms
        Event time, Unix milliseconds.
    produced_ms
        The source's own clock when it sent the record, Unix milliseconds.
    seq
        The source's number for the record, rising; -1 where a source cannot number.
    source
        Who sent it: ``replay:…``, ``simulate``, ``bluesky``.
    lang
        BCP 47 primary language in lower case; ``und`` when unknown.
    author
        A keyed hash of the author, never a name; empty when unknown.
    n_retweets
        Retweets when it was seen, >= 0.
    url
        Permalink, or empty.
    replay
        Whether history is being sent again.
    kind
        ``post``; ``edit`` and ``delete`` never change counts; ``heartbeat`` carries time only.

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
    kind: Kind = "post"


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a bundle says of one tweet.

    Parameters
    ----------
    score
        P(negative) in [0, 1], rounded to ten-thousandths.
    negative
        The label: score >= the bundle's threshold.
    adjusted
        (score - m0) / (m1 - m0), the tweet's share of the adjusted negative rate, in
        ten-thousandths (int); m0, m1 are the bundle's mean scores of either class.
    bundle
        Version of the bundle, ``name@hash``.
    """

    score: float
    negative: bool
    adjusted: int
    bundle: str


@dataclass(frozen=True, slots=True)
class Window:
    """A closed five-minute bucket of one brand, with what was expected of it.

    Counts and rates are those of the bucket; ``score``, ``scale_min`` and ``p_value`` are those
    of the scale that surprised most. Rates are None where no tweet was counted.
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
    """A word or two that set an alert's negatives apart: in how many it stands, and how much so.

    ``z`` is the log-odds ratio to what is usual for the brand, over its standard deviation.
    """

    term: str
    n: int
    z: float


@dataclass(frozen=True, slots=True)
class Reason:
    """What negative tweets are about and how many say so.

    ``reason`` is a key of :data:`badbuzz.evidence.reasons.NAMES`.
    """

    reason: str
    n: int


@dataclass(frozen=True, slots=True)
class Example:
    """A negative tweet to show: names, e-mail and phone numbers are hidden, the permalink stays.

    ``n_alike`` is how many of the sample say the same, itself included, >= 1.
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
    """Why: what an alert's negatives have in common, from at most 32 of each five minutes.

    Parameters
    ----------
    n_sampled
        Negatives that were looked at; the alert's ``n_negative``, unless there were too many.
    terms
        What sets them apart from the brand's usual ones, strongest first.
    reasons
        What those terms mean, where a quarter of the sample at least says so, commonest first.
    n_authors, n_signed
        Distinct authors of those whose author is known, and how many those are.
    near_duplicate_rate
        Share that repeats an earlier one almost word for word, in [0, 1].
    reach
        Retweets of the sampled, of those alike only the highest.
    most_negative, most_repeated
        At most three each.
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
    """Our claim that a brand is in trouble, at one change of its phase.

    Parameters
    ----------
    id
        ``brand/opening window's start_ms``; the same for every phase of one alert.
    window_start_ms, window_end_ms
        The half-open window the claim is about, ``scale_min`` minutes long.
    n, n_negative, expected, p_value
        Tweets and negatives in that window, the negatives expected, and the count test's
        chance of as many or more on the scale that surprised most: for comparing alerts. Its
        tail is thin: where nothing happened, so low a p-value comes more often than it says,
        up to 180 times at 1e-5 (docs/detection.md, "What the p-value is worth").
    rate, adjusted_rate, baseline_rate, adjusted_baseline_rate
        Negative rates in [0, 1]: counted, adjusted for the classifier's error, and what
        either is usually.
    score, peak_score
        Now, and the highest since the alert opened.
    opened_ms
        End of the window that opened it.
    first_ms, last_ms
        Event times of the first and last tweet in the window.
    evidence
        Why, when it fires or escalates; None when it is resolved.
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
    """A tweet as the processor passed it on.

    Parameters
    ----------
    tweet
        A post, an edit or a delete.
    score, negative
        What the bundle says; None where no bundle reads the tweet's language.
    bundle
        Version of that bundle; empty where there is none.
    """

    tweet: Tweet
    score: float | None
    negative: bool | None
    bundle: str
