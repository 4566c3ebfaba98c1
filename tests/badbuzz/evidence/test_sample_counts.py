"""Tests of the counts of usual terms, which are learnt from the samples."""

from __future__ import annotations

import pytest

from badbuzz.detection.seen_ids import identify_post
from badbuzz.evidence.sample import BrandEvidence, key
from tests.badbuzz.evidence.samples import BRAND, Store, fill, letters, save, tweet
from tests.support.events import BUCKET_MS, HOUR_MS, NEGATIVE, START_MS


def test_buckets_older_than_an_hour_are_learnt_and_their_records_deleted() -> None:
    evidence, store = BrandEvidence(BRAND), Store()
    fill(evidence, 11, 1)
    save(evidence, store)
    assert len(store) == 11
    evidence.decay(START_MS + 11 * BUCKET_MS + HOUR_MS)
    save(evidence, store)
    assert list(store) == [key(BRAND)]
    assert evidence.usual() == ({"bag": 6.0}, 0.0)


def test_terms_are_learnt_once_an_hour() -> None:
    evidence = BrandEvidence(BRAND)
    fill(evidence, 36, 1)
    learnt = []
    for bucket in range(36, 60):
        at_ms = START_MS + bucket * BUCKET_MS
        evidence.add(tweet(bucket, at_ms), NEGATIVE)
        learnt.append(evidence.decay(at_ms + BUCKET_MS))
    assert sum(learnt) == 2
    assert learnt[:12] == learnt[12:]


def test_brands_update_their_counts_at_different_minutes() -> None:
    minutes = set()
    for number in range(20):
        evidence = BrandEvidence(f"brand {number}")
        for bucket in range(48):
            end_ms = START_MS + (bucket + 1) * BUCKET_MS
            evidence.add(tweet(bucket, end_ms - 1), NEGATIVE)
            if evidence.decay(end_ms) and bucket >= 36:
                minutes.add(bucket % 12)
    assert len(minutes) > 6


def test_the_counts_have_a_half_life_of_a_week_of_hours() -> None:
    evidence = BrandEvidence(BRAND, counts={"volcano": 1_000_000})
    for hour in range(168):
        evidence.add(tweet(hour, START_MS + hour * HOUR_MS), NEGATIVE)
        evidence.decay(START_MS + (hour + 2) * HOUR_MS)
    assert evidence.counts["volcano"] == pytest.approx(500_000, rel=0.01)


def test_no_count_is_too_low() -> None:
    evidence = BrandEvidence(BRAND)
    n_volcanoes = 0.0
    for hour in range(400):
        text = " ".join(f"{letters(hour)}{chr(97 + k) * 2}" for k in range(12))
        n_volcanoes *= 1 - 1 / 243
        if hour % 100 == 0:
            text += " volcano"
            n_volcanoes += 1
        evidence.add(tweet(hour, START_MS + hour * HOUR_MS, text), NEGATIVE)
        evidence.decay(START_MS + (hour + 2) * HOUR_MS)
        usual, unseen = evidence.usual()
        assert usual.get("volcano", unseen) >= n_volcanoes * 0.99


@pytest.mark.parametrize(("age_ms", "moved"), [(HOUR_MS, True), (HOUR_MS - BUCKET_MS, False)])
def test_a_bucket_an_hour_old_is_moved_into_the_counts(age_ms: int, moved: bool) -> None:
    evidence = BrandEvidence(BRAND)
    evidence.add(tweet(1), NEGATIVE)
    assert evidence.decay(START_MS + BUCKET_MS + age_ms) == moved
    assert evidence.counts == ({"bag": 100_000} if moved else {})
    assert (evidence.samples == {}) == moved


def test_six_tweets_with_the_lowest_digests_are_counted() -> None:
    evidence = BrandEvidence(BRAND)
    for number in range(20):
        evidence.add(tweet(number, text=f"word{chr(97 + number)}"), NEGATIVE)
    lowest = sorted(range(20), key=lambda number: identify_post("test", str(number)))[:6]
    evidence.decay(START_MS + 2 * HOUR_MS)
    assert set(evidence.counts) == {f"word{chr(97 + number)}" for number in lowest}


def test_counts_decay_by_a_243rd_rounded_up() -> None:
    evidence = BrandEvidence(BRAND, counts={"lava": 243_000, "ash": 244, "fog": 1})
    evidence.add(tweet(1), NEGATIVE)
    evidence.decay(START_MS + 2 * HOUR_MS)
    assert evidence.counts == {"lava": 242_000, "ash": 242, "bag": 100_000}


def test_three_hundred_terms_are_counted_and_a_new_one_takes_the_least_count() -> None:
    counts = {f"term{number:03}": 1_000_000 + number for number in range(299)}
    evidence = BrandEvidence(BRAND, counts={**counts})
    assert evidence.usual()[1] == 0.0
    evidence.counts["last"] = 243_000
    assert evidence.usual()[1] == 2.43
    evidence.add(tweet(1), NEGATIVE)
    evidence.decay(START_MS + 2 * HOUR_MS)
    assert len(evidence.counts) == 300
    assert "last" not in evidence.counts
    assert evidence.counts["bag"] == 243_000 + 100_000


def test_of_equal_counts_the_first_in_the_alphabet_is_dropped() -> None:
    counts = dict.fromkeys((f"term{number:03}" for number in reversed(range(300))), 243_000)
    evidence = BrandEvidence(BRAND, counts=counts)
    evidence.add(tweet(1), NEGATIVE)
    evidence.decay(START_MS + 2 * HOUR_MS)
    assert "term000" not in evidence.counts
    assert len(evidence.counts) == 300
