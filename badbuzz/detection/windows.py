"""The fold over one brand: tweets in event time in, closed windows and alerts out.

``observe`` counts one tweet into its bucket; ``advance`` closes the buckets that a watermark has
passed and tests each against what is usual. Both change the :class:`BrandState` they are given
and depend on nothing else: no clock, no randomness, no Kafka. The same events give the same
windows and alerts, to the byte.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from math import log, sqrt
from typing import Final, Literal, NamedTuple
from zlib import crc32

from badbuzz.detection.alerting import advance_alert
from badbuzz.detection.baseline import Baseline
from badbuzz.detection.buckets import SCALES, Bucket, WindowSum, share, window_sums
from badbuzz.detection.state import BrandState, DetectionResult, Rules
from badbuzz.detection.statistics import count_z, p_value, rate_z
from badbuzz.model import BUCKET_MS, Alert, Prediction, Tweet, Window

HOUR_MS: Final = 3_600_000
SILENCE_MS: Final = HOUR_MS
"""A watermark that leaps further was not watching: what it leapt over is unseen, not quiet."""

_LONGEST: Final = SCALES[-1]
_MAX_SOURCES: Final = 8
_MAX_NUMBERED: Final = 12
_MAX_RECENT_IDS: Final = 48
_BLIND_HOURS: Final = 24  # an hour of the day never seen cannot be judged
_SETTLING_HOURS: Final = 6
_SURGE_PRIOR: Final = 3.0  # tweets that are not negative, seen and expected

Outcome = Literal["counted", "unvalidated", "late"]


def is_duplicate(state: BrandState, tweet: Tweet) -> bool:
    """Whether a record was seen before; remembers it.

    A numbered record was seen when its source, one of the 12 heard last, has sent one numbered as
    high or higher; one without a number when its id is among the brand's 48 most recent ones.

    Examples
    --------
    >>> state = BrandState("Air Paradis")
    >>> tweet = Tweet("1", "Air Paradis", "", created_ms=0, produced_ms=0, seq=0)
    >>> is_duplicate(state, tweet), is_duplicate(state, tweet)
    (False, True)
    """
    if tweet.seq >= 0:
        source = _source_digest(tweet.source)
        last = state.last_seq.pop(source, -1)
        state.last_seq[source] = max(tweet.seq, last)
        if len(state.last_seq) > _MAX_NUMBERED:
            del state.last_seq[next(iter(state.last_seq))]
        return tweet.seq <= last
    digest = crc32(f"{tweet.source} {tweet.kind} {tweet.id}".encode())
    if digest in state.recent_ids:
        return True
    state.recent_ids.append(digest)
    del state.recent_ids[:-_MAX_RECENT_IDS]
    return False


@lru_cache(maxsize=1024)
def _source_digest(source: str) -> str:
    return f"{crc32(source.encode(errors='replace')):08x}"


def saw_source(state: BrandState, tweet: Tweet) -> None:
    """Note how far a tweet's source has come; forgets the source furthest behind of too many."""
    newest = state.newest_ms
    time_ms = tweet.produced_ms
    if tweet.kind == "post":
        time_ms = min(tweet.created_ms, time_ms)
    if time_ms > newest.get(tweet.source, -1):
        newest[tweet.source] = time_ms
    if len(newest) > _MAX_SOURCES:
        furthest = min(newest, key=lambda source: (newest[source], source))
        del newest[furthest]


def observe(state: BrandState, tweet: Tweet, verdict: Prediction | None, rules: Rules) -> Outcome:
    """Count a tweet into its bucket.

    Parameters
    ----------
    state
        Of the tweet's brand; changed.
    tweet
        A post, not seen before.
    verdict
        None where no bundle reads the tweet's language.
    rules
        Of the brand.

    Returns
    -------
    Outcome
        ``counted``; ``unvalidated`` for a language without a bundle or outside the brand's: shown,
        but not in the negative rate; ``late`` when its bucket had closed.

    Examples
    --------
    >>> state = BrandState("Air Paradis", closed_ms=300_000)
    >>> tweet = Tweet(id="1", brand="Air Paradis", text="", created_ms=300_000, produced_ms=300_000)
    >>> verdict = Prediction(score=0.9, negative=True, adjusted=11_000, bundle="airline-en@1")
    >>> observe(state, tweet, verdict, Rules()), state.buckets[300_000].n_negative
    ('counted', 1)
    """
    if tweet.created_ms < state.closed_ms:
        state.n_late += 1
        return "late"
    start_ms = tweet.created_ms - tweet.created_ms % BUCKET_MS
    bucket = state.buckets.get(start_ms)
    if bucket is None:
        bucket = state.buckets[start_ms] = Bucket()
    state.replay = tweet.replay
    if verdict is None or (rules.languages is not None and tweet.lang not in rules.languages):
        bucket.n_unvalidated += 1
        return "unvalidated"
    if bucket.n == 0 or tweet.created_ms < bucket.first_ms:
        bucket.first_ms = tweet.created_ms
    bucket.last_ms = max(bucket.last_ms, tweet.created_ms)
    bucket.n += 1
    bucket.n_negative += verdict.negative
    bucket.adjusted += verdict.adjusted
    name, _, digest = verdict.bundle.partition("@")
    state.bundles[name] = digest
    return "counted"


def advance(
    state: BrandState, watermark_ms: int, rules: Rules, absent: tuple[str, ...] = ()
) -> list[tuple[Window, Alert | None]]:
    """Close every bucket whose end the watermark has passed.

    Parameters
    ----------
    state
        Of one brand; changed.
    watermark_ms
        Event time before which nothing is waited for; one that goes back changes nothing.
    rules
        Of the brand.
    absent
        Sources that are known, but not live: recorded in the windows.

    Returns
    -------
    list of (Window, Alert or None)
        Each closed window with the change that it made in the alert's phase, if any.

    Examples
    --------
    >>> state = BrandState("Air Paradis", closed_ms=0)
    >>> state.buckets[0] = Bucket(n=4, n_negative=1)
    >>> [(window.n, window.state) for window, _ in advance(state, 300_000, Rules())]
    [(4, 'no_baseline')]
    """
    closed = []
    target_ms = watermark_ms - watermark_ms % BUCKET_MS
    if state.closed_ms < 0:
        state.closed_ms = target_ms
    while state.closed_ms < target_ms:
        seen_ms = min(target_ms, min(state.buckets, default=target_ms))
        if seen_ms - state.closed_ms > SILENCE_MS:
            state.closed_ms = seen_ms
            state.recent.clear()
            continue
        start_ms = state.closed_ms
        state.closed_ms += BUCKET_MS
        bucket = state.buckets.pop(start_ms, None) or Bucket()
        if bucket.n or bucket.n_unvalidated or state.n_hours:
            closed.append(_close(state, start_ms, bucket, rules, absent))
    return closed


def _close(
    state: BrandState, start_ms: int, bucket: Bucket, rules: Rules, absent: tuple[str, ...]
) -> tuple[Window, Alert | None]:
    finding = examine(state, start_ms, bucket, rules)
    alert = advance_alert(state, finding, rules)
    window = _window(state, bucket, finding, rules, absent)
    learn(state, bucket, finding, rules)
    return window, alert


def examine(state: BrandState, start_ms: int, bucket: Bucket, rules: Rules) -> DetectionResult:
    """Test a closed bucket against what is usual; neither learns from it nor moves an alert.

    ``advance`` examines, moves the alert on and learns; who wants to know what other thresholds
    would have done examines and learns once, and moves an alert of each.

    Parameters
    ----------
    state
        Of one brand; the bucket joins its recent ones.
    start_ms
        The bucket's start.
    bucket
        What was counted; told what was expected of it.
    rules
        Of the brand.

    Examples
    --------
    >>> finding = examine(BrandState("Air Paradis"), 0, Bucket(n=4, n_negative=1), Rules())
    >>> finding.n_negative, finding.score
    (1, 0.0)
    """
    hour = _local_hour(start_ms, rules.zone)
    bucket.expected = state.baseline.expected(hour)
    state.recent.append(bucket)
    del state.recent[:-_LONGEST]
    return _test(state, start_ms + BUCKET_MS, hour, window_sums(state.recent), rules)


def learn(state: BrandState, bucket: Bucket, finding: DetectionResult, rules: Rules) -> None:
    """Take an examined bucket into what is usual.

    Examples
    --------
    >>> state, bucket = BrandState("Air Paradis"), Bucket(n=4, n_negative=1)
    >>> learn(state, bucket, examine(state, 0, bucket, Rules()), Rules())
    >>> state.n_hours, state.n_negative_seen
    (1, 1)
    """
    start_ms = finding.end_ms - BUCKET_MS
    hour = _local_hour(start_ms, rules.zone)
    trusted = state.n_hours >= _SETTLING_HOURS
    state.baseline.learn(hour, bucket, finding.sums, trusted=trusted)
    if bucket.n:
        hour_number = start_ms // HOUR_MS
        state.n_hours += hour_number > state.last_hour
        state.last_hour = hour_number
        state.n_negative_seen += bucket.n_negative


@lru_cache(maxsize=4096)
def _utc_offset_h(quarter: int, zone: tzinfo) -> float:
    offset = datetime.fromtimestamp(quarter * 900, UTC).astimezone(zone).utcoffset()
    return offset.total_seconds() / 3600 if offset is not None else 0.0


def _local_hour(start_ms: int, zone: tzinfo) -> float:
    middle_ms = start_ms + BUCKET_MS // 2
    return (middle_ms / HOUR_MS + _utc_offset_h(middle_ms // 900_000, zone)) % 24.0


class _Scale(NamedTuple):
    score: float
    z_count: float
    window: WindowSum
    minutes: int


def _test(
    state: BrandState, end_ms: int, hour: float, sums: list[WindowSum], rules: Rules
) -> DetectionResult:
    baseline = state.baseline
    uncertainty = baseline.uncertainty(hour)
    scales = [
        _test_scale(baseline, scale, window, uncertainty, rules)
        for scale, window in enumerate(sums)
    ]
    most = max(scales, key=lambda found: (found.score, found.z_count))
    expected = sums[0].expected
    spread = baseline.dispersion(0) + uncertainty
    deviation = sqrt(expected + spread * expected * expected)
    window = most.window
    return DetectionResult(
        score=round(most.score, 4) if state.n_hours >= _BLIND_HOURS else 0.0,
        max_count_z=max(found.z_count for found in scales),
        minutes=most.minutes,
        start_ms=end_ms - most.minutes * 60_000,
        end_ms=end_ms,
        n=window.n,
        n_negative=window.n_negative,
        expected=round(window.expected, 4),
        expected_low=round(max(expected - 2.0 * deviation, 0.0), 4),
        expected_high=round(expected + 2.0 * deviation, 4),
        p_value=float(f"{p_value(most.z_count):.3g}"),
        sums=sums,
    )


def _test_scale(
    baseline: Baseline, scale: int, window: WindowSum, uncertainty: float, rules: Rules
) -> _Scale:
    dispersion = baseline.dispersion(scale) + uncertainty
    z_count = count_z(window.n_negative, window.expected, dispersion)
    score = 0.0
    if window.n_negative >= rules.min_negatives:
        usual_rate = baseline.rate
        clustering = baseline.clustering(scale)
        z_rate = rate_z(window.n_negative, window.n, usual_rate, clustering)
        if z_rate >= rules.min_rate_z + rules.surge_rate_z * _surge(window, usual_rate):
            score = max(rules.count_weight * z_count + rules.rate_weight * z_rate, 0.0)
    return _Scale(score, z_count, window, SCALES[scale] * BUCKET_MS // 60_000)


def _surge(window: WindowSum, usual_rate: float) -> float:
    """How far the tweets that are not negative are above usual, as a logarithm, >= 0."""
    usual = window.expected * (1.0 - usual_rate) / usual_rate
    seen = window.n - window.n_negative
    return max(log((seen + _SURGE_PRIOR) / (usual + _SURGE_PRIOR)), 0.0)


def _window(
    state: BrandState,
    bucket: Bucket,
    finding: DetectionResult,
    rules: Rules,
    absent: tuple[str, ...],
) -> Window:
    return Window(
        brand=state.brand,
        start_ms=finding.end_ms - BUCKET_MS,
        end_ms=finding.end_ms,
        n=bucket.n,
        n_negative=bucket.n_negative,
        n_unvalidated=bucket.n_unvalidated,
        expected=round(bucket.expected, 4),
        expected_low=finding.expected_low,
        expected_high=finding.expected_high,
        rate=round(bucket.n_negative / bucket.n, 4) if bucket.n else None,
        adjusted_rate=share(bucket.adjusted, bucket.n) if bucket.n else None,
        baseline_rate=round(state.baseline.rate, 4),
        adjusted_baseline_rate=round(state.baseline.adjusted_rate, 4),
        score=finding.score,
        scale_min=finding.minutes,
        p_value=finding.p_value,
        state=state.shown(finding.end_ms, rules),
        alert_id=state.alert.id if state.alert is not None else "",
        absent=absent,
        bundle=state.bundle,
    )
