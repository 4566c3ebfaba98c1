"""The sample of tweets: bounded, whatever the order; what is deleted is shown nowhere."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import Connection, event

from badbuzz.model import Scored
from badbuzz.store.database import Store
from badbuzz.store.model import AlertHistory, SampledTweet, TweetOrder
from badbuzz.store.sample import FORGET_AT_ONCE, N_EACH
from tests.support.events import BUCKET_MS, DAY_MS, START_MS
from tests.support.recorded import ALERTS, BRAND, TWEETS, alert, scored, shown

ALWAYS = 0, 2**53


def stream(n: int = 200) -> list[Scored]:
    """Posts of one window, no two alike in time or score, in no order of either."""
    drawn = Random(1)
    scores = [number / n for number in range(n)]
    drawn.shuffle(scores)
    return [scored(str(i), score, created_ms=START_MS + i) for i, score in enumerate(scores)]


def record(store: Store, records: list[tuple[int, Scored]], batch: int = 1000) -> None:
    for start in range(0, len(records), batch):
        some = records[start : start + batch]
        store.record_tweets(TWEETS, some, some[-1][0] + 1)


def sampled(store: Store) -> list[SampledTweet]:
    return list(store.tweets(BRAND, *ALWAYS, limit=1000).items)


def test_a_window_keeps_the_newest_the_worst_and_the_most_uncertain(store: Store) -> None:
    tweets = stream()
    record(store, list(enumerate(tweets)))
    newest = sorted(tweets, key=lambda row: -row.tweet.created_ms)[:N_EACH]
    worst = sorted(tweets, key=lambda row: -(row.score or 0))[:N_EACH]
    doubted = sorted(tweets, key=lambda row: (abs((row.score or 0) - 0.5), row.tweet.id))[:N_EACH]
    expected = {row.tweet.id for row in [*newest, *worst, *doubted]}
    assert {tweet.id for tweet in sampled(store)} == expected


@pytest.mark.parametrize("batch", [1, 7, 1000])
def test_the_sample_does_not_depend_on_order_or_batches(store: Store, batch: int) -> None:
    records = list(enumerate(stream(60)))
    record(store, records)
    expected = sampled(store)
    Random(batch).shuffle(records)
    record(store, [(offset, row) for offset, (_, row) in enumerate(records, 60)], batch)
    assert sampled(store) == expected


def test_every_window_and_brand_has_a_sample_of_its_own(store: Store) -> None:
    tweets = [
        scored(f"{brand}{window}-{i}", created_ms=START_MS + window * BUCKET_MS, brand=brand)
        for brand in ("a", "b")
        for window in (0, 1)
        for i in range(N_EACH + 5)
    ]
    record(store, list(enumerate(tweets)))
    samples = [store.tweets(brand, *ALWAYS, limit=1000).items for brand in ("a", "b")]
    assert [len(items) for items in samples] == [2 * N_EACH, 2 * N_EACH]


def test_a_tweet_without_a_score_is_kept_among_the_newest_only(store: Store) -> None:
    record(store, [(0, scored("1", None))])
    orders = {
        order: [tweet.id for tweet in store.tweets(BRAND, *ALWAYS, order=order).items]
        for order in ("newest", "negative", "uncertain")
    }
    assert orders == {"newest": ["1"], "negative": [], "uncertain": []}


def test_a_tweet_is_masked(store: Store) -> None:
    record(store, [(0, scored("1", text="@jane call +33 6 12 34 56 78"))])
    assert sampled(store)[0].text == "@user call ☎"


def test_a_sampled_tweet_has_every_recorded_field(store: Store) -> None:
    url = "https://social.example/1"
    tweet = scored("1", 0.75, text="Late", lang="fr", author="a1", n_retweets=3, url=url)
    record(store, [(0, tweet)])
    assert store.tweet("1") == SampledTweet(
        id="1",
        brand=BRAND,
        created_ms=START_MS,
        text="Late",
        lang="fr",
        url=url,
        author="a1",
        n_retweets=3,
        score=0.75,
        negative=True,
        bundle="airline-en@1",
        window_start_ms=START_MS,
    )


@pytest.mark.parametrize(
    "odd",
    [
        {"text": "a\x00b", "url": "\x00", "author": "\x00", "lang": "\x00"},
        {"n_retweets": 2**64 - 1},
        {"text": "é" * 30_000},
    ],
)
def test_odd_tweets_are_recorded(store: Store, odd: dict[str, Any]) -> None:
    record(store, [(0, scored("1", **odd))])
    assert store.tweet("1") is not None


@pytest.mark.parametrize("odd_id", ["1" * 60_000, "a\x00b", ""])
def test_odd_ids_can_be_looked_up(store: Store, odd_id: str) -> None:
    record(store, [(0, scored(odd_id)), (1, scored("2"))])
    stored = store.tweet(odd_id)
    assert stored is not None
    assert stored.text != "text of 2"


@pytest.mark.parametrize("kind", ["delete", "edit"])
def test_deleted_and_edited_tweets_are_not_returned(store: Store, kind: str) -> None:
    record(store, [(0, scored("1")), (1, scored("2"))])
    record(store, [(2, scored("1", None, kind=kind, text="new words"))])
    assert [tweet.id for tweet in sampled(store)] == ["2"]
    assert store.tweet("1") is None


def test_an_edit_with_a_new_id_removes_the_version_that_it_replaces(store: Store) -> None:
    fired = alert(evidence=shown("1", "2"))
    store.record_alerts(ALERTS, [(0, fired)], 1)
    record(store, [(0, scored("1")), (1, scored("2"))])
    record(store, [(2, scored("3", None, kind="edit", replaces="1"))])
    history = store.alert(fired.id)
    assert [one.id for one in sampled(store)] == ["2"]
    assert history is not None
    assert "text of 1" not in str(history)


def test_a_deleted_tweet_stays_removed_after_redelivery(store: Store) -> None:
    record(store, [(0, scored("1")), (1, scored("1", None, kind="delete"))])
    record(store, [(2, scored("1"))])
    assert store.tweet("1") is None


def test_a_deletion_before_its_tweet_counts_too(store: Store) -> None:
    record(store, [(0, scored("1", None, kind="delete")), (1, scored("1"))])
    assert store.tweet("1") is None


def test_the_text_of_a_deleted_tweet_is_erased(store: Store) -> None:
    record(store, [(0, scored("1", text="regretted"))])
    record(store, [(1, scored("1", None, kind="delete", text="regretted"))])
    record(store, [(2, scored("1", text="regretted"))])
    with store._read() as connection:
        tables = connection.exec_driver_sql("SELECT text FROM sample").scalars().all()
    assert tables == [""]


def test_a_deleted_tweet_leaves_an_alerts_evidence(store: Store) -> None:
    fired = alert(evidence=shown("1", "2"))
    store.record_alerts(ALERTS, [(0, fired)], 1)
    record(store, [(0, scored("1", None, kind="delete"))])
    history = store.alert(fired.id)
    assert history is not None
    assert history.alert.evidence is not None
    assert [example.id for example in history.alert.evidence.most_negative] == ["2"]
    assert history.alert.evidence.most_repeated == ()


def test_a_tweet_deleted_before_the_alert_is_not_in_its_evidence(store: Store) -> None:
    record(store, [(0, scored("1", None, kind="delete"))])
    fired = alert(evidence=shown("1", "2"))
    store.record_alerts(ALERTS, [(0, fired)], 1)
    assert "text of 1" not in str(store.changes({ALERTS: -1}))


def test_another_brands_tweet_of_the_same_id_stays(store: Store) -> None:
    record(store, [(0, scored("1", brand="a")), (1, scored("1", brand="b"))])
    record(store, [(2, scored("1", None, kind="delete", brand="a"))])
    stored = store.tweet("1")
    assert stored is not None
    assert stored.brand == "b"


@pytest.mark.parametrize("kind", ["edit", "delete"])
def test_only_a_tweets_network_edits_or_deletes_it(store: Store, kind: str) -> None:
    fired = alert(evidence=shown("1", "2", network="mastodon"))
    store.record_alerts(ALERTS, [(0, fired)], 1)
    record(store, [(0, scored("1", source="mastodon:a"))])
    record(store, [(1, scored("1", None, kind=kind, source="x"))])
    assert [one.id for one in sampled(store)] == ["1"]
    assert "text of 1" in str(store.alert(fired.id))
    record(store, [(2, scored("1", None, kind=kind, source="mastodon:b"))])
    assert sampled(store) == []
    assert "text of 1" not in str(store.alert(fired.id))


def test_a_deletion_of_another_network_does_not_hide_a_tweet_to_come(store: Store) -> None:
    record(store, [(0, scored("1", None, kind="delete", source="x")), (1, scored("1", source="y"))])
    assert [one.id for one in sampled(store)] == ["1"]


def texts(store: Store) -> list[str]:
    return sorted(tweet.text for tweet in sampled(store))


@pytest.mark.parametrize("kind", ["edit", "delete"])
@pytest.mark.parametrize("batch", [1, 9])
def test_a_network_removes_its_own_tweet_of_an_id_only(store: Store, kind: str, batch: int) -> None:
    fired = alert(evidence=shown("7", network="bluesky"))
    store.record_alerts(ALERTS, [(0, fired)], 1)
    own, evil = scored("7", source="bluesky", text="own"), scored("7", source="evil", text="evil")
    changes = [scored("7", None, kind=kind, source=source) for source in ("evil", "bluesky")]
    record(store, [(0, own), (1, evil)], batch)
    assert texts(store) == ["evil", "own"]
    record(store, [(2, changes[0]), (3, own), (4, evil)], batch)
    assert texts(store) == ["own"]
    assert "text of 7" in str(store.alert(fired.id))
    record(store, [(5, changes[1]), (6, changes[0])], batch)
    assert texts(store) == []
    assert "text of 7" not in str(store.alert(fired.id))


def test_an_alert_keeps_the_tweet_whose_id_another_network_deleted_before(store: Store) -> None:
    record(store, [(0, scored("7", None, kind="delete", source="evil"))])
    one, other = (
        alert(n, evidence=shown("7", network=name)) for n, name in enumerate(["x", "evil"])
    )
    store.record_alerts(ALERTS, [(0, one), (1, other)], 2)
    assert store.alert(one.id) == AlertHistory(one, (one,), None, None, ())
    assert "text of 7" not in str(store.alert(other.id))


@pytest.mark.parametrize("is_deleted_first", [True, False])
def test_any_network_removes_a_tweet_of_an_unknown_one(
    store: Store, *, is_deleted_first: bool
) -> None:
    fired = alert(evidence=shown("7", network=""))
    deletion = scored("7", None, kind="delete", source="x")
    if is_deleted_first:
        record(store, [(0, deletion)])
    store.record_alerts(ALERTS, [(0, fired)], 1)
    record(store, [(1, deletion)])
    assert "text of 7" not in str(store.alert(fired.id))


@pytest.mark.parametrize("order", ["newest", "negative", "uncertain"])
def test_pages_contain_the_tweets_of_two_networks_with_one_id(
    store: Store, order: TweetOrder
) -> None:
    posts = [scored(id_, source=name, text=id_ + name) for id_ in ("1", "2") for name in "abc"]
    record(store, list(enumerate(posts)))
    found: list[str] = []
    cursor = None
    while cursor is not None or not found:
        page = store.tweets(BRAND, *ALWAYS, order=order, limit=2, cursor=cursor)
        found += [tweet.text for tweet in page.items]
        cursor = page.cursor
    assert found == ["1a", "1b", "1c", "2a", "2b", "2c"]


def test_forgetting_an_old_tweet_keeps_the_new_one_of_another_network(store: Store) -> None:
    for day, name in enumerate("ab"):
        store.record_tweets(
            TWEETS,
            [(day, scored("1", source=name, text=name))],
            day + 1,
            at_ms=START_MS + day * DAY_MS,
        )
    assert store.forget(START_MS + DAY_MS) == 1
    assert texts(store) == ["b"]


def test_forget_deletes_older_records_and_returns_their_number(store: Store) -> None:
    for i in range(5):
        store.record_tweets(TWEETS, [(i, scored(str(i)))], i + 1, at_ms=START_MS + i * DAY_MS)
    assert store.forget(START_MS + 2 * DAY_MS) == 2
    assert sorted(tweet.id for tweet in sampled(store)) == ["2", "3", "4"]


def test_no_table_is_read_whole_to_record_tweets_of_many_brands(tmp_path: Path) -> None:
    posts = [scored("1", brand=f"b{number}") for number in range(600)]
    gone = [scored("1", None, kind="delete", brand=f"b{number}") for number in range(600)]
    statements: list[tuple[str, Any]] = []
    with Store.open(f"sqlite:///{tmp_path}/badbuzz.db") as store:
        event.listen(
            store._engine,
            "before_cursor_execute",
            lambda _c, _k, statement, given, *_: statements.append((statement, given)),
        )
        record(store, list(enumerate([*posts, *gone])), batch=600)
        reads = [
            statement
            for statement in statements
            if statement[0].startswith(("SELECT", "UPDATE", "DELETE"))
        ]
        with store._read() as connection:
            plans = [
                connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given).all()
                for statement, given in reads
            ]
    assert len(plans) > 5
    assert [row for plan in plans for row in plan if row[-1].startswith("SCAN")] == []


def test_a_redelivered_tweet_keeps_its_time_of_recording(store: Store) -> None:
    for i in range(2):
        store.record_tweets(TWEETS, [(i, scored("1"))], i + 1, at_ms=START_MS + i * DAY_MS)
    assert store.forget(START_MS + DAY_MS) == 1


def test_forgetting_many_tweets_does_not_block_writers(store: Store) -> None:
    tweets = [
        scored(str(i), created_ms=START_MS + i * BUCKET_MS) for i in range(FORGET_AT_ONCE + 1)
    ]
    store.record_tweets(TWEETS, list(enumerate(tweets)), len(tweets), at_ms=START_MS)
    sizes: list[int] = []
    event.listen(store._engine, "commit", lambda connection: sizes.append(n_sampled(connection)))
    assert store.forget(START_MS + DAY_MS * 365) == FORGET_AT_ONCE + 1
    assert sizes[:2] == [1, 0]


def n_sampled(connection: Connection) -> int:
    return int(connection.exec_driver_sql("SELECT count(*) FROM sample").scalar_one())


def test_tweets_between_are_the_negative_ones_of_the_time(store: Store) -> None:
    tweets = [scored(str(i), i / 10, created_ms=START_MS + i) for i in range(10)]
    record(store, list(enumerate(tweets)))
    sample = store.sample_between(BRAND, START_MS + 3, START_MS + 7)
    assert [tweet.id for tweet in sample] == ["6", "5"]


def test_labelling_proposes_the_least_certain_first(store: Store) -> None:
    scores = {"a": 0.9, "b": 0.52, "c": 0.1, "d": 0.45}
    texts = {"a": "bags", "b": "delays", "c": "seats", "d": "meals"}
    tweets = [scored(id_, score, text=texts[id_]) for id_, score in scores.items()]
    record(store, list(enumerate(tweets)))
    assert [tweet.id for tweet in store.labelling(limit=3)] == ["b", "d", "a"]


def test_labelling_omits_repeated_texts(store: Store) -> None:
    tweets = [scored(str(i), 0.5, text=f"Where is my bag?{'!' * i}") for i in range(3)]
    record(store, list(enumerate(tweets)))
    assert len(store.labelling()) == 1


def test_labelling_proposes_tweets_recorded_in_the_last_week(store: Store) -> None:
    for i in range(3):
        one = scored(str(i), text=f"word{'x' * i}")
        store.record_tweets(TWEETS, [(i, one)], i + 1, at_ms=START_MS + i * 4 * DAY_MS)
    assert {tweet.id for tweet in store.labelling()} == {"1", "2"}


def test_a_tweet_ahead_of_time_leaves_others_to_label(store: Store) -> None:
    ahead = scored("ahead", brand="other", text="later", created_ms=START_MS + 300 * DAY_MS)
    record(store, [(0, scored("1", text="now")), (1, ahead)])
    assert {tweet.id for tweet in store.labelling()} == {"1", "ahead"}


def test_labelling_filters_by_language_and_brand(store: Store) -> None:
    tweets = [
        scored(f"{lang}-{brand}", text=f"{lang}words {brand}words", lang=lang, brand=brand)
        for lang in ("en", "fr")
        for brand in ("a", "b")
    ]
    record(store, list(enumerate(tweets)))
    assert [tweet.id for tweet in store.labelling(lang="fr", brand="b")] == ["fr-b"]


def test_labelling_runs_one_query_despite_repeats(store: Store) -> None:
    same = [
        scored(f"s{i}", 0.5, created_ms=START_MS + i * BUCKET_MS, text="Again") for i in range(500)
    ]
    record(store, list(enumerate(same)))
    statements: list[str] = []
    event.listen(
        store._engine,
        "before_cursor_execute",
        lambda _c, _k, statement, *_: statements.append(statement),
    )
    assert len(store.labelling()) == 1
    assert len([statement for statement in statements if "ORDER BY" in statement]) == 1


def test_labelling_finds_tweets_behind_many_repeats(store: Store) -> None:
    same = [
        scored(f"s{i}", 0.5, created_ms=START_MS + i * BUCKET_MS, text="Again") for i in range(300)
    ]
    record(store, list(enumerate([*same, scored("other", 0.9, text="Finally new")])))
    assert [tweet.id for tweet in store.labelling()][1:] == ["other"]
