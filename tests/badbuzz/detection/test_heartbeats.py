from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badbuzz.detection.heartbeats import EVERY_MS, MAX_SILENCE_MS, TAIL_MS, with_heartbeats
from badbuzz.model import Tweet

START_MS = 1_800_000_000_000
DAY_MS = 86_400_000

gaps_ms = st.lists(st.integers(0, 5 * EVERY_MS), max_size=50)


def tweet(at_ms: int, seq: int = 0) -> Tweet:
    return Tweet(f"{seq}", "Air Paradis", "", at_ms, at_ms, seq=seq, source="replay:a", replay=True)


def tweets(gaps: list[int]) -> list[Tweet]:
    at_ms, sent = START_MS, []
    for seq, gap in enumerate(gaps):
        at_ms += gap
        sent.append(tweet(at_ms, seq))
    return sent


def beat_times(records: list[Tweet]) -> list[int]:
    return [record.created_ms for record in records if record.kind == "heartbeat"]


@given(gaps_ms)
def test_tweets_are_passed_on_unchanged(gaps: list[int]) -> None:
    sent = tweets(gaps)
    assert [t for t in with_heartbeats(sent) if t.kind == "post"] == sent


@given(gaps_ms)
def test_the_sequence_never_goes_back_in_time(gaps: list[int]) -> None:
    times = [record.produced_ms for record in with_heartbeats(tweets(gaps))]
    assert times == sorted(times)


@given(gaps_ms)
def test_every_whole_minute_has_one_heartbeat(gaps: list[int]) -> None:
    times_ms = beat_times(list(with_heartbeats(tweets(gaps))))
    expected = range(times_ms[0], times_ms[-1] + 1, EVERY_MS) if gaps else []
    assert times_ms == list(expected)


@given(gaps_ms)
def test_a_heartbeat_precedes_the_first_tweet_of_its_time(gaps: list[int]) -> None:
    newest_beat_ms = -1
    for record in with_heartbeats(tweets(gaps)):
        if record.kind == "heartbeat":
            newest_beat_ms = record.created_ms
        else:
            assert newest_beat_ms == record.created_ms - record.created_ms % EVERY_MS


def test_heartbeats_continue_until_the_end_of_the_tail() -> None:
    last_ms = beat_times(list(with_heartbeats([tweet(START_MS)])))[-1]
    assert last_ms + EVERY_MS > START_MS + TAIL_MS >= last_ms


def test_a_heartbeat_has_the_tweets_source_and_no_number() -> None:
    beat = next(with_heartbeats([tweet(START_MS)]))
    assert (beat.source, beat.seq, beat.replay) == ("replay:a", -1, True)


def test_a_gap_of_days_has_a_heartbeat_each_minute() -> None:
    times_ms = beat_times(list(with_heartbeats([tweet(START_MS), tweet(START_MS + 3 * DAY_MS, 1)])))
    assert len(times_ms) == 3 * DAY_MS // EVERY_MS + TAIL_MS // EVERY_MS + 1


def test_a_gap_of_years_is_not_watched() -> None:
    late_ms = START_MS + 40 * MAX_SILENCE_MS
    times_ms = beat_times(list(with_heartbeats([tweet(START_MS), tweet(late_ms, 1)])))
    assert len(times_ms) == DAY_MS // EVERY_MS + 1 + TAIL_MS // EVERY_MS + 1
    assert late_ms in times_ms


def test_no_tweets_give_no_heartbeats() -> None:
    assert list(with_heartbeats([])) == []


def test_the_constants() -> None:
    assert (EVERY_MS, TAIL_MS, MAX_SILENCE_MS) == (60_000, 660_000, 31 * DAY_MS)


@pytest.mark.parametrize(("more_ms", "n_days"), [(0, 31), (1, 1)])
def test_a_gap_of_more_than_31_days_has_heartbeats_in_its_first_day_only(
    more_ms: int, n_days: int
) -> None:
    sent = [tweet(START_MS), tweet(START_MS + MAX_SILENCE_MS + more_ms, 1)]
    times_ms = beat_times(list(with_heartbeats(sent, tail_ms=0)))
    assert len(times_ms) == n_days * DAY_MS // EVERY_MS + 1 + (more_ms > 0)
    assert sorted(set(times_ms)) == times_ms
