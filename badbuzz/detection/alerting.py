"""Phases of an alert: firing, escalated, resolved.

An alert opens at a score of theta. It escalates when its severity rises, and when the score is two
points above that of the last published phase. It is resolved after 30 minutes in which the count z
of every scale stays below two. During the cool-down of an hour after that, a new alert needs a
score two points above the last peak. Without a baseline an alert is informational. These numbers
are the defaults of :class:`Rules`.
"""

from __future__ import annotations

from typing import Final

from badbuzz.detection.buckets import adjusted_rate
from badbuzz.detection.state import BrandState, DetectionResult, OpenAlert, Rules
from badbuzz.model import BUCKET_MS, Alert, Phase, Severity, severity_rank

_MINUTE_MS: Final = 60_000


def advance_alert(state: BrandState, result: DetectionResult, rules: Rules) -> Alert | None:
    """Update a brand's alert with the result of a closed bucket.

    Parameters
    ----------
    state
        State of the brand; its alert and cool-down are updated.
    result
        Test result of the bucket.
    rules
        Rules of the brand.

    Returns
    -------
    Alert or None
        The alert in its new phase; None if the phase did not change.
    """
    if state.alert is None:
        return _open(state, result, rules)
    return _continue(state, state.alert, result, rules)


def _open(state: BrandState, result: DetectionResult, rules: Rules) -> Alert | None:
    if result.score < rules.theta or rules.muted(result.end_ms):
        return None
    if result.end_ms < state.cool_until_ms and result.score < state.last_peak + rules.step:
        return None
    state.alert = OpenAlert(
        id=f"{state.brand}/{result.end_ms - BUCKET_MS}",
        opened_ms=result.end_ms,
        severity=_severity(state, result.score, rules),
        last_notified_score=result.score,
        peak=result.score,
    )
    return _to_alert(state, state.alert, "firing", result)


def _continue(
    state: BrandState, alert: OpenAlert, result: DetectionResult, rules: Rules
) -> Alert | None:
    alert.peak = max(alert.peak, result.score)
    alert.n_quiet = alert.n_quiet + 1 if result.max_count_z < rules.quiet_z else 0
    if alert.n_quiet * BUCKET_MS >= rules.quiet_minutes * _MINUTE_MS:
        state.alert = None
        state.cool_until_ms = result.end_ms + rules.cool_down_minutes * _MINUTE_MS
        state.last_peak = alert.peak
        return _to_alert(state, alert, "resolved", result)
    severity = _severity(state, result.score, rules)
    rises = result.score >= rules.theta and severity_rank(severity) > severity_rank(alert.severity)
    if rises or result.score >= alert.last_notified_score + rules.step:
        alert.severity = max(alert.severity, severity, key=severity_rank)
        alert.last_notified_score = result.score
        return _to_alert(state, alert, "escalated", result)
    return None


def _severity(state: BrandState, score: float, rules: Rules) -> Severity:
    if not state.warm(rules):
        return "info"
    return "critical" if score >= rules.theta + rules.step else "warning"


def _to_alert(state: BrandState, alert: OpenAlert, phase: Phase, result: DetectionResult) -> Alert:
    buckets = state.recent[-result.minutes * _MINUTE_MS // BUCKET_MS :]
    filled = [bucket for bucket in buckets if bucket.n]
    return Alert(
        id=alert.id,
        brand=state.brand,
        phase=phase,
        severity=alert.severity,
        window_start_ms=result.start_ms,
        window_end_ms=result.end_ms,
        scale_min=result.minutes,
        n=result.n,
        n_negative=result.n_negative,
        expected=result.expected,
        p_value=result.p_value,
        rate=round(result.n_negative / result.n, 4) if result.n else 0.0,
        adjusted_rate=adjusted_rate(sum(bucket.adjusted for bucket in buckets), result.n),
        baseline_rate=round(state.baseline.rate, 4),
        adjusted_baseline_rate=round(state.baseline.adjusted_rate, 4),
        score=result.score,
        peak_score=alert.peak,
        opened_ms=alert.opened_ms,
        first_ms=min((bucket.first_ms for bucket in filled), default=result.end_ms),
        last_ms=max((bucket.last_ms for bucket in filled), default=result.end_ms),
        bundle=state.bundle,
        replay=state.replay,
    )
