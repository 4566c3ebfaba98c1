"""Count one brand's tweets into buckets and test closed buckets.

``observe`` counts one tweet into its bucket. ``advance`` closes the buckets that the watermark has
passed and tests each against the baseline. Both update the :class:`BrandState` and depend on
nothing else: no clock, no randomness, no Kafka. Equal events give byte-identical windows and
alerts.
"""

from __future__ import annotations

from math import log, sqrt
from typing import Final, Literal, NamedTuple

from badbuzz.detection.alerting import advance_alert
from badbuzz.detection.baseline import Baseline
from badbuzz.detection.buckets import SCALES, Bucket, WindowCounts, adjusted_rate, window_sums
from badbuzz.detection.local_time import local_hour
from badbuzz.detection.quiet import SETTLING_HOURS, close_quiet, quiet_hour, teaches
from badbuzz.detection.state import BrandState, DetectionResult, Rules
from badbuzz.detection.statistics import count_z, p_value, rate_z
from badbuzz.model import BUCKET_MS, HOUR_MS, Alert, Prediction, Tweet, Window

SILENCE_MS: Final = HOUR_MS
"""If the watermark jumps further than this, the skipped buckets are treated as missing."""
MAX_LEAD_MS: Final = HOUR_MS
"""A live brand whose closed buckets are further ahead of the broker than this starts again."""

_MAX_SOURCES: Final = 8
_MIN_SCORED_HOURS: Final = 24  # hours with a tweet before anything scores
_SURGE_PRIOR: Final = 3.0  # pseudo-count of non-negative tweets, seen and expected

CountOutcome = Literal["counted", "unvalidated", "late"]


def note_source(state: BrandState, tweet: Tweet, arrived_ms: int | None = None) -> None:
    """Record the newest time of a tweet's source; if there are too many, drop the oldest.

    The time is at most that at which the broker received the tweet, unless that is unknown.
    """
    newest = state.newest_ms
    time_ms = tweet.produced_ms if arrived_ms is None else min(tweet.produced_ms, arrived_ms)
    if tweet.kind == "post":
        time_ms = min(tweet.created_ms, time_ms)
    if time_ms > newest.get(tweet.source, -1):
        newest[tweet.source] = time_ms
    if len(newest) > _MAX_SOURCES:
        furthest = min(newest, key=lambda source: (newest[source], source))
        del newest[furthest]


def must_restart(state: BrandState, tweet: Tweet, arrived_ms: int | None) -> bool:
    """Check whether a live tweet meets the times of a replay, or of a clock that was ahead."""
    if state.replay and not tweet.replay:
        return True
    return arrived_ms is not None and state.closed_ms > arrived_ms + MAX_LEAD_MS


def observe(
    state: BrandState, tweet: Tweet, prediction: Prediction | None, rules: Rules
) -> CountOutcome:
    """Count a tweet into its bucket.

    Parameters
    ----------
    state
        State of the tweet's brand, which is updated.
    tweet
        Post that is not a duplicate.
    prediction
        Prediction of the tweet; None if no bundle supports its language.
    rules
        Rules of the brand.

    Returns
    -------
    Outcome
        ``counted``; ``unvalidated`` if no bundle supports the language or the rules exclude it, so
        that the tweet does not enter the negative rate; ``late`` if the bucket is closed.

    Examples
    --------
    >>> state = BrandState("Air Paradis", closed_ms=300_000)
    >>> tweet = Tweet(id="1", brand="Air Paradis", text="", created_ms=300_000, produced_ms=300_000)
    >>> prediction = Prediction(score=0.9, negative=True, adjusted=11_000, bundle="airline-en@1")
    >>> observe(state, tweet, prediction, Rules()), state.buckets[300_000].n_negative
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
    if prediction is None or (rules.languages is not None and tweet.lang not in rules.languages):
        bucket.n_unvalidated += 1
        return "unvalidated"
    if bucket.n == 0 or tweet.created_ms < bucket.first_ms:
        bucket.first_ms = tweet.created_ms
    bucket.last_ms = max(bucket.last_ms, tweet.created_ms)
    bucket.n += 1
    bucket.n_negative += prediction.negative
    bucket.adjusted += prediction.adjusted
    name, _, digest = prediction.bundle.partition("@")
    state.bundles[name] = digest
    return "counted"


def advance(
    state: BrandState, watermark_ms: int, rules: Rules, absent: tuple[str, ...] = ()
) -> list[tuple[Window, Alert | None]]:
    """Close every bucket whose end the watermark has passed.

    Parameters
    ----------
    state
        State of the brand, which is updated.
    watermark_ms
        Newest event time less the allowed lateness; a lower one than before has no effect.
    rules
        Rules of the brand.
    absent
        Sources that are known but not live; the windows record them.

    Returns
    -------
    list of (Window, Alert or None)
        Each closed window, with the alert if its phase changed.

    Examples
    --------
    >>> state = BrandState("Air Paradis", closed_ms=0)
    >>> state.buckets[0] = Bucket(n=4, n_negative=1)
    >>> [(window.n, window.state) for window, _ in advance(state, 300_000, Rules())]
    [(4, 'no_baseline')]
    """
    closed: list[tuple[Window, Alert | None]] = []
    target_ms = watermark_ms - watermark_ms % BUCKET_MS
    if state.closed_ms < 0:
        state.closed_ms = target_ms
    while state.closed_ms < target_ms:
        next_ms = min(target_ms, min(state.buckets, default=target_ms))
        if next_ms - state.closed_ms > SILENCE_MS:
            state.closed_ms = next_ms
            state.recent.clear()
            continue
        start_ms = state.closed_ms
        state.closed_ms += BUCKET_MS
        bucket = state.buckets.pop(start_ms, None)
        if bucket is None and (hour := quiet_hour(state, rules)):
            closed.append((close_quiet(state, start_ms, hour, rules, absent), None))
            continue
        bucket = bucket or Bucket()
        if bucket.n or bucket.n_unvalidated or state.n_hours:
            closed.append(_close(state, start_ms, bucket, rules, absent))
    return closed


def _close(
    state: BrandState, start_ms: int, bucket: Bucket, rules: Rules, absent: tuple[str, ...]
) -> tuple[Window, Alert | None]:
    result = examine(state, start_ms, bucket, rules)
    alert = advance_alert(state, result, rules)
    window = _window(state, bucket, result, rules, absent)
    learn(state, bucket, result, rules)
    return window, alert


def examine(state: BrandState, start_ms: int, bucket: Bucket, rules: Rules) -> DetectionResult:
    """Test a closed bucket against the baseline, without updating baseline or alert.

    ``advance`` calls ``examine``, ``advance_alert`` and ``learn``. To compare thresholds, call
    ``examine`` and ``learn`` once per bucket and ``advance_alert`` once per threshold.

    Parameters
    ----------
    state
        State of the brand; the bucket is appended to ``recent``.
    start_ms
        Start of the bucket, Unix milliseconds.
    bucket
        Closed bucket; its ``expected`` is set.
    rules
        Rules of the brand.

    Examples
    --------
    >>> result = examine(BrandState("Air Paradis"), 0, Bucket(n=4, n_negative=1), Rules())
    >>> result.n_negative, result.score
    (1, 0.0)
    """
    hour = local_hour(start_ms, rules.zone)
    bucket.expected = state.baseline.expected(hour)
    state.recent.append(bucket)
    del state.recent[: -SCALES[-1]]
    return _test(state, start_ms + BUCKET_MS, hour, window_sums(state.recent), rules)


def learn(state: BrandState, bucket: Bucket, result: DetectionResult, rules: Rules) -> None:
    """Update the baseline with a bucket that was examined; long quiet updates it slowly.

    Examples
    --------
    >>> state, bucket = BrandState("Air Paradis"), Bucket(n=4, n_negative=1)
    >>> learn(state, bucket, examine(state, 0, bucket, Rules()), Rules())
    >>> state.n_hours, state.n_negative_seen
    (1, 1)
    """
    start_ms = result.end_ms - BUCKET_MS
    hour = local_hour(start_ms, rules.zone)
    if teaches(state, bucket):
        trusted = state.n_hours >= SETTLING_HOURS
        state.baseline.learn(hour, bucket, result.sums, trusted=trusted)
    if bucket.n:
        hour_number = start_ms // HOUR_MS
        state.n_hours += hour_number > state.last_hour
        state.last_hour = hour_number
        state.n_negative_seen += bucket.n_negative


class _Scale(NamedTuple):
    score: float
    z_count: float
    window: WindowCounts
    minutes: int


def _test(
    state: BrandState, end_ms: int, hour: float, sums: list[WindowCounts], rules: Rules
) -> DetectionResult:
    baseline = state.baseline
    uncertainty = baseline.uncertainty(hour)
    scales = [
        _test_scale(baseline, scale, window, uncertainty, rules)
        for scale, window in enumerate(sums)
    ]
    best = max(scales, key=lambda scale: (scale.score, scale.z_count))
    expected = sums[0].expected
    spread = baseline.dispersion(0) + uncertainty
    deviation = sqrt(expected + spread * expected * expected)
    window = best.window
    minutes = min(best.minutes, len(state.recent) * BUCKET_MS // 60_000)
    return DetectionResult(
        score=round(best.score, 4) if state.n_hours >= _MIN_SCORED_HOURS else 0.0,
        max_count_z=max(scale.z_count for scale in scales),
        minutes=minutes,
        start_ms=end_ms - minutes * 60_000,
        end_ms=end_ms,
        n=window.n,
        n_negative=window.n_negative,
        expected=round(window.expected, 4),
        expected_low=round(max(expected - 2.0 * deviation, 0.0), 4),
        expected_high=round(expected + 2.0 * deviation, 4),
        p_value=float(f"{p_value(best.z_count):.3g}"),
        sums=sums,
    )


def _test_scale(
    baseline: Baseline, scale: int, window: WindowCounts, uncertainty: float, rules: Rules
) -> _Scale:
    dispersion = baseline.dispersion(scale) + uncertainty
    z_count = count_z(window.n_negative, window.expected, dispersion)
    score = 0.0
    if window.n_negative >= rules.min_negatives:
        baseline_rate = baseline.rate
        clustering = baseline.clustering(scale)
        z_rate = rate_z(window.n_negative, window.n, baseline_rate, clustering)
        if z_rate >= rules.min_rate_z + rules.surge_rate_z * _surge(window, baseline_rate):
            score = max(rules.count_weight * z_count + rules.rate_weight * z_rate, 0.0)
    return _Scale(score, z_count, window, SCALES[scale] * BUCKET_MS // 60_000)


def _surge(window: WindowCounts, baseline_rate: float) -> float:
    """Return the log ratio of non-negative tweets to their expected number, >= 0."""
    expected = window.expected * (1.0 - baseline_rate) / baseline_rate
    seen = window.n - window.n_negative
    return max(log((seen + _SURGE_PRIOR) / (expected + _SURGE_PRIOR)), 0.0)


def _window(
    state: BrandState,
    bucket: Bucket,
    result: DetectionResult,
    rules: Rules,
    absent: tuple[str, ...],
) -> Window:
    return Window(
        brand=state.brand,
        start_ms=result.end_ms - BUCKET_MS,
        end_ms=result.end_ms,
        n=bucket.n,
        n_negative=bucket.n_negative,
        n_unvalidated=bucket.n_unvalidated,
        expected=round(bucket.expected, 4),
        expected_low=result.expected_low,
        expected_high=result.expected_high,
        rate=round(bucket.n_negative / bucket.n, 4) if bucket.n else None,
        adjusted_rate=adjusted_rate(bucket.adjusted, bucket.n) if bucket.n else None,
        baseline_rate=round(state.baseline.rate, 4),
        adjusted_baseline_rate=round(state.baseline.adjusted_rate, 4),
        score=result.score,
        scale_min=result.minutes,
        p_value=result.p_value,
        state=state.window_state(result.end_ms, rules),
        alert_id=state.alert.id if state.alert is not None else "",
        absent=absent,
        bundle=state.bundle,
    )
