"""What the store takes and gives, beside windows, alerts and tweets: frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from badbuzz.model import Alert, Window, WindowState

RulingKind = Literal["real", "false_alarm", "benign"]
FeedbackSource = Literal["feedback", "labelling", "try"]
TweetOrder = Literal["newest", "negative", "uncertain"]
Scope = Literal["read", "write", "admin"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, order=True)
class SourcePartition:
    """A partition of a topic, whose name is that of :mod:`badbuzz.wire`, without the prefix."""

    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class WindowSum:
    """A brand's windows in one step of time, added up.

    Parameters
    ----------
    start_ms, end_ms
        The half-open step; a whole number of five-minute windows.
    n, n_negative, expected
        Sums over the windows.
    expected_low, expected_high
        Sums of the windows' bands: wider than the band of the sum, as it is rare that every
        window lies at the same end of its own.
    rate, adjusted_rate
        Of all tweets of the step, in [0, 1]; None without tweets.
    baseline_rate
        Mean over the windows.
    score, state, alert_id
        Of the worst: the highest score, the gravest state, the latest alert; empty when none.
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
    state: WindowState
    alert_id: str


@dataclass(frozen=True, slots=True)
class Feedback:
    """A person's word on what a tweet is.

    Parameters
    ----------
    id
        The sender's; the same twice is one.
    at_ms, by
        When and who: the name of a key.
    tweet_id
        None where a text was judged that is no tweet.
    text
        Masked.
    predicted, score, bundle
        What was said of it; None where nothing was.
    right
        The truth as the person sees it: True is negative.
    source
        How it came: a correction, the list of tweets worth labelling, or a try.

    Examples
    --------
    >>> said = Feedback("1", 0, "kim", None, "", "en", "Late again", "", False, 0.4, True, "b@1",
    ...                 "feedback")
    >>> said.mispredicted
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
    right: bool
    bundle: str
    source: FeedbackSource

    @property
    def mispredicted(self) -> bool:
        """Whether the person contradicts a label."""
        return self.predicted is not None and self.predicted != self.right


@dataclass(frozen=True, slots=True)
class Ruling:
    """A person's judgement of an alert; of several by one person the latest counts."""

    alert_id: str
    verdict: RulingKind
    by: str
    at_ms: int
    note: str


@dataclass(frozen=True, slots=True)
class AlertHistory:
    """An alert and all that became of it.

    Parameters
    ----------
    alert
        Its newest phase.
    phases
        Every phase, oldest first; the last is ``alert``.
    acknowledged_by, acknowledged_ms
        Who took it on first, and when; None while nobody has.
    rulings
        Those that count, one a person, oldest first.
    """

    alert: Alert
    phases: tuple[Alert, ...]
    acknowledged_by: str | None
    acknowledged_ms: int | None
    rulings: tuple[Ruling, ...]


@dataclass(frozen=True, slots=True)
class SampledTweet:
    """A tweet of the store's sample, its text masked, its author a keyed hash."""

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
    """Where a brand stands: its last closed window, its newest alert that is not resolved."""

    brand: str
    last_window: Window | None
    open_alert: Alert | None


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key without its secret.

    Parameters
    ----------
    name
        Whose it is: what is acknowledged or corrected with it bears this name.
    scopes
        Of ``read``, ``write`` and ``admin``.
    made_ms, revoked_ms
        Revoked is None while the key is good.
    prefix
        The part of the secret by which the key is found, 8 hexadecimal digits.
    """

    name: str
    scopes: frozenset[str]
    made_ms: int
    revoked_ms: int | None
    prefix: str


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the audit: who did what, to what."""

    at_ms: int
    who: str
    what: str
    subject: str
    detail: str


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some of what was asked for; ``cursor`` asks for what follows, None when nothing does."""

    items: tuple[T, ...]
    cursor: str | None


Change = tuple[SourcePartition, int, Window | Alert]
"""A recorded window or alert with where it came from: place and offset."""
