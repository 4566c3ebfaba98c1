from __future__ import annotations

from dataclasses import replace

import pytest

from badbuzz.detection.alerting import advance_alert
from badbuzz.detection.buckets import Bucket
from badbuzz.detection.state import BrandState, DetectionResult, Rules
from badbuzz.model import Alert
from tests.support.events import BUCKET_MS, START_MS

RULES = Rules(theta=4.0)
QUIET = DetectionResult(
    score=0.0,
    max_count_z=0.0,
    minutes=5,
    start_ms=START_MS,
    end_ms=START_MS + BUCKET_MS,
    n=1,
    n_negative=0,
    expected=1.0,
    expected_low=0.0,
    expected_high=3.0,
    p_value=0.5,
)


class Brand:
    """A warm brand that is shown one finding after another."""

    def __init__(self, *, warm: bool = True, rules: Rules = RULES) -> None:
        self.state = BrandState("Air Paradis", recent=[Bucket(n=1)])
        self.rules = rules
        self._n = 0
        if warm:
            self.warm_up()

    def warm_up(self) -> None:
        self.state.n_hours = 168
        self.state.n_negative_seen = 50

    def see(self, *scores: float, max_count_z: float | None = None) -> list[Alert]:
        claims = []
        for score in scores:
            self._n += 1
            end_ms = START_MS + self._n * BUCKET_MS
            z = max_count_z if max_count_z is not None else (5.0 if score else 0.0)
            finding = replace(QUIET, score=score, max_count_z=z, end_ms=end_ms)
            claim = advance_alert(self.state, finding, self.rules)
            claims += [claim] if claim is not None else []
        return claims


def phases(claims: list[Alert]) -> list[tuple[str, str]]:
    return [(claim.phase, claim.severity) for claim in claims]


def test_below_theta_nothing_opens() -> None:
    assert Brand().see(3.99) == []


def test_at_theta_a_warning_opens() -> None:
    assert phases(Brand().see(4.0)) == [("firing", "warning")]


def test_two_above_theta_opens_critical() -> None:
    assert phases(Brand().see(6.0)) == [("firing", "critical")]


def test_it_escalates_when_its_severity_rises() -> None:
    assert phases(Brand().see(5.5, 5.9, 6.0)) == [("firing", "warning"), ("escalated", "critical")]


def test_it_escalates_again_at_every_two_points() -> None:
    assert [claim.score for claim in Brand().see(6.0, 7.9, 8.0, 9.9, 10.1)] == [6.0, 8.0, 10.1]


def test_it_is_resolved_after_thirty_quiet_minutes() -> None:
    brand = Brand()
    assert phases(brand.see(5.0, 0, 0, 0, 0, 0)) == [("firing", "warning")]
    assert phases(brand.see(0)) == [("resolved", "warning")]


def test_a_bucket_that_is_not_quiet_restarts_the_thirty_minutes() -> None:
    assert len(Brand().see(5.0, 0, 0, 0, 0, 0, 1.0, 0, 0, 0, 0, 0)) == 1


@pytest.mark.parametrize(("score", "opens"), [(6.9, False), (7.0, True)])
def test_in_the_cool_down_only_two_above_the_peak_opens_another(score: float, opens: bool) -> None:
    brand = Brand()
    brand.see(5.0, 0, 0, 0, 0, 0, 0)
    assert bool(brand.see(score)) == opens


def test_after_the_cool_down_theta_is_enough() -> None:
    brand = Brand()
    brand.see(5.0, *[0] * 6, *[0] * 12)
    assert phases(brand.see(4.0)) == [("firing", "warning")]


def test_an_alert_from_before_the_baseline_escalates_when_there_is_one() -> None:
    brand = Brand(warm=False)
    assert phases(brand.see(5.0)) == [("firing", "info")]
    brand.warm_up()
    assert phases(brand.see(4.5)) == [("escalated", "warning")]


def test_the_peak_is_remembered() -> None:
    assert Brand().see(5.0, 5.5, *[0] * 6)[-1].peak_score == 5.5


def test_a_mute_period_does_not_change_an_open_alert() -> None:
    rules = replace(RULES, muted_ms=((START_MS + 2 * BUCKET_MS, START_MS + 99 * BUCKET_MS),))
    assert phases(Brand(rules=rules).see(5.0, *[0] * 6)) == [
        ("firing", "warning"),
        ("resolved", "warning"),
    ]


def test_quiet_minutes_set_the_resolution() -> None:
    brand = Brand(rules=replace(RULES, quiet_minutes=10))
    assert phases(brand.see(5.0, 0, 0)) == [("firing", "warning"), ("resolved", "warning")]


def test_quiet_z_sets_what_is_quiet() -> None:
    brand = Brand(rules=replace(RULES, quiet_z=1.0))
    assert len(brand.see(5.0, *[0] * 6, max_count_z=1.5)) == 1


def test_cool_down_minutes_set_the_cool_down() -> None:
    brand = Brand(rules=replace(RULES, cool_down_minutes=10))
    brand.see(5.0, *[0] * 6, 0)
    assert phases(brand.see(5.0)) == [("firing", "warning")]


def test_step_sets_the_critical_score() -> None:
    brand = Brand(rules=replace(RULES, step=3.0))
    assert phases(brand.see(6.9, 7.0)) == [("firing", "warning"), ("escalated", "critical")]


def test_the_cool_down_ends_an_hour_after_the_resolution() -> None:
    brand = Brand()
    brand.see(5.0, *[0] * 6)
    assert brand.see(*[0] * 10, 4.0) == []
    assert phases(brand.see(4.0)) == [("firing", "warning")]


@pytest.mark.parametrize(("z", "n_claims"), [(1.99, 2), (2.0, 1)])
def test_quiet_is_a_count_z_below_two(z: float, n_claims: int) -> None:
    brand = Brand()
    claims = brand.see(5.0)
    claims += brand.see(*[0.0] * 6, max_count_z=z)
    assert len(claims) == n_claims


def test_a_score_below_theta_raises_no_severity() -> None:
    brand = Brand(warm=False)
    brand.see(5.0)
    brand.warm_up()
    assert brand.see(3.9) == []
    assert phases(brand.see(4.0)) == [("escalated", "warning")]


def test_an_alert_keeps_its_highest_severity_and_its_peak() -> None:
    brand = Brand(rules=replace(RULES, step=2.0))
    claims = brand.see(7.0, 5.0, 9.0, *[0] * 6)
    assert phases(claims) == [("firing", "critical"), ("escalated", "critical"),
                              ("resolved", "critical")]  # fmt: skip
    assert [claim.peak_score for claim in claims] == [7.0, 9.0, 9.0]


@pytest.mark.parametrize(("minutes", "first_ms", "adjusted"), [(5, 30, 0.75), (15, 10, 0.65)])
def test_an_alert_sums_the_buckets_of_its_scale(
    minutes: int, first_ms: int, adjusted: float
) -> None:
    recent = [
        Bucket(n=50, adjusted=500_000, first_ms=1, last_ms=2),
        Bucket(n=6, adjusted=35_000, first_ms=10, last_ms=20),
        Bucket(n=0, first_ms=0, last_ms=99),
        Bucket(n=4, adjusted=30_000, first_ms=30, last_ms=40),
    ]
    state = BrandState("Air Paradis", recent=recent, n_hours=168, n_negative_seen=50)
    n = 4 if minutes == 5 else 10
    result = replace(QUIET, score=5.0, minutes=minutes, n=n, n_negative=3)
    alert = advance_alert(state, result, RULES)
    assert alert is not None
    assert (alert.first_ms, alert.last_ms) == (first_ms, 40)
    assert (alert.rate, alert.adjusted_rate) == (round(3 / n, 4), adjusted)
    assert (alert.id, alert.opened_ms) == (f"Air Paradis/{START_MS}", START_MS + BUCKET_MS)
    assert (alert.baseline_rate, alert.adjusted_baseline_rate) == (0.4, 0.4)


def test_an_alert_opens_at_a_mutes_end() -> None:
    muted = replace(RULES, muted_ms=((START_MS, START_MS + 2 * BUCKET_MS),))
    assert [claim.opened_ms for claim in Brand(rules=muted).see(5.0, 5.0)] == [
        START_MS + 2 * BUCKET_MS
    ]


def test_a_severity_that_a_newer_version_left_in_the_state_is_kept() -> None:
    brand = Brand()
    brand.see(5.0)
    assert brand.state.alert is not None
    brand.state.alert.severity = "major"
    assert phases(brand.see(9.0)) == [("escalated", "major")]
