"""A tweet counts once, whoever reads it how often."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from badbuzz.detection.fold import Fold
from badbuzz.detection.seen_ids import SeenIds
from badbuzz.detection.state import Rules
from badbuzz.model import Tweet, Window
from tests.support.events import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    NEGATIVE,
    START_MS,
    beat,
    post,
    run,
)

SOURCES = ("mastodon:a", "mastodon:b", "mastodon:c")
Change = Literal["edit", "delete"]


def tweet_of(number: int, **fields: object) -> Tweet:
    tweet = post(START_MS + number * 10_000)[0]
    return replace(tweet, **{"id": str(number), "source": "x", **fields})  # type: ignore[arg-type]


def windows_of(tweets: list[Tweet]) -> list[Window]:
    fold = Fold(lambda _: Rules())
    closed, _, _ = run(((tweet, NEGATIVE) for tweet in tweets), fold=fold)
    return closed + run([beat(START_MS + HOUR_MS, SOURCES[0])], fold=fold)[0]


readings = st.lists(
    st.tuples(
        st.integers(0, 11),
        st.sampled_from(SOURCES),
        st.one_of(st.just(-1), st.integers(0, 9), st.just(2**62)),
    ),
    max_size=80,
)


@given(readings)
@settings(max_examples=200)
def test_any_interleaving_of_readings_counts_each_tweet_once(
    read: list[tuple[int, str, int]],
) -> None:
    tweets = [tweet_of(number, source=source, seq=seq) for number, source, seq in read]
    distinct = {tweet.id: replace(tweet, seq=-1) for tweet in reversed(tweets)}
    once = sorted(distinct.values(), key=lambda tweet: tweet.created_ms)
    assert windows_of(tweets) == windows_of(once)


def test_polls_of_the_same_tweets_count_once() -> None:
    polled = [tweet_of(number, seq=10 * poll + number) for poll in range(10) for number in range(6)]
    (window, *_) = windows_of(polled)
    assert (window.n, window.n_negative) == (6, 6)


def test_numbers_that_begin_again_lose_nothing_and_are_reported() -> None:
    fold = Fold(lambda _: Rules())
    tweets = [tweet_of(number, seq=number % 4) for number in range(8)]
    assert run(((t, NEGATIVE) for t in tweets), fold=fold)[2] == ["counted"] * 8
    assert fold.clocks.renumbered == {"x": (3, 0)}


def test_one_forged_number_silences_no_brand() -> None:
    forged = tweet_of(0, seq=2**62)
    tweets = [forged, *(tweet_of(number, seq=number) for number in range(1, 9))]
    assert windows_of(tweets)[0].n == 9


def test_the_same_id_of_two_networks_is_two_tweets() -> None:
    assert windows_of([tweet_of(1), tweet_of(1, source="bluesky")])[0].n == 2


def test_a_repeat_a_day_later_is_a_repeat() -> None:
    fold = Fold(lambda _: Rules())
    run([(tweet_of(1), NEGATIVE), beat(START_MS + DAY_MS, "x")], fold=fold)
    assert run([(tweet_of(1), NEGATIVE)], fold=fold)[2] == ["duplicate"]


def sampled(fold: Fold) -> list[str]:
    return [one.id for one in fold.evidence["Air Paradis"].entries(0, START_MS + DAY_MS)]


def test_an_edit_with_a_new_id_removes_the_version_that_it_replaces() -> None:
    for kind in ("edit", "post"):
        fold = Fold(lambda _: Rules())
        second = tweet_of(2, kind=kind, replaces="1")
        again = replace(second, kind="post")
        outcomes = run(((t, NEGATIVE) for t in (tweet_of(1), second, second, again)), fold=fold)[2]
        assert outcomes == ["counted", "edit", "duplicate", "duplicate"]
        assert sampled(fold) == []
        assert run([(tweet_of(2), NEGATIVE)], fold=fold)[2] == ["duplicate"]


def test_a_version_whose_former_one_was_not_read_is_a_tweet() -> None:
    fold = Fold(lambda _: Rules())
    assert run([(tweet_of(2, replaces="1"), NEGATIVE)], fold=fold)[2] == ["counted"]
    assert sampled(fold) == ["2"]


def test_a_former_version_that_is_read_later_does_not_count_too() -> None:
    tweets = [tweet_of(2, replaces="1"), tweet_of(1)]
    assert run((tweet, NEGATIVE) for tweet in tweets)[2] == ["counted", "duplicate"]


@pytest.mark.parametrize("kind", ["edit", "delete"])
def test_only_a_tweets_network_edits_or_deletes_it(kind: Change) -> None:
    fold = Fold(lambda _: Rules())
    tweets = [tweet_of(1), tweet_of(9, source="bluesky")]
    run(((tweet, NEGATIVE) for tweet in tweets), fold=fold)
    foreign, own = tweet_of(1, kind=kind, source="bluesky"), tweet_of(1, kind=kind, source="x")
    assert run([(foreign, None)], fold=fold)[2] == ["foreign"]
    assert "1" in sampled(fold)
    assert run([(own, None), (own, None)], fold=fold)[2] == [kind, "duplicate"]
    assert sampled(fold) == ["9"]


@pytest.mark.parametrize("kind", ["edit", "delete"])
def test_a_change_of_an_unknown_tweet_is_passed_on(kind: Change) -> None:
    assert run([(tweet_of(1), NEGATIVE), (tweet_of(2, kind=kind), None)])[2] == ["counted", kind]


def test_ids_of_a_restored_fold_are_known() -> None:
    fold, restored = Fold(lambda _: Rules()), Fold(lambda _: Rules())
    run(((tweet_of(number), NEGATIVE) for number in range(9)), fold=fold)
    for key, value in fold.changed_records():
        assert value is not None
        restored.restore_record(key, value)
    assert isinstance(restored.seen["Air Paradis"], SeenIds)
    assert {*run(((tweet_of(n), NEGATIVE) for n in range(9)), fold=restored)[2]} == {"duplicate"}


def test_an_unnumbered_source_that_sends_all_again_changes_no_window() -> None:
    tweets = [tweet_of(number, created_ms=START_MS + number) for number in range(4_000)]
    at = {"created_ms": START_MS + MINUTE_MS}
    assert windows_of([*tweets, *tweets[100:], tweet_of(9_999, **at)]) == windows_of(
        [*tweets, tweet_of(9_999, **at)]
    )
