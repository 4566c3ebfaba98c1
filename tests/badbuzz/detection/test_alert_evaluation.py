from __future__ import annotations

from dataclasses import replace

import pytest
from numpy.random import PCG64, Generator

from badbuzz.detection.alert_evaluation import (
    Incident,
    Scorecard,
    Truth,
    WatchedPeriod,
    delay_ms,
    evaluate,
    openings,
    score,
    spans,
)
from badbuzz.detection.state import Rules
from badbuzz.messages.text import example
from badbuzz.model import Alert
from tests.support import recorded
from tests.support.events import START_MS, run, steady

MINUTE_MS = 60_000
CRISIS = Incident("Air Paradis", "strike", start_ms=0, end_ms=60 * MINUTE_MS)


def alert(opened_ms: int, **fields: object) -> Alert:
    made = replace(example(), id=f"a{opened_ms}", opened_ms=opened_ms)
    return replace(made, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("opened_ms", "caught"),
    [
        (0, False),
        (1, True),
        (CRISIS.end_ms + 5 * MINUTE_MS, True),
        (CRISIS.end_ms + 5 * MINUTE_MS + 1, False),
    ],
)
def test_an_alert_catches_from_onset_to_five_minutes_after_the_end(
    opened_ms: int, caught: bool
) -> None:
    assert evaluate([alert(opened_ms)], [CRISIS]).n_caught == caught


def test_an_alert_that_catches_nothing_is_a_false_alarm() -> None:
    late = alert(2 * CRISIS.end_ms)
    assert evaluate([late], [CRISIS]).false_alarms == (late,)


def test_another_brands_alert_catches_nothing() -> None:
    assert evaluate([alert(MINUTE_MS, brand="Nordwind")], [CRISIS]).n_caught == 0


@pytest.mark.parametrize("fields", [{"severity": "info"}, {"phase": "resolved"}])
def test_info_and_resolved_phases_are_ignored(fields: dict[str, object]) -> None:
    evaluation = evaluate([alert(MINUTE_MS, **fields)], [CRISIS])
    assert (evaluation.n_caught, evaluation.false_alarms) == (0, ())


def escalated(opened: Alert, at_ms: int, severity: str) -> Alert:
    return replace(opened, phase="escalated", severity=severity, window_end_ms=at_ms)


def test_an_alert_opens_where_it_is_more_than_informational() -> None:
    informational = alert(MINUTE_MS, severity="info")
    changes = [escalated(informational, at * MINUTE_MS, "warning") for at in (40, 30)]
    (opening,) = openings([*changes, informational])
    assert (opening.opened_ms, opening.severity) == (30 * MINUTE_MS, "warning")


def test_an_alert_that_escalates_is_one_alert() -> None:
    opened = alert(MINUTE_MS)
    assert openings([opened, escalated(opened, 30 * MINUTE_MS, "critical")]) == [opened]


def test_the_delay_runs_to_the_first_alert() -> None:
    alerts = [alert(20 * MINUTE_MS), alert(10 * MINUTE_MS)]
    ((incident, first),) = evaluate(alerts, [CRISIS]).caught
    assert first is not None
    assert delay_ms(incident, first) == 10 * MINUTE_MS


def test_one_alert_may_catch_two_incidents() -> None:
    other = replace(CRISIS, kind="delay", start_ms=30 * MINUTE_MS)
    assert evaluate([alert(40 * MINUTE_MS)], [CRISIS, other]).n_caught == 2


DAY_MS = 24 * 60 * MINUTE_MS
WEEK = WatchedPeriod(0, 7 * DAY_MS, dict.fromkeys(range(7), 288))


def make_scorecard(
    alerts: list[Alert],
    truth: Truth,
    watch: WatchedPeriod = WEEK,
    *,
    seed: int = 1,
    n_draws: int = 200,
) -> Scorecard:
    return score(alerts, truth, {"Air Paradis": watch}, Generator(PCG64(seed)), n_draws)


def crisis(at_ms: int) -> Incident:
    return replace(CRISIS, start_ms=at_ms, end_ms=at_ms + 60 * MINUTE_MS)


def test_a_watch_begins_when_the_baseline_is_there() -> None:
    watch = WatchedPeriod()
    windows = run(steady(2), Rules(warmup_hours=24))[0]
    for window in windows:
        watch.note(window)
    watched = [window for window in windows if window.state != "no_baseline"]
    assert 0 < len(watched) < len(windows)
    assert (watch.since_ms, watch.until_ms) == (watched[0].start_ms, watched[-1].end_ms)
    assert sum(watch.n_by_day.values()) == len(watched)


def test_muted_time_is_not_watched() -> None:
    mute = (START_MS + 3 * DAY_MS // 2, START_MS + 7 * DAY_MS // 4)
    watch, free = WatchedPeriod(), WatchedPeriod()
    for noted, rules in ((free, Rules(warmup_hours=24)),
                         (watch, Rules(warmup_hours=24, muted_ms=(mute,)))):  # fmt: skip
        for window in run(steady(2), rules)[0]:
            noted.note(window)
    n_muted = sum(free.n_by_day.values()) - sum(watch.n_by_day.values())
    assert n_muted == (mute[1] - mute[0]) // (5 * MINUTE_MS)


def test_an_incident_that_begins_muted_is_not_watched() -> None:
    watch = replace(WEEK, muted_ms=[(DAY_MS, DAY_MS + MINUTE_MS)])
    card = make_scorecard([], Truth((crisis(DAY_MS), crisis(DAY_MS + MINUTE_MS))), watch)
    assert (card.n_incidents, card.n_unjudged) == (1, 1)


def test_an_incident_before_the_watch_is_left_out() -> None:
    card = make_scorecard(
        [], Truth((crisis(0), crisis(2 * DAY_MS))), replace(WEEK, since_ms=DAY_MS)
    )
    assert (card.n_incidents, card.n_unjudged, card.caught_share) == (1, 1, 0.0)


def test_figures_without_data_are_none() -> None:
    card = score([], Truth(), {}, Generator(PCG64(1)))
    assert (card.caught_share, card.median_delay_min, card.false_alarms_per_week) == (None,) * 3


def test_the_median_delay_is_that_of_the_caught() -> None:
    truth = Truth((crisis(DAY_MS), crisis(2 * DAY_MS), crisis(3 * DAY_MS)))
    alerts = [alert(DAY_MS + 10 * MINUTE_MS), alert(2 * DAY_MS + 20 * MINUTE_MS)]
    card = make_scorecard(alerts, truth)
    assert (card.n_caught, card.median_delay_min) == (2, 15.0)


def test_a_false_alarm_in_a_week_is_one_per_brand_week() -> None:
    assert make_scorecard([alert(DAY_MS)], Truth()).false_alarms_per_week == 1.0


def test_alert_hours_run_to_the_resolution_or_the_end_of_the_watch() -> None:
    opened = alert(DAY_MS)
    resolved = replace(opened, phase="resolved", window_end_ms=DAY_MS + 90 * MINUTE_MS)
    open_to_the_end = alert(7 * DAY_MS - 60 * MINUTE_MS)
    assert make_scorecard([opened, resolved, open_to_the_end], Truth()).alert_hours == 2.5


def test_a_surge_is_alerted_by_a_false_alarm_within_it() -> None:
    surge = crisis(DAY_MS)
    alerts = [alert(DAY_MS + 30 * MINUTE_MS)]
    assert make_scorecard(alerts, Truth((), (surge, crisis(0)))).n_benign_alerted == 1


def test_a_surge_outside_the_watched_period_is_left_out() -> None:
    card = make_scorecard(
        [], Truth((), (crisis(0), crisis(2 * DAY_MS))), replace(WEEK, since_ms=DAY_MS)
    )
    assert (card.n_benign, card.n_benign_unjudged) == (1, 1)


def test_a_surge_is_not_alerted_by_what_caught_a_crisis() -> None:
    surge = crisis(DAY_MS)
    assert make_scorecard([alert(DAY_MS + 1)], Truth((surge,), (surge,))).n_benign_alerted == 0


def test_intervals_contain_the_figure_and_are_reproducible() -> None:
    truth = Truth(tuple(crisis(day * DAY_MS) for day in range(6)))
    alerts = [alert(day * DAY_MS + (10 + day) * MINUTE_MS) for day in range(3)]
    alerts += [alert(5 * DAY_MS + 300 * MINUTE_MS)]
    card, again = make_scorecard(alerts, truth), make_scorecard(alerts, truth)
    assert card == again
    for figure, interval in (
        (card.caught_share, card.caught_interval),
        (card.median_delay_min, card.delay_interval),
        (card.false_alarms_per_week, card.false_alarms_interval),
    ):
        assert figure is not None
        assert interval is not None
        assert interval.low < figure < interval.high


def test_without_draws_there_are_no_intervals() -> None:
    card = make_scorecard([], Truth((crisis(0),)), n_draws=0)
    assert (card.caught_interval, card.delay_interval, card.false_alarms_interval) == (None,) * 3


@pytest.mark.parametrize(
    ("start_ms", "watched"),
    [(DAY_MS - 1, False), (DAY_MS, True), (2 * DAY_MS - 1, True), (2 * DAY_MS, False)],
)
def test_the_watched_period_is_half_open(start_ms: int, watched: bool) -> None:
    watch = WatchedPeriod(DAY_MS, 2 * DAY_MS, {1: 288})
    assert watch.covers(crisis(start_ms)) == watched
    assert not WatchedPeriod().covers(crisis(start_ms))
    assert WatchedPeriod(0, DAY_MS).covers(crisis(0))


def test_muted_windows_that_follow_each_other_are_one_interval() -> None:
    watch = WatchedPeriod()
    windows = [
        replace(recorded.window(), state="muted", start_ms=at, end_ms=at + 5) for at in (0, 5, 20)
    ]
    for muted in windows:
        watch.note(muted)
    assert watch.muted_ms == [(0, 10), (20, 25)]


def test_brand_weeks_are_watched_buckets_of_2016() -> None:
    assert make_scorecard([], Truth()).brand_weeks == 1.0
    assert make_scorecard([], Truth(), WatchedPeriod(0, DAY_MS, {0: 288})).brand_weeks == 1 / 7


def test_an_unwatched_brands_alert_lasts_no_time() -> None:
    (_, start_ms, end_ms) = spans([alert(DAY_MS)], {})[0]
    assert start_ms == end_ms == DAY_MS


def test_rates_per_week() -> None:
    caught, false = alert(DAY_MS + MINUTE_MS), alert(3 * DAY_MS)
    card = make_scorecard(
        [caught, false], Truth((crisis(DAY_MS),)), replace(WEEK, n_by_day={1: 1008})
    )
    assert (card.alerts_per_week, card.false_alarms_per_week, card.caught_share) == (4.0, 2.0, 1.0)


def test_intervals_of_known_draws() -> None:
    truth = Truth(tuple(crisis(day * DAY_MS) for day in range(6)))
    alerts = [alert(day * DAY_MS + (10 + day) * MINUTE_MS) for day in range(3)]
    alerts += [alert(5 * DAY_MS + 300 * MINUTE_MS), alert(6 * DAY_MS + 5 * MINUTE_MS)]
    card = score(alerts, truth, {"Air Paradis": WEEK}, Generator(PCG64(1)))
    assert card.caught_interval == pytest.approx((0.166666667, 0.833333333))
    assert card.delay_interval == pytest.approx((10.0, 12.0))
    assert card.false_alarms_interval == pytest.approx((0.0, 4.0))


def test_a_false_alarm_belongs_to_the_day_of_its_window() -> None:
    card = make_scorecard([alert(DAY_MS)], Truth(), WatchedPeriod(0, DAY_MS, {0: 288}))
    assert card.false_alarms_interval == pytest.approx((7.0, 7.0))
