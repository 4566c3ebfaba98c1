"""Feedback, rulings and acknowledgements: written once, audited, and kept when records repeat."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import event

from badbuzz.errors import QueryError, StoreError, UnknownError
from badbuzz.store.database import Store
from badbuzz.store.model import ApiKey, AuditEntry, Feedback, Ruling
from tests.support.feedback import feedback
from tests.support.recorded import ALERTS, BRAND, TWEETS, alert, scored
from tests.support.servers import PostgresServer

FEEDBACK = Feedback(
    id="f1",
    at_ms=10,
    by="kim",
    tweet_id="1",
    brand=BRAND,
    lang="en",
    text="Where is my bag?",
    author="a1",
    predicted=False,
    score=0.4,
    ground_truth=True,
    bundle="airline-en@1",
    source="feedback",
)
FIRED = alert()
AZURE = "azure"


@pytest.fixture
def alarmed(store: Store) -> Store:
    """A store with an alert."""
    store.record_alerts(ALERTS, [(0, FIRED)], 1)
    return store


def entries(store: Store) -> list[AuditEntry]:
    return list(store.audit().items)


def test_feedback_round_trips(store: Store) -> None:
    store.add_feedback(FEEDBACK)
    assert store.feedback(0, 100) == [FEEDBACK]


def test_feedback_on_a_free_text_round_trips(store: Store) -> None:
    tried = replace(
        FEEDBACK,
        tweet_id=None,
        brand="",
        author="",
        predicted=None,
        score=None,
        bundle="",
        source="try",
    )
    store.add_feedback(tried)
    assert store.feedback(0, 100) == [tried]


def test_repeated_feedback_is_stored_and_audited_once(store: Store) -> None:
    store.add_feedback(FEEDBACK)
    store.add_feedback(replace(FEEDBACK, ground_truth=False))
    assert store.feedback(0, 100) == [FEEDBACK]
    assert entries(store) == [AuditEntry(10, "kim", "feedback", "1", "negative")]


def test_feedback_is_that_of_a_period(store: Store) -> None:
    for at_ms in (5, 6, 7, 8):
        store.add_feedback(replace(FEEDBACK, id=str(at_ms), at_ms=at_ms))
    assert [label.at_ms for label in store.feedback(6, 8)] == [6, 7]


def test_a_tweet_with_feedback_is_not_proposed_for_labelling(store: Store) -> None:
    store.record_tweets(TWEETS, [(0, scored("1", text="bags")), (1, scored("2", text="seats"))], 2)
    store.add_feedback(FEEDBACK)
    assert [tweet.id for tweet in store.labelling()] == ["2"]


def test_the_first_acknowledgement_is_kept(alarmed: Store) -> None:
    alarmed.acknowledge(FIRED.id, "kim", 20)
    history = alarmed.acknowledge(FIRED.id, "bo", 30)
    assert (history.acknowledged_by, history.acknowledged_ms) == ("kim", 20)
    assert entries(alarmed) == [AuditEntry(20, "kim", "acknowledge", FIRED.id, "")]


def test_the_latest_ruling_of_a_person_counts(alarmed: Store) -> None:
    alarmed.rule(Ruling(FIRED.id, "real", "kim", 20, ""))
    alarmed.rule(Ruling(FIRED.id, "benign", "bo", 21, "a campaign"))
    history = alarmed.rule(Ruling(FIRED.id, "false_alarm", "kim", 22, "a joke"))
    assert history.rulings == (
        Ruling(FIRED.id, "benign", "bo", 21, "a campaign"),
        Ruling(FIRED.id, "false_alarm", "kim", 22, "a joke"),
    )


def test_every_ruling_is_in_the_audit(alarmed: Store) -> None:
    alarmed.rule(Ruling(FIRED.id, "real", "kim", 20, ""))
    alarmed.rule(Ruling(FIRED.id, "benign", "kim", 21, ""))
    assert [(entry.at_ms, entry.detail) for entry in entries(alarmed)] == [
        (21, "benign"),
        (20, "real"),
    ]


def test_rulings_of_a_period_are_those_that_still_count(alarmed: Store) -> None:
    alarmed.rule(Ruling(FIRED.id, "real", "kim", 20, ""))
    alarmed.rule(Ruling(FIRED.id, "benign", "kim", 21, ""))
    alarmed.rule(Ruling(FIRED.id, "real", "bo", 40, ""))
    rulings = alarmed.rulings(0, 30)
    assert [(ruling.by, ruling.verdict, history.alert) for ruling, history in rulings] == [
        ("kim", "benign", FIRED)
    ]


@pytest.mark.parametrize(
    "change",
    [
        lambda store: store.acknowledge("nobody/0", "kim", 1),
        lambda store: store.rule(Ruling("nobody/0", "real", "kim", 1, "")),
        lambda store: store.revoke_key("nobody", 1),
    ],
    ids=["acknowledge", "rule", "revoke_key"],
)
def test_changing_a_missing_alert_or_key_is_an_error(store: Store, change: object) -> None:
    assert callable(change)
    with pytest.raises(UnknownError, match="there is no"):
        change(store)
    assert entries(store) == []


def test_concurrent_rulings_are_all_recorded(store_url: str) -> None:
    def rule(by: str) -> None:
        with Store.open(store_url) as store:
            for at_ms in range(30):
                store.rule(Ruling(FIRED.id, "real", by, at_ms, ""))

    with Store.open(store_url) as store:
        store.record_alerts(ALERTS, [(0, FIRED)], 1)
        with ThreadPoolExecutor(3) as threads:
            list(threads.map(rule, ("kim", "bo", "ana")))
        assert len(store.audit(limit=100).items) == 90


READER = frozenset({"read"})


def test_a_key_is_found_by_its_prefix(store: Store) -> None:
    store.add_key("kim", frozenset({"read", "write"}), b"\x00digest", "0123abcd", 5)
    key = ApiKey("kim", frozenset({"read", "write"}), 5, None, "0123abcd")
    assert store.key("0123abcd") == (key, b"\x00digest")


def test_an_unknown_prefix_finds_no_key(store: Store) -> None:
    assert store.key("0123abcd") is None


def test_a_revoked_key_keeps_its_time_of_revocation(store: Store) -> None:
    store.add_key("kim", READER, b"d", "0123abcd", 5)
    store.revoke_key("kim", 9)
    store.revoke_key("kim", 12)
    (key,) = store.keys()
    assert key.revoked_ms == 9


def test_the_name_of_a_key_is_never_reused(store: Store) -> None:
    store.add_key("kim", READER, b"d", "0123abcd", 5)
    store.revoke_key("kim", 9)
    with pytest.raises(StoreError, match="choose another name"):
        store.add_key("kim", READER, b"e", "89abcdef", 12)


def test_keys_are_audited(store: Store) -> None:
    store.add_key("kim", frozenset({"write", "read"}), b"d", "0123abcd", 5)
    store.revoke_key("kim", 9)
    assert [(entry.what, entry.subject, entry.detail) for entry in entries(store)] == [
        ("revoke_key", "kim", ""),
        ("add_key", "kim", "read write"),
    ]


def test_a_name_with_nul_is_recorded(alarmed: Store) -> None:
    assert alarmed.acknowledge(FIRED.id, "k\x00", 20).acknowledged_by == "k\ufffd"


@pytest.mark.services
def test_an_alert_committed_during_the_query_is_left_out(
    postgres_server: PostgresServer,
) -> None:
    address = postgres_server.new_schema()
    waiting = [alert()]
    with Store.open(address) as store, Store.open(address) as recorder:

        def come(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            if statement.startswith("SELECT") and waiting:
                recorder.record_alerts(ALERTS, [(0, waiting.pop())], 1)

        event.listen(store._engine, "after_cursor_execute", come)
        with pytest.raises(UnknownError):
            store.acknowledge(alert().id, "kim", 5)


def test_only_mispredictions_wait_oldest_first(store: Store) -> None:
    missed, fine, false = feedback("missed"), feedback("ok"), feedback("false")
    unscored = feedback("missed", predicted=None, ground_truth=True)
    for label in (false, unscored, fine, missed):
        store.add_feedback(label)
    assert store.unsent(AZURE) == [missed, false]
    assert store.unsent(AZURE, limit=1) == [missed]


def test_feedback_sent_to_one_sink_is_unsent_to_another(store: Store) -> None:
    label = feedback("missed")
    store.add_feedback(label)
    for _ in range(2):
        store.mark_sent(AZURE, label.id)
    assert store.unsent(AZURE) == []
    assert store.unsent("other") == [label]


def test_feedback_committed_late_is_not_missed(store: Store) -> None:
    early, late = feedback("missed"), feedback("missed")
    store.add_feedback(late)
    store.mark_sent(AZURE, late.id)
    store.add_feedback(early)
    assert store.unsent(AZURE) == [early]


def test_the_limit_of_unsent_feedback_is_checked(store: Store) -> None:
    with pytest.raises(QueryError, match="limit"):
        store.unsent(AZURE, limit=0)


def test_acknowledgers_are_returned_by_alert(store: Store) -> None:
    first, second = alert(0), alert(1)
    store.record_alerts(ALERTS, [(0, first), (1, second)], 2)
    store.acknowledge(second.id, "camille", 10)
    assert store.acknowledgers([first.id, second.id, "nobody/1"]) == {second.id: "camille"}
    assert store.acknowledgers([]) == {}
