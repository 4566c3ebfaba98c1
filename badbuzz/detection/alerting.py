"""The life of an alert: it opens, escalates, and is resolved.

It opens at a score of theta. It escalates when its severity rises, and again at every two points
above the score last announced. It is resolved after 30 minutes in which no scale counted two
standard deviations too many. For an hour after that only a score two above its peak opens another.
Without a baseline an alert is informational. These are the defaults of :class:`Rules`.
"""

from __future__ import annotations

from typing import Final

from badbuzz.detection.buckets import share
from badbuzz.detection.state import BrandState, DetectionResult, OpenAlert, Rules
from badbuzz.model import BUCKET_MS, Alert, Phase, Severity

_MINUTE_MS: Final = 60_000
_RANK: Final[dict[Severity, int]] = {"info": 0, "warning": 1, "critical": 2}


def advance_alert(state: BrandState, finding: DetectionResult, rules: Rules) -> Alert | None:
    """Move a brand's alert on by one closed bucket.

    Parameters
    ----------
    state
        Of the brand; its alert and cool-down change.
    finding
        What the test found in the bucket.
    rules
        Of the brand.

    Returns
    -------
    Alert or None
        The change of phase, if there was one.
    """
    if state.alert is None:
        return _open(state, finding, rules)
    return _continue(state, state.alert, finding, rules)


def _open(state: BrandState, finding: DetectionResult, rules: Rules) -> Alert | None:
    if finding.score < rules.theta or rules.muted(finding.end_ms):
        return None
    if finding.end_ms < state.cool_until_ms and finding.score < state.last_peak + rules.step:
        return None
    state.alert = OpenAlert(
        id=f"{state.brand}/{finding.end_ms - BUCKET_MS}",
        opened_ms=finding.end_ms,
        severity=_severity(state, finding.score, rules),
        last_notified_score=finding.score,
        peak=finding.score,
    )
    return _claim(state, state.alert, "firing", finding)


def _continue(
    state: BrandState, alert: OpenAlert, finding: DetectionResult, rules: Rules
) -> Alert | None:
    alert.peak = max(alert.peak, finding.score)
    alert.n_quiet = alert.n_quiet + 1 if finding.max_count_z < rules.quiet_z else 0
    if alert.n_quiet * BUCKET_MS >= rules.quiet_minutes * _MINUTE_MS:
        state.alert = None
        state.cool_until_ms = finding.end_ms + rules.cool_down_minutes * _MINUTE_MS
        state.last_peak = alert.peak
        return _claim(state, alert, "resolved", finding)
    severity = _severity(state, finding.score, rules)
    rises = finding.score >= rules.theta and _RANK[severity] > _RANK[alert.severity]
    if rises or finding.score >= alert.last_notified_score + rules.step:
        alert.severity = max(alert.severity, severity, key=_RANK.__getitem__)
        alert.last_notified_score = finding.score
        return _claim(state, alert, "escalated", finding)
    return None


def _severity(state: BrandState, score: float, rules: Rules) -> Severity:
    if not state.warm(rules):
        return "info"
    return "critical" if score >= rules.theta + rules.step else "warning"


def _claim(state: BrandState, alert: OpenAlert, phase: Phase, finding: DetectionResult) -> Alert:
    buckets = state.recent[-finding.minutes * _MINUTE_MS // BUCKET_MS :]
    filled = [bucket for bucket in buckets if bucket.n]
    return Alert(
        id=alert.id,
        brand=state.brand,
        phase=phase,
        severity=alert.severity,
        window_start_ms=finding.start_ms,
        window_end_ms=finding.end_ms,
        scale_min=finding.minutes,
        n=finding.n,
        n_negative=finding.n_negative,
        expected=finding.expected,
        p_value=finding.p_value,
        rate=round(finding.n_negative / finding.n, 4) if finding.n else 0.0,
        adjusted_rate=share(sum(bucket.adjusted for bucket in buckets), finding.n),
        baseline_rate=round(state.baseline.rate, 4),
        adjusted_baseline_rate=round(state.baseline.adjusted_rate, 4),
        score=finding.score,
        peak_score=alert.peak,
        opened_ms=alert.opened_ms,
        first_ms=min((bucket.first_ms for bucket in filled), default=finding.end_ms),
        last_ms=max((bucket.last_ms for bucket in filled), default=finding.end_ms),
        bundle=state.bundle,
        replay=state.replay,
    )
