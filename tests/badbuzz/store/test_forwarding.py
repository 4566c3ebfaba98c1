"""Forwarding: each misprediction is sent once to each sink."""

from __future__ import annotations

import pytest

from badbuzz.errors import QueryError
from badbuzz.store.database import Store
from tests.support.feedback import feedback
from tests.support.recorded import ALERTS, alert

AZURE = "azure"


def test_only_mispredictions_wait_oldest_first(store: Store) -> None:
    missed, fine, false = feedback("missed"), feedback("ok"), feedback("false")
    unscored = feedback("missed", predicted=None, right=True)
    for one in (false, unscored, fine, missed):
        store.add_feedback(one)
    assert store.unsent(AZURE) == [missed, false]
    assert store.unsent(AZURE, limit=1) == [missed]


def test_what_one_sink_was_told_waits_for_another(store: Store) -> None:
    one = feedback("missed")
    store.add_feedback(one)
    for _ in range(2):
        store.mark_sent(AZURE, one.id)
    assert store.unsent(AZURE) == []
    assert store.unsent("other") == [one]


def test_one_that_is_committed_behind_a_later_one_is_not_missed(store: Store) -> None:
    early, late = feedback("missed"), feedback("missed")
    store.add_feedback(late)
    store.mark_sent(AZURE, late.id)
    store.add_feedback(early)
    assert store.unsent(AZURE) == [early]


def test_a_limit_has_limits(store: Store) -> None:
    with pytest.raises(QueryError, match="limit"):
        store.unsent(AZURE, limit=0)


def test_who_acknowledged_is_known_by_alert(store: Store) -> None:
    first, second = alert(0), alert(1)
    store.record_alerts(ALERTS, [(0, first), (1, second)], 2)
    store.acknowledge(second.id, "camille", 10)
    assert store.acknowledgers([first.id, second.id, "nobody/1"]) == {second.id: "camille"}
    assert store.acknowledgers([]) == {}
