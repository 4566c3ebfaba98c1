"""Recorded rows: written once by natural key, also when records repeat."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings

from badbuzz.model import Alert, Window
from badbuzz.store.column_types import storable
from badbuzz.store.database import Store
from badbuzz.store.model import SourcePartition
from tests.support.recorded import ALERTS, BRAND, TWEETS, WINDOWS, alert, later, scored, window
from tests.support.strategies import alerts, windows

OFFSETS = count()
FEW = settings(
    max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)


@FEW
@given(windows().map(lambda one: replace(one, bundle=storable(one.bundle))))
def test_a_window_round_trips(store: Store, given_window: Window) -> None:
    offset = next(OFFSETS)
    store.record_windows(WINDOWS, [(offset, given_window)], offset + 1)
    assert store.changes({WINDOWS: offset - 1}) == [(WINDOWS, offset, given_window)]


@FEW
@given(alerts())
def test_an_alert_round_trips(store: Store, given_alert: Alert) -> None:
    offset = next(OFFSETS)
    store.record_alerts(ALERTS, [(offset, given_alert)], offset + 1)
    assert store.changes({ALERTS: offset - 1}) == [(ALERTS, offset, given_alert)]


def test_the_position_of_a_new_partition_is_minus_one(store: Store) -> None:
    assert store.position(WINDOWS) == -1


RECORDING: dict[str, Callable[[Store, int], None]] = {
    "windows": lambda store, at: store.record_windows(WINDOWS, [(at - 1, window(at))], at),
    "alerts": lambda store, at: store.record_alerts(ALERTS, [(at - 1, alert(at))], at),
    "scored-tweets": lambda store, at: store.record_tweets(TWEETS, [(at - 1, scored("1"))], at),
}


@pytest.mark.parametrize("topic", RECORDING)
def test_a_position_moves_with_what_is_recorded(store: Store, topic: str) -> None:
    RECORDING[topic](store, 8)
    assert store.positions() == {SourcePartition(topic, 0): 8}


@pytest.mark.parametrize("topic", RECORDING)
def test_a_position_never_moves_back(store: Store, topic: str) -> None:
    RECORDING[topic](store, 8)
    RECORDING[topic](store, 5)
    assert store.position(SourcePartition(topic, 0)) == 8


def test_a_position_moves_without_records(store: Store) -> None:
    store.record_alerts(ALERTS, [], 3)
    assert store.position(ALERTS) == 3


def test_of_two_windows_the_one_with_the_higher_offset_is_kept(store: Store) -> None:
    store.record_windows(WINDOWS, [(5, window(n=50))], 6)
    store.record_windows(WINDOWS, [(4, window(n=40))], 6)
    assert [change[2] for change in store.changes({WINDOWS: -1})] == [window(n=50)]


def test_of_two_windows_in_one_batch_the_later_is_kept(store: Store) -> None:
    store.record_windows(WINDOWS, [(4, window(n=40)), (5, window(n=50))], 6)
    assert [change[2] for change in store.changes({WINDOWS: -1})] == [window(n=50)]


def test_offsets_of_different_partitions_are_not_compared(store: Store) -> None:
    store.record_windows(WINDOWS, [(500, window(n=50))], 501)
    moved = SourcePartition("windows", 7)
    store.record_windows(moved, [(0, window(n=70))], 1)
    assert store.changes({moved: -1}) == [(moved, 0, window(n=70))]


def test_a_phase_recorded_twice_is_in_the_history_once(store: Store) -> None:
    fired = alert()
    for _ in range(2):
        store.record_alerts(ALERTS, [(1, fired)], 2)
    history = store.alert(fired.id)
    assert history is not None
    assert history.phases == (fired,)


def test_repeated_phases_do_not_replace_the_newest(store: Store) -> None:
    fired = alert()
    over = later(fired, 6, phase="resolved")
    store.record_alerts(ALERTS, [(1, fired), (2, over)], 3)
    store.record_alerts(ALERTS, [(1, fired)], 2)
    history = store.alert(fired.id)
    assert history is not None
    assert (history.alert, history.phases) == (over, (fired, over))
    assert store.alerts(phase="firing").items == ()


def test_a_new_phase_keeps_the_acknowledgement(store: Store) -> None:
    fired = alert()
    store.record_alerts(ALERTS, [(1, fired)], 2)
    store.acknowledge(fired.id, "kim", 5)
    store.record_alerts(ALERTS, [(2, later(fired, 6, phase="resolved"))], 3)
    history = store.alert(fired.id)
    assert history is not None
    assert (history.acknowledged_by, history.acknowledged_ms) == ("kim", 5)


def test_two_recorders_of_one_partition_end_with_the_right_rows(store_url: str) -> None:
    batches = [
        [
            (offset, window(offset // 3, n=offset, n_negative=0))
            for offset in range(start, start + 10)
        ]
        for start in range(0, 100, 10)
    ]

    def record(recorder: Store) -> None:
        for batch in batches:
            recorder.record_windows(WINDOWS, batch, batch[-1][0] + 1)

    with Store.open(store_url) as owner, Store.open(store_url) as zombie:
        with ThreadPoolExecutor(2) as threads:
            list(threads.map(record, (owner, zombie)))
        assert owner.position(WINDOWS) == 100
        expected = [(o, replace(window(o // 3), n=o, n_negative=0)) for o in range(2, 99, 3)] + [
            (99, replace(window(33), n=99, n_negative=0))
        ]
        assert [(o, row) for _, o, row in owner.changes({WINDOWS: -1})] == expected


def test_two_recorders_of_the_same_tweets_end_with_the_right_sample(store_url: str) -> None:
    batches = [
        [(offset, scored(str(offset), offset / 1000)) for offset in range(start, start + 50)]
        for start in range(0, 500, 50)
    ]

    def record(recorder: Store) -> None:
        for batch in batches:
            recorder.record_tweets(TWEETS, batch, batch[-1][0] + 1)

    with Store.open(store_url) as owner, Store.open(store_url) as zombie:
        with ThreadPoolExecutor(2) as threads:
            list(threads.map(record, (owner, zombie)))
        worst = owner.tweets(BRAND, 0, 2**53, "negative", 10).items
        assert [tweet.id for tweet in worst] == [str(offset) for offset in range(499, 489, -1)]


def test_changes_are_those_beyond_an_offset_and_no_more_than_asked(store: Store) -> None:
    store.record_windows(WINDOWS, [(offset, window(offset)) for offset in range(10)], 10)
    changes = store.changes({WINDOWS: 3}, limit=2)
    assert [offset for _, offset, _ in changes] == [4, 5]


def test_changes_of_other_partitions_are_not_read(store: Store) -> None:
    store.record_windows(WINDOWS, [(0, window())], 1)
    store.record_alerts(ALERTS, [(0, alert())], 1)
    assert [source for source, _, _ in store.changes({ALERTS: -1})] == [ALERTS]


@pytest.mark.parametrize("topic", RECORDING)
def test_a_position_names_the_topic_that_it_belongs_to(store: Store, topic: str) -> None:
    place = SourcePartition(topic, 0, topic_id="a1")
    record: dict[str, Callable[..., None]] = {
        "windows": store.record_windows,
        "alerts": store.record_alerts,
        "scored-tweets": store.record_tweets,
    }
    record[topic](place, [], 8)
    assert store.topic_id(SourcePartition(topic, 0)) == "a1"


def test_the_topic_of_a_new_position_is_not_known(store: Store) -> None:
    assert store.topic_id(WINDOWS) == ""
