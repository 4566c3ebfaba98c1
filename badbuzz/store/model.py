"""Frozen values that the store's methods take and return."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

from badbuzz.model import Alert, Key, Window

AlertPhase = Literal["open", "firing", "escalated", "resolved"]
"""A filter of alerts: their newest phase; ``open`` is every phase but ``resolved``."""
RulingKind = Literal["real", "false_alarm", "benign"]
FeedbackSource = Literal["feedback", "labelling", "try"]
TweetOrder = Literal["newest", "negative", "uncertain"]
Scope = Literal["read", "write", "admin"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, order=True)
class SourcePartition:
    """A partition of a topic; ``topic`` is a name of :mod:`badbuzz.wire`, without the prefix.

    ``topic_id`` is the broker's id of the topic that records come from; empty if not known. It
    takes no part in comparisons.
    """

    topic: str
    partition: int
    topic_id: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class WindowSum:
    """Sum of a brand's windows over one step of time.

    Parameters
    ----------
    start_ms, end_ms
        Half-open interval, Unix ms; a multiple of five minutes.
    n, n_negative, expected
        Sums of the windows' values.
    expected_low, expected_high
        Sums of the windows' bands. They are wider than the band of the sum, because windows
        rarely deviate in the same direction.
    rate, adjusted_rate
        Negative rates of all tweets in the step, in [0, 1]; None without tweets.
    baseline_rate
        Mean of the windows' baseline rates, in [0, 1].
    score, state, alert_id
        Highest score, most severe state, and id of the latest alert (empty without one).
    """

    start_ms: int
    end_ms: int
    n: int
    n_negative: int
    expected: float
    expected_low: float
    expected_high: float
    rate: float | None
    adjusted_rate: float | None
    baseline_rate: float
    score: float
    state: Key
    alert_id: str


@dataclass(frozen=True, slots=True)
class Feedback:
    """A person's label of a tweet or text.

    Parameters
    ----------
    id
        Idempotency key, chosen by the client.
    at_ms, by
        Time, Unix ms, and name of the API key.
    tweet_id
        Id of the tweet; None if a free text was labelled.
    text
        Masked text.
    predicted, score, bundle
        Prediction and version of the bundle; None or empty without a prediction.
    ground_truth
        Label that the person gave: True is negative.
    source
        Origin: a correction, the labelling page, or a try of the model.

    Examples
    --------
    >>> one = Feedback("1", 0, "kim", None, "", "en", "Late again", "", False, 0.4, True, "b@1",
    ...                "feedback")
    >>> one.mispredicted
    True
    """

    id: str
    at_ms: int
    by: str
    tweet_id: str | None
    brand: str
    lang: str
    text: str
    author: str
    predicted: bool | None
    score: float | None
    ground_truth: bool
    bundle: str
    source: FeedbackSource

    @property
    def mispredicted(self) -> bool:
        """True if the person contradicts the predicted label."""
        return self.predicted is not None and self.predicted != self.ground_truth


@dataclass(frozen=True, slots=True)
class Ruling:
    """A person's ruling on an alert; the latest ruling of each person counts."""

    alert_id: str
    verdict: RulingKind
    by: str
    at_ms: int
    note: str


@dataclass(frozen=True, slots=True)
class AlertHistory:
    """An alert with its phases, acknowledgement and rulings.

    Parameters
    ----------
    alert
        Newest phase of the alert.
    phases
        All phases, oldest first; the last is ``alert``.
    acknowledged_by, acknowledged_ms
        Name of the first API key that acknowledged it, and time, Unix ms; None until then.
    rulings
        Rulings that count, one per person, oldest first.
    """

    alert: Alert
    phases: tuple[Alert, ...]
    acknowledged_by: str | None
    acknowledged_ms: int | None
    rulings: tuple[Ruling, ...]


@dataclass(frozen=True, slots=True)
class SampledTweet:
    """A tweet of the store's sample; the text is masked and the author is a keyed hash."""

    id: str
    brand: str
    created_ms: int
    text: str
    lang: str
    url: str
    author: str
    n_retweets: int
    score: float | None
    negative: bool | None
    bundle: str
    window_start_ms: int


@dataclass(frozen=True, slots=True)
class BrandSummary:
    """Status of a brand: its last closed window and its newest unresolved alert."""

    brand: str
    last_window: Window | None
    open_alert: Alert | None


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key without its secret.

    Parameters
    ----------
    name
        Name of the key, which identifies the author of acknowledgements and corrections.
    scopes
        Permissions: a subset of ``read``, ``write`` and ``admin``.
    made_ms, revoked_ms
        Times of creation and revocation, Unix ms; ``revoked_ms`` is None for a valid key.
    prefix
        Part of the secret by which the key is found: 8 hexadecimal digits.
    """

    name: str
    scopes: frozenset[str]
    made_ms: int
    revoked_ms: int | None
    prefix: str


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """An audit entry: time, author, action, and what was changed."""

    at_ms: int
    who: str
    what: str
    subject: str
    detail: str


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of results; ``cursor`` requests the next page and is None on the last one."""

    items: tuple[T, ...]
    cursor: str | None


Change = tuple[SourcePartition, int, Window | Alert]
"""Partition, offset, and the window or alert recorded from it."""
