"""Tests of the processor on real brokers: outputs, dead letters and state."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import orjson
import pytest
from confluent_kafka import Consumer, TopicPartition

from badbuzz import wire
from badbuzz.detection.sources import SourceClocks
from badbuzz.evidence.sample import key
from badbuzz.model import Tweet
from producers.publisher import partition_of
from stream_processor.processor.pipeline import report_sources
from tests.support.events import BUCKET_MS, DAY_MS, MINUTE_MS, START_MS, beat
from tests.support.source import RecordProducer, metric, run_to_end
from tests.support.stream import Deployment

pytestmark = pytest.mark.kafka

PARTITION = partition_of("Air Paradis", 4)


def test_bad_bytes_become_a_dead_letter_and_the_stream_continues(stream: Deployment) -> None:
    producer = RecordProducer(stream)
    producer.raw(b"\xff\x00 no json")
    producer.raw(b'{"v":1,"id":"7"}')
    producer.raw(None)
    producer.tweet(START_MS)
    worker = run_to_end(stream)
    dead_letters = [value for _, value in stream.committed(wire.DEAD_LETTERS)]
    assert dead_letters == [b"\xff\x00 no json", b'{"v":1,"id":"7"}', b""]
    assert len(stream.committed(wire.SCORED_TWEETS)) == 1
    assert metric(worker, "badbuzz_dead_letters_total", step="decode", reason="missing") == 1


def test_a_dead_letter_has_its_reason_and_offset(stream: Deployment) -> None:
    RecordProducer(stream).raw(b'{"v":1,"id":"7"}')
    run_to_end(stream)
    partition = next(iter(stream.ends()))
    consumer = Consumer(
        {"bootstrap.servers": stream.settings.kafka_bootstrap_servers, "group.id": "dead"}
    )
    topic = stream.settings.topic(wire.DEAD_LETTERS)
    consumer.assign([TopicPartition(topic, partition, 0)])
    message = consumer.poll(10)
    consumer.close()
    headers = dict(message.headers())
    assert headers["step"] == b"decode"
    assert headers["field"] == b"brand"
    assert headers["reason"] == b"missing"
    assert headers["topic"] == stream.settings.topic(wire.TWEETS).encode()
    assert (headers["partition"], headers["offset"]) == (str(partition).encode(), b"0")


@pytest.mark.parametrize(
    "text",
    ["", "😡😡😡", "איפה המזוודה שלי", "航班又延误了四个小时", "a" * 60_000, "\u0000\t\n"],
    ids=["empty", "emoji", "right to left", "CJK", "one character", "control"],
)
def test_unusual_text_is_scored(stream: Deployment, text: str) -> None:
    RecordProducer(stream).tweet(START_MS, text)
    run_to_end(stream)
    ((_, value),) = stream.committed(wire.SCORED_TWEETS)
    assert 0.0 <= orjson.loads(value)["score"] <= 1.0


def test_a_language_without_a_bundle_is_not_scored(stream: Deployment) -> None:
    RecordProducer(stream).tweet(START_MS, "Koffer weg", lang="de")
    worker = run_to_end(stream)
    ((_, value),) = stream.committed(wire.SCORED_TWEETS)
    assert "score" not in orjson.loads(value)
    assert metric(worker, "badbuzz_tweets_total", outcome="unvalidated") == 1


def test_a_late_tweet_is_counted_as_late(stream: Deployment) -> None:
    producer = RecordProducer(stream)
    producer.tweet(START_MS)
    producer.beat(START_MS + 3 * BUCKET_MS)
    producer.tweet(START_MS + 1)
    worker = run_to_end(stream)
    assert metric(worker, "badbuzz_tweets_total", outcome="late") == 1


def test_a_live_tweet_from_the_future_closes_no_window(stream: Deployment) -> None:
    producer = RecordProducer(stream)
    producer.tweet(START_MS)
    producer.tweet(4_000_000_000_000)
    worker = run_to_end(stream)
    assert stream.committed(wire.WINDOWS) == []
    assert metric(worker, "badbuzz_dead_letters_total", step="decode", reason="future") == 1


def test_a_source_that_is_ahead_makes_no_other_late_and_is_named(stream: Deployment) -> None:
    now_ms = time.time_ns() // 1_000_000
    producer = RecordProducer(stream)
    producer.tweet(now_ms - 20 * MINUTE_MS)
    producer.send(beat(now_ms + DAY_MS, "odd")[0])
    producer.beat(now_ms)
    producer.tweet(now_ms)
    worker = run_to_end(stream)
    windows = [wire.decode_window(value) for _, value in stream.committed(wire.WINDOWS)]
    assert {"odd" in window.absent for window in windows} == {True}
    assert metric(worker, "badbuzz_tweets_total", outcome="counted") == 2


def test_a_repeated_tweet_and_a_replay_of_a_live_brand_are_not_published(
    stream: Deployment,
) -> None:
    producer = RecordProducer(stream)
    sent: list[tuple[str, dict[str, Any]]] = [
        ("x:1", {}), ("x:2", {}), ("y", {"kind": "delete"}), ("replay:a", {"replay": True}),
        ("x:1", {"id": "2", "replaces": "1"}),
    ]  # fmt: skip
    for source, fields in sent:
        producer.tweet(START_MS, **{"id": "1", "source": source, **fields})
    producer.tweet(START_MS, id="1", source="y")
    producer.tweet(START_MS, id="1", source="x:1", kind="delete")
    worker = run_to_end(stream)
    kinds = [wire.decode_scored(v).tweet.kind for _, v in stream.committed(wire.SCORED_TWEETS)]
    assert kinds == ["post", "edit", "post", "delete"]
    outcomes = {"counted": 2, "duplicate": 1, "replayed": 1, "foreign": 1, "edit": 1, "delete": 1}
    for outcome, n in outcomes.items():
        assert metric(worker, "badbuzz_tweets_total", outcome=outcome) == n


def test_wrong_numbers_and_clocks_are_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    clocks = SourceClocks(ahead_ms={"odd": 1}, renumbered={"x": (9, 0)})
    report_sources([clocks])
    report_sources([SourceClocks()])
    assert "source 'x' went from 9 to 0" in caplog.text
    assert "clocks of sources odd are" in caplog.text
    assert clocks.renumbered == {}


def test_the_state_of_a_brand_is_a_page(stream: Deployment) -> None:
    RecordProducer(stream).tweet(START_MS)
    worker = run_to_end(stream)
    state = worker.get("/state/Air%20Paradis")
    assert state is not None
    assert orjson.loads(state)["newest_ms"] == {"test": START_MS}
    assert worker.get("/state/Nobody") is None


def test_evidence_has_its_own_record_which_is_deleted_once_learnt(
    stream: Deployment,
) -> None:
    producer = RecordProducer(stream)
    producer.tweet(START_MS)
    run_to_end(stream)
    own = key("Air Paradis", START_MS)
    sample = orjson.loads(dict(stream.committed(wire.PROCESSOR_STATE))[own])["sample"]
    assert sample[0][-1] == "Lost my bag, again"
    producer.tweet(START_MS + 3 * 3_600_000)
    producer.beat(START_MS + 4 * 3_600_000)
    stream.await_done()
    last = dict(stream.committed(wire.PROCESSOR_STATE))
    assert last[own] == b""
    assert orjson.loads(last[key("Air Paradis")])["counts"].keys() == {"lost", "bag"}


def test_a_record_with_a_wrong_key_is_a_dead_letter(stream: Deployment) -> None:
    tweet = Tweet("1", "Air Paradis", "Lost", START_MS, START_MS, seq=1, source="t", lang="en")
    wrong_key = next(name for name in "ABCDEFGHIJ" if partition_of(name, 4) != PARTITION)
    RecordProducer(stream).raw(wire.encode_tweet(tweet), key=wrong_key)
    worker = run_to_end(stream)
    assert metric(worker, "badbuzz_dead_letters_total", step="decode", reason="misplaced") == 1


def test_an_oversized_record_is_truncated_in_the_dead_letters(stream: Deployment) -> None:
    RecordProducer(stream).raw(b"x" * 900_000)
    run_to_end(stream)
    ((_, value),) = stream.committed(wire.DEAD_LETTERS)
    assert value == b"x" * 256 * 1024


@pytest.mark.parametrize(("n_bytes", "n_dead_letters"), [(65_536, 0), (65_537, 1)])
def test_a_record_of_one_letter_is_read_up_to_64_kib(
    stream: Deployment, n_bytes: int, n_dead_letters: int
) -> None:
    tweet = Tweet("1", "Air Paradis", "", START_MS, START_MS, seq=1, source="t", lang="en")
    empty = len(wire.encode_tweet(tweet))
    RecordProducer(stream).raw(wire.encode_tweet(replace(tweet, text="a" * (n_bytes - empty))))
    run_to_end(stream)
    assert len(stream.committed(wire.DEAD_LETTERS)) == n_dead_letters
