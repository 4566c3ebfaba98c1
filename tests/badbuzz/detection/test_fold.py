from __future__ import annotations

from dataclasses import replace

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from badbuzz.detection.fold import Fold
from badbuzz.detection.sources import SourceClocks
from badbuzz.detection.state import BrandState, Rules
from badbuzz.errors import StateError
from badbuzz.model import Tweet
from tests.support.events import (
    BUCKET_MS,
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    NEGATIVE,
    START_MS,
    Event,
    beat,
    beats,
    in_order,
    post,
    run,
    steady,
)

LATENESS_MS = Rules().lateness_ms

offsets_ms = st.integers(0, 2 * HOUR_MS)


def timeline(offsets: list[int], *, until_ms: int = 3 * HOUR_MS) -> list[Event]:
    posts = [post(START_MS + at, seq=i) for i, at in enumerate(sorted(offsets))]
    return in_order([*posts, *beats(START_MS, START_MS + until_ms)])


@given(st.lists(offsets_ms, min_size=1, max_size=60))
def test_every_tweet_is_in_exactly_one_bucket_or_late(offsets: list[int]) -> None:
    posts = [replace(post(START_MS + at)[0], id=str(i)) for i, at in enumerate(offsets)]
    events: list[Event] = [(tweet, NEGATIVE) for tweet in posts]
    events += [beat(START_MS + 3 * HOUR_MS)]
    windows, _, outcomes = run(events)
    assert sum(window.n for window in windows) + outcomes.count("late") == len(offsets)


@given(st.lists(offsets_ms, min_size=2, max_size=40, unique=True), st.data())
def test_order_within_the_lateness_does_not_matter(offsets: list[int], data: st.DataObject) -> None:
    delays = [data.draw(st.integers(0, LATENESS_MS - 1)) for _ in offsets]
    posts = [
        (tweet := post(START_MS + at, brand="Air Paradis")[0], tweet.created_ms + delay)
        for at, delay in zip(offsets, delays, strict=True)
    ]
    straight = run([(t, NEGATIVE) for t, _ in sorted(posts, key=lambda p: p[0].created_ms)])
    shuffled = run([(t, NEGATIVE) for t, _ in sorted(posts, key=lambda p: p[1])])
    assert shuffled[0] == straight[0]
    assert "late" not in shuffled[2]


@given(st.lists(offsets_ms, min_size=1, max_size=40), st.integers(0, 39))
def test_redelivery_changes_nothing(offsets: list[int], start: int) -> None:
    events = timeline(offsets)
    once, twice = Fold(lambda _: Rules()), Fold(lambda _: Rules())
    run(events, fold=once)
    run(events + events[start:], fold=twice)
    assert twice.brands["Air Paradis"].pack() == once.brands["Air Paradis"].pack()


@given(st.lists(st.tuples(offsets_ms, st.sampled_from("ABC")), min_size=1, max_size=60))
@settings(max_examples=50)
def test_it_does_not_matter_which_brands_share_a_partition(tweets: list[tuple[int, str]]) -> None:
    posts = [post(START_MS + at, brand=brand, seq=i) for i, (at, brand) in enumerate(tweets)]
    events = [*posts, beat(START_MS + 3 * HOUR_MS)]
    together, _, _ = run(events)
    for brand in "ABC":
        alone, _, _ = run(e for e in events if e[0].brand in (brand, ""))
        assert [window for window in together if window.brand == brand] == alone


@given(st.lists(offsets_ms, min_size=1, max_size=40), st.integers(1, 100))
@settings(max_examples=50)
def test_a_restored_fold_gives_the_same_results(offsets: list[int], cut: int) -> None:
    events = timeline(offsets)
    straight = run(events)
    fold = Fold(lambda _: Rules())
    before = run(events[:cut], fold=fold)
    restored = Fold(lambda _: Rules())
    assert restored.unpack(0, fold.pack(partition=0, next_offset=cut)) == cut
    for state in fold.brands.values():
        restored.brands[state.brand] = BrandState.unpack(state.pack())
    for key, value in fold.changed_records():
        if value is not None:
            restored.restore_record(key, value)
    after = run(events[cut:], fold=restored)
    assert restored.evidence == run_to_the_end(events).evidence
    assert before[0] + after[0] == straight[0]
    assert before[2] + after[2] == straight[2]


def run_to_the_end(events: list[Event]) -> Fold:
    fold = Fold(lambda _: Rules())
    run(events, fold=fold)
    return fold


def test_a_window_closes_when_the_watermark_passes_its_end() -> None:
    events = [post(START_MS), beat(START_MS + BUCKET_MS + LATENESS_MS - 1)]
    assert run(events)[0] == []
    assert len(run([*events, beat(START_MS + BUCKET_MS + LATENESS_MS)])[0]) == 1


def test_without_records_no_window_closes() -> None:
    windows, _, _ = run([post(START_MS), post(START_MS + MINUTE_MS)])
    assert windows == []


def test_a_tweet_whose_bucket_has_closed_is_late() -> None:
    events = [post(START_MS), beat(START_MS + 10 * MINUTE_MS), post(START_MS + MINUTE_MS)]
    windows, _, outcomes = run(events)
    assert outcomes[-1] == "late"
    assert windows[0].n == 1


def test_a_window_waits_for_the_slowest_live_source() -> None:
    events = [
        post(START_MS),
        beat(START_MS + BUCKET_MS, "slow"),
        beat(START_MS + BUCKET_MS + LATENESS_MS, "test"),
    ]
    assert run(events)[0] == []


def test_a_source_two_minutes_behind_is_recorded_as_absent() -> None:
    events = [
        post(START_MS),
        beat(START_MS + BUCKET_MS - MINUTE_MS, "slow"),
        beat(START_MS + BUCKET_MS + 2 * MINUTE_MS, "test"),
    ]
    windows, _, _ = run(events)
    assert [window.absent for window in windows] == [("slow",)]


def test_a_source_whose_clock_jumps_back_closes_nothing_twice_and_is_late() -> None:
    events = [
        post(START_MS),
        beat(START_MS + 11 * MINUTE_MS),
        beat(START_MS),
        post(START_MS + 2 * MINUTE_MS),
    ]
    windows, _, outcomes = run(events)
    assert len(windows) == 2
    assert outcomes[-1] == "late"


def test_edits_and_deletes_never_change_counts() -> None:
    tweet, _ = post(START_MS)
    changes: list[Event] = [(replace(tweet, kind=kind), None) for kind in ("edit", "delete")]
    windows, _, outcomes = run([post(START_MS), *changes, beat(START_MS + 10 * MINUTE_MS)])
    assert outcomes[1:3] == ["edit", "delete"]
    assert windows[0].n == 1


def test_a_language_without_a_bundle_is_unvalidated() -> None:
    tweet, _ = post(START_MS)
    windows, _, outcomes = run(
        [(replace(tweet, lang="de"), None), post(START_MS + 1), beat(START_MS + 10 * MINUTE_MS)]
    )
    assert outcomes[0] == "unvalidated"
    assert (windows[0].n, windows[0].n_unvalidated) == (1, 1)


def test_a_language_outside_the_brands_own_is_unvalidated() -> None:
    rules = Rules(languages=frozenset({"fr"}))
    assert run([post(START_MS)], rules)[2] == ["unvalidated"]


def test_a_silent_day_is_missing_and_not_quiet() -> None:
    quiet_until = START_MS + 2 * HOUR_MS
    events = [*in_order([*steady(2 / 24), *beats(START_MS, quiet_until)])]
    again = [beat(quiet_until + DAY_MS), post(quiet_until + DAY_MS)]
    for order in (again, again[::-1]):
        windows, _, _ = run([*events, *order, beat(quiet_until + DAY_MS + 2 * BUCKET_MS)])
        resumed_ms = [w.end_ms for w in windows if w.end_ms > quiet_until + HOUR_MS]
        assert resumed_ms == [quiet_until + DAY_MS, quiet_until + DAY_MS + BUCKET_MS]


@pytest.mark.parametrize("n", [1, 1000])
def test_heartbeats_alone_remember_no_brand(n: int) -> None:
    fold = Fold(lambda _: Rules())
    run((beat(START_MS + i * MINUTE_MS) for i in range(n)), fold=fold)
    assert fold.brands == {}


def test_of_many_sources_the_oldest_are_dropped() -> None:
    fold = Fold(lambda _: Rules())
    tweets = [replace(post(START_MS + i)[0], source=f"s{i}", seq=1) for i in range(20)]
    run(((tweet, NEGATIVE) for tweet in tweets), fold=fold)
    assert sorted(fold.brands["Air Paradis"].newest_ms) == [f"s{i}" for i in range(12, 20)]


def test_a_heartbeat_is_no_tweet() -> None:
    assert isinstance(beat(0)[0], Tweet)
    assert run([beat(START_MS)])[2] == ["heartbeat"]


def test_a_source_a_day_behind_is_forgotten() -> None:
    later_ms = START_MS + 2 * DAY_MS
    ghost = replace(post(START_MS)[0], source="ghost")
    events = [(ghost, NEGATIVE), post(later_ms), beat(later_ms + 10 * MINUTE_MS)]
    assert {window.absent for window in run(events)[0]} == {()}


def test_a_state_is_changed_until_it_is_saved() -> None:
    fold = Fold(lambda _: Rules())
    fold.apply(*post(START_MS))
    assert fold.changed_states() == fold.changed_states() == list(fold.brands.values())


def test_windows_are_sorted_by_brand() -> None:
    posts = [post(START_MS + n, brand=brand, seq=n) for n, brand in enumerate(("B", "A"))]
    windows, _, _ = run([*posts, beat(START_MS + BUCKET_MS + LATENESS_MS)])
    assert [window.brand for window in windows] == ["A", "B"]


@pytest.mark.parametrize(("behind_ms", "absent"), [(DAY_MS, ("ghost",)), (DAY_MS + 1, ())])
def test_a_tweets_source_is_remembered_up_to_a_day_behind(
    behind_ms: int, absent: tuple[str, ...]
) -> None:
    now_ms = START_MS + 2 * DAY_MS
    ghost = replace(post(now_ms - behind_ms)[0], source="ghost")
    events = [(ghost, NEGATIVE), post(now_ms - LATENESS_MS - BUCKET_MS), beat(now_ms)]
    windows, _, _ = run(events)
    assert windows[-1].absent == absent


def test_a_new_brand_starts_no_earlier_than_the_heartbeats_watermark() -> None:
    fold = Fold(lambda _: Rules())
    old = post(START_MS - HOUR_MS)
    _, _, outcomes = run([beat(START_MS + BUCKET_MS + LATENESS_MS - 1), old], fold=fold)
    assert (fold.brands["Air Paradis"].closed_ms, outcomes[-1]) == (START_MS, "late")


@pytest.mark.parametrize(("at_ms", "start_ms"), [(START_MS + 9, START_MS), (30_000, 300_000)])
def test_a_new_brand_starts_less_the_lateness_and_not_before_zero(
    at_ms: int, start_ms: int
) -> None:
    fold = Fold(lambda _: Rules())
    fold.apply(*post(at_ms))
    assert fold.brands["Air Paradis"].closed_ms == start_ms - BUCKET_MS


def test_a_new_brand_starts_at_the_earlier_of_both_clocks() -> None:
    fold = Fold(lambda _: Rules())
    ahead = replace(post(START_MS)[0], created_ms=START_MS + 2 * BUCKET_MS)
    fold.apply(ahead, NEGATIVE)
    assert fold.brands["Air Paradis"].closed_ms == START_MS - BUCKET_MS


def test_a_tweet_closes_a_bucket_when_it_is_the_lateness_past_its_end() -> None:
    end_ms = START_MS + BUCKET_MS + LATENESS_MS
    first = post(START_MS + LATENESS_MS)
    assert run([first, post(end_ms - 1)])[0] == []
    (window,), _, outcomes = run([first, post(end_ms)])
    assert (window.end_ms, outcomes) == (START_MS + BUCKET_MS, ["counted", "counted"])


def test_a_partition_record_names_version_partition_and_offset() -> None:
    clocks = SourceClocks({"a": 5}, {"replay:b": 6}, {"c": 7}, {"a": 8})
    fold = Fold(lambda _: Rules(), clocks=clocks)
    packed = fold.pack(partition=3, next_offset=7)
    plain = {
        "v": 1, "partition": 3, "next_offset": 7, "topic_id": "", "heartbeats_ms": {"a": 5},
        "replayed_ms": {"replay:b": 6}, "ahead_ms": {"c": 7}, "last_seq": {"a": 8},
    }  # fmt: skip
    assert orjson.loads(packed) == plain
    restored = Fold(lambda _: Rules())
    assert (restored.unpack(3, packed), restored.clocks) == (7, clocks)
    restored.unpack(3, b'{"v":1,"partition":3,"next_offset":7,"heartbeats_ms":{"a":5}}')
    assert restored.clocks == SourceClocks({"a": 5})
    with pytest.raises(StateError, match="partition 4 holds the record of 3"):
        fold.unpack(4, packed)
    with pytest.raises(StateError, match="version 2, this is 1"):
        fold.unpack(3, orjson.dumps({**plain, "v": 2}))


def test_saved_states_and_evidence_are_not_saved_again() -> None:
    fold = Fold(lambda _: Rules())
    fold.apply(*post(START_MS))
    assert list(fold.changed_records()) != []
    fold.saved()
    assert (fold.changed_states(), list(fold.changed_records())) == ([], [])


def test_each_heartbeat_at_a_buckets_end_closes_one_window() -> None:
    fold = Fold(lambda _: Rules())
    fold.apply(*post(START_MS + LATENESS_MS))
    ends = [START_MS + n * BUCKET_MS + LATENESS_MS for n in (1, 2, 3)]
    assert [len(fold.apply(*beat(at)).windows) for at in ends] == [1, 1, 1]


def test_a_brand_without_a_post_starts_no_window() -> None:
    fold = Fold(lambda _: Rules())
    fold.apply(replace(post(START_MS)[0], kind="delete"), None)
    fold.apply(*beat(START_MS + HOUR_MS))
    assert fold.brands["Air Paradis"].closed_ms == -1
