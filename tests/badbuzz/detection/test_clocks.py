"""No source can make the tweets of another late, and replay and live time never meet."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from badbuzz.detection.fold import Applied, Fold
from badbuzz.detection.state import BrandState, Rules
from badbuzz.model import Tweet, Window
from tests.support.events import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    NEGATIVE,
    START_MS,
    beat,
    post,
)

HONEST = ("x", "bluesky", "mastodon")
FUTURE_MS = 300_000  # the worker refuses a live tweet that is further ahead

Arrival = tuple[int, Tweet]


def fold_all(arrivals: list[Arrival], fold: Fold | None = None) -> list[tuple[Tweet, Applied]]:
    """Fold records in the order in which the broker received them."""
    fold = fold or Fold(lambda _: Rules())
    arrivals = sorted(arrivals, key=lambda one: one[0])
    return [(tweet, fold.apply(tweet, NEGATIVE, at_ms)) for at_ms, tweet in arrivals]


def source_of(
    name: str, *, skew_ms: int = 0, n_minutes: int = 30, phase_ms: int = 0, replay: bool = False
) -> list[Arrival]:
    """Return a heartbeat and two tweets a minute of a source, with its clock's error."""
    arrivals = []
    for minute in range(n_minutes):
        at_ms = START_MS + minute * MINUTE_MS + phase_ms
        arrivals.append((at_ms, replace(beat(at_ms + skew_ms, name)[0], replay=replay)))
        for delay_ms in (1_000, 20_000):
            tweet = replace(post(at_ms + skew_ms)[0], id=f"{name}{at_ms}{delay_ms}", source=name)
            arrivals.append((at_ms + delay_ms, replace(tweet, replay=replay)))
    return arrivals


def refused(arrival: Arrival) -> bool:
    at_ms, tweet = arrival
    return tweet.kind == "post" and not tweet.replay and tweet.produced_ms - at_ms > FUTURE_MS


def windows_of(folded: list[tuple[Tweet, Applied]]) -> list[Window]:
    return [window for _, applied in folded for window in applied.windows]


@given(
    st.integers(-HOUR_MS, DAY_MS) | st.integers(-10 * MINUTE_MS, 10 * MINUTE_MS),
    st.lists(st.integers(0, MINUTE_MS - 1), min_size=4, max_size=4),
    st.integers(1, 3),
)
@settings(max_examples=60, deadline=None)
def test_no_clock_makes_the_tweets_of_others_late(
    skew_ms: int, phases: list[int], n_honest: int
) -> None:
    arrivals = source_of("odd", skew_ms=skew_ms, phase_ms=phases[3])
    for name, phase_ms in zip(HONEST[:n_honest], phases, strict=False):
        arrivals += source_of(name, phase_ms=phase_ms)
    folded = fold_all([one for one in arrivals if not refused(one)])
    late = {tweet.source for tweet, applied in folded if applied.outcome == "late"}
    assert late <= {"odd"}
    named = [window.absent for window in windows_of(folded)[2:]]
    if skew_ms > 2 * MINUTE_MS or skew_ms < -4 * MINUTE_MS:
        assert {*named} == {("odd",)}
    if -MINUTE_MS <= skew_ms <= MINUTE_MS:
        assert {*named} == {()}


def test_a_lone_source_that_is_ahead_closes_windows_by_the_brokers_clock() -> None:
    folded = fold_all(source_of("odd", skew_ms=200_000))
    windows = windows_of(folded)
    assert {applied.outcome for _, applied in folded} <= {"counted", "heartbeat"}
    assert {window.absent for window in windows} == {("odd",)}
    assert max(window.end_ms for window in windows) <= START_MS + 30 * MINUTE_MS


def test_records_without_a_time_of_arrival_are_folded_by_their_own_times() -> None:
    folds = [Fold(lambda _: Rules()) for _ in range(2)]
    found = [
        [fold.apply(tweet, NEGATIVE, arrived_ms) for _, tweet in source_of("x")]
        for fold, arrived_ms in zip(folds, (None, -1), strict=True)
    ]
    assert found[0] == found[1]
    assert any(applied.windows for applied in found[0])


@given(st.integers(-400 * DAY_MS, 400 * DAY_MS), st.integers(0, 29))
@settings(max_examples=40, deadline=None)
def test_a_replay_changes_nothing_of_a_live_brand(skew_ms: int, begun: int) -> None:
    live = source_of("x")
    replayed = [
        (at_ms + begun * MINUTE_MS + 2_000, tweet)
        for at_ms, tweet in source_of("replay:a", skew_ms=skew_ms, replay=True)
    ]
    with_replay = fold_all([*live, *replayed])
    outcomes = {applied.outcome for tweet, applied in with_replay if tweet.kind == "post"}
    assert outcomes == {"counted", "replayed"}
    assert windows_of(with_replay) == windows_of(fold_all(live))


@given(st.integers(-400 * DAY_MS, 400 * DAY_MS))
@settings(max_examples=40, deadline=None)
def test_a_replayed_brand_becomes_live_without_a_late_tweet(skew_ms: int) -> None:
    replayed = source_of("replay:a", skew_ms=skew_ms, replay=True)
    live = [(at_ms, tweet) for at_ms, tweet in source_of("x") if at_ms > START_MS + 10 * MINUTE_MS]
    folded = fold_all([*replayed, *live])
    outcomes = {a.outcome for t, a in folded if t.source == "x" and t.kind == "post"}
    assert outcomes == {"counted"}
    last = windows_of(folded)[-1]
    assert START_MS + 20 * MINUTE_MS < last.end_ms <= START_MS + 30 * MINUTE_MS


def test_a_replay_keeps_its_baseline_when_live_tweets_begin() -> None:
    fold = Fold(lambda _: Rules())
    fold_all(source_of("replay:a", skew_ms=-DAY_MS, replay=True), fold)
    state = fold.brands["Air Paradis"]
    n_hours, negatives = state.n_hours, state.baseline.level_seen
    fold.apply(post(START_MS + HOUR_MS)[0], NEGATIVE, START_MS + HOUR_MS)
    assert (state.n_hours, state.baseline.level_seen, state.replay) == (n_hours, negatives, False)
    assert (state.recent, list(state.buckets)) == ([], [START_MS + HOUR_MS])


def test_nothing_of_a_replay_of_the_future_outlasts_it() -> None:
    fold = Fold(lambda _: Rules())
    fold_all(source_of("replay:a", skew_ms=300 * DAY_MS, n_minutes=200, replay=True), fold)
    state = fold.brands["Air Paradis"]
    state.cool_until_ms = START_MS + 300 * DAY_MS
    fold.saved()
    fold.apply(post(START_MS + DAY_MS)[0], NEGATIVE, START_MS + DAY_MS)
    evidence = fold.evidence["Air Paradis"]
    assert (list(evidence.samples), evidence.hour) == ([START_MS + DAY_MS], -1)
    assert (state.cool_until_ms, state.last_hour) == (0, -1)
    fold_all([(at_ms + DAY_MS, tweet) for at_ms, tweet in source_of("x", skew_ms=DAY_MS)], fold)
    assert state.last_hour == (START_MS + DAY_MS) // HOUR_MS


def test_a_live_brand_whose_clock_was_moved_ahead_starts_again() -> None:
    fold = Fold(lambda _: Rules())
    fold.brands["Air Paradis"] = BrandState("Air Paradis", closed_ms=START_MS + 300 * DAY_MS)
    outcomes = {applied.outcome for _, applied in fold_all(source_of("x"), fold)}
    assert outcomes == {"counted", "heartbeat"}


@pytest.mark.parametrize("behind_ms", [1, 100_000])
def test_a_new_brand_begins_where_no_live_source_is_late(behind_ms: int) -> None:
    fold, now_ms = Fold(lambda _: Rules()), START_MS + 61_000
    for name, skew_ms in (("x", 0), ("slow", -behind_ms)):
        fold.apply(beat(now_ms + skew_ms, name)[0], None, now_ms)
    fold.apply(post(now_ms)[0], NEGATIVE, now_ms)
    slow = replace(post(now_ms - behind_ms)[0], source="slow")
    assert fold.apply(slow, NEGATIVE, now_ms + 1).outcome == "counted"
