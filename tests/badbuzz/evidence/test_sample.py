from __future__ import annotations

from dataclasses import replace
from zlib import crc32

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from badbuzz.detection.seen_ids import identify_post
from badbuzz.errors import StateError
from badbuzz.evidence.explain import explain
from badbuzz.evidence.sample import MAX_SAMPLE, BrandEvidence, brand_of, key
from tests.badbuzz.evidence.samples import BRAND, Store, fill, restored, sampled, save, tweet
from tests.support.events import BUCKET_MS, HOUR_MS, NEGATIVE, START_MS


@given(st.integers(0, 30), st.integers(1, 60), st.integers(1, 40))
@settings(max_examples=40)
def test_restored_evidence_gives_the_same_results(cut: int, n: int, every: int) -> None:
    straight, evidence, store = BrandEvidence(BRAND), BrandEvidence(BRAND), Store()
    for bucket in range(30):
        if bucket == cut:
            save(evidence, store)
            evidence = restored(store)
        for sample in (straight, evidence):
            for i in range(n):
                at_ms = START_MS + bucket * BUCKET_MS + i
                text = f"{chr(97 + i % 9) * 5} is late {'again ' * (i % every)}"
                sample.add(tweet(bucket * n + i, at_ms, text), NEGATIVE)
            sample.decay(START_MS + (bucket + 1) * BUCKET_MS)
    save(evidence, store)
    assert evidence == straight
    assert restored(store) == straight


@given(st.permutations(range(80)))
def test_the_sample_of_a_bucket_does_not_depend_on_the_order(numbers: list[int]) -> None:
    evidence, ordered = BrandEvidence(BRAND), BrandEvidence(BRAND)
    for number in numbers:
        evidence.add(tweet(number), NEGATIVE)
    for number in range(80):
        ordered.add(tweet(number), NEGATIVE)
    assert evidence == ordered


def test_of_too_many_those_with_the_lowest_digests_are_kept() -> None:
    evidence = BrandEvidence(BRAND)
    for number in range(200):
        evidence.add(tweet(number), NEGATIVE)
    lowest = sorted(map(str, range(200)), key=lambda name: identify_post("test", name))[:MAX_SAMPLE]
    kept = evidence.entries(START_MS, START_MS + BUCKET_MS)
    assert {entry.id for entry in kept} == set(lowest)


def test_older_buckets_are_thinned_more() -> None:
    evidence = BrandEvidence(BRAND)
    fill(evidence, 12, 40, "Where is my bag? " * 10)
    newest, oldest = (
        len(evidence.entries(start_ms, start_ms + BUCKET_MS))
        for start_ms in (START_MS + 11 * BUCKET_MS, START_MS)
    )
    assert newest > 2 * oldest > 0


def test_only_what_changed_is_written() -> None:
    evidence, store = BrandEvidence(BRAND), Store()
    fill(evidence, 6, 5)
    assert save(evidence, store) == 6
    evidence.add(tweet(99, START_MS + 6 * BUCKET_MS), NEGATIVE)
    assert save(evidence, store) == 1
    assert save(evidence, store) == 0


def test_state_that_was_not_saved_stays_changed() -> None:
    evidence = BrandEvidence(BRAND)
    fill(evidence, 3, 5)
    evidence.decay(START_MS + 2 * HOUR_MS)
    assert evidence.changed() == evidence.changed() != []


def test_a_full_sample_that_a_tweet_does_not_enter_is_not_written() -> None:
    evidence, store = BrandEvidence(BRAND), Store()
    for number in range(5000):
        evidence.add(tweet(number), NEGATIVE)
    save(evidence, store)
    highest = max(range(5000), key=lambda number: identify_post("test", str(number)))
    evidence.add(tweet(highest), NEGATIVE)
    assert evidence.changed() == []


@pytest.mark.parametrize(
    "private", ["jane.doe@example.org", "@jane_doe_of_the_hills", "+33 6 12 34 56 78"]
)
def test_a_text_is_masked_before_it_is_cut(private: str) -> None:
    for n in range(255, 285):
        evidence = BrandEvidence(BRAND)
        evidence.add(tweet(1, text=f"{'a' * n} {private} and more {'b ' * 200}"), NEGATIVE)
        (entry,) = evidence.entries(START_MS, START_MS + BUCKET_MS)
        assert not any(part in entry.text for part in ("jane", "doe", "06", "6 12"))


def test_a_text_is_kept_on_one_line() -> None:
    evidence = BrandEvidence(BRAND)
    evidence.add(tweet(1, text="Where\n\tis\u0000my \u202e bag?"), NEGATIVE)
    assert evidence.entries(START_MS, START_MS + 1)[0].text == "Where is my   bag?"


def test_a_window_is_half_open() -> None:
    evidence = BrandEvidence(BRAND)
    fill(evidence, 3, 1)
    entries = evidence.entries(START_MS + BUCKET_MS, START_MS + 2 * BUCKET_MS)
    assert [entry.id for entry in entries] == ["1"]


def test_a_key_names_its_brand() -> None:
    assert {brand_of(key(BRAND)), brand_of(key(BRAND, START_MS))} == {BRAND}


def test_another_version_is_refused_by_name() -> None:
    packed = orjson.dumps({"v": 99, "sample": []})
    with pytest.raises(StateError, match="'Air Paradis' has version 99"):
        BrandEvidence(BRAND).restore(key(BRAND, START_MS), packed)


def test_a_forgotten_tweet_is_no_longer_written() -> None:
    evidence = BrandEvidence(BRAND)
    for number in (1, 2):
        evidence.add(tweet(number), NEGATIVE)
    evidence.saved()
    assert evidence.forget("test", "1")
    ((_, packed),) = evidence.changed()
    assert packed is not None
    assert [entry[5] for entry in orjson.loads(packed)["sample"]] == ["2"]


def test_a_full_sample_is_not_changed_by_an_equal_hash() -> None:
    evidence = BrandEvidence(BRAND)
    for number in range(200):
        evidence.add(tweet(number), NEGATIVE)
    last = max(evidence.entries(START_MS, START_MS + 1), key=lambda e: identify_post("test", e.id))
    evidence.saved()
    evidence.add(tweet(int(last.id), text="The same id again"), NEGATIVE)
    assert evidence.changed() == []
    assert "The same id again" not in sampled(evidence)


def test_a_score_is_kept_in_ten_thousandths_and_an_author_as_a_digest() -> None:
    evidence = BrandEvidence(BRAND)
    evidence.add(replace(tweet(1), author="jane"), replace(NEGATIVE, score=0.87654))
    evidence.add(tweet(2), NEGATIVE)
    first, second = evidence.entries(START_MS, START_MS + 1)
    assert (first.score, first.author) == (8765, crc32(b"jane"))
    assert (second.score, second.author) == (9000, 0)


def test_a_tweet_that_was_not_sampled_is_not_forgotten() -> None:
    evidence = BrandEvidence(BRAND)
    evidence.add(tweet(1), NEGATIVE)
    assert not evidence.forget("test", "2")
    assert evidence.forget("test", "1")
    assert (evidence.samples, evidence._n_bytes) == ({}, 0)
    assert (evidence.changed()[0][1], BrandEvidence(BRAND).hour) == (None, -1)


def test_a_sample_record_has_version_2() -> None:
    evidence = BrandEvidence(BRAND)
    evidence.add(tweet(1), NEGATIVE)
    evidence.add(tweet(2, START_MS + HOUR_MS), NEGATIVE)
    evidence.decay(START_MS + 2 * HOUR_MS)
    assert {orjson.loads(value)["v"] for _, value in evidence.changed() if value} == {2}
    assert orjson.loads(evidence.changed()[-1][1] or b"")["hour"] == evidence.hour


def test_retweets_kept_before_the_limit_of_records_are_clipped() -> None:
    sample = b'{"v":1,"sample":[[7,%d,9500,%d,0,"1","","Lost my bag"]]}' % (START_MS, 2**64 - 1)
    evidence = restored({key(BRAND, START_MS): sample})
    (entry,) = evidence.entries(START_MS, START_MS + BUCKET_MS)
    assert entry.n_retweets == 1_000_000_000
    explained = explain(evidence, START_MS, START_MS + BUCKET_MS)
    assert explained is not None
    assert explained.reach == 1_000_000_000


def test_a_network_forgets_its_own_tweet_only() -> None:
    evidence = BrandEvidence(BRAND)
    for source in ("mastodon:a", "evil"):
        evidence.add(replace(tweet(7, text=f"Read by {source}"), source=source), NEGATIVE)
    assert evidence.forget("evil", "7")
    assert sampled(evidence) == ["Read by mastodon:a"]
    assert evidence.forget("mastodon:b", "7")


def test_an_id_with_the_same_crc_is_another_tweet() -> None:
    one, other = "plumless", "buckeroo"
    assert crc32(one.encode()) == crc32(other.encode())
    evidence = BrandEvidence(BRAND)
    evidence.add(replace(tweet(7), id=one), NEGATIVE)
    assert not evidence.forget("test", other)


@pytest.mark.parametrize(("n_bytes", "kept"), [(200, True), (201, False)])
def test_a_long_tweet_keeps_its_network_up_to_200_bytes(n_bytes: int, kept: bool) -> None:
    evidence = BrandEvidence(BRAND)
    evidence.add(replace(tweet(1, text="é " * 300), source="n" * n_bytes), NEGATIVE)
    (entry,) = evidence.entries(START_MS, START_MS + 1)
    assert bool(entry.network) == kept


def test_a_tweet_of_version_1_is_read_and_forgotten_by_any_network() -> None:
    packed = b'{"v":1,"sample":[[%d,%d,9500,3,0,"1","u","Lost my bag"]]}' % (crc32(b"1"), START_MS)
    evidence = restored({key(BRAND, START_MS): packed})
    evidence.add(tweet(2, text="Late again"), NEGATIVE)
    again = BrandEvidence(BRAND)
    again.restore(*evidence.changed()[0])  # type: ignore[arg-type]
    (old,) = (one for one in again.entries(START_MS, START_MS + 1) if one.id == "1")
    assert (old.network, old.n_retweets, old.url, old.text) == ("", 3, "u", "Lost my bag")
    assert again.forget("any", "1")
    assert sampled(again) == ["Late again"]
