"""Tests of the limits of samples and of sampled tweets."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from badbuzz.evidence.sample import MAX_BYTES, BrandEvidence, key
from badbuzz.evidence.terms import MAX_TERM_BYTES
from badbuzz.model import Tweet
from tests.badbuzz.evidence.samples import BRAND, Store, letters, restored, sampled, save, tweet
from tests.support.events import BUCKET_MS, HOUR_MS, NEGATIVE, START_MS


def n_bytes(store: Store) -> int:
    return sum(len(record_key) + len(value) for record_key, value in store.items())


texts = st.text(st.sampled_from('a"\\\u0000é😡\u200d\ufffd @.x1 '), max_size=700)


@given(
    st.lists(st.tuples(texts, st.integers(0, 40)), min_size=1, max_size=6),
    st.sampled_from(["x", "é" * 50, '"' * 100]),
    st.integers(1, 60),
    st.integers(1, 60),
    st.booleans(),
)
@settings(max_examples=60)
def test_evidence_of_a_brand_takes_at_most_32_kilobytes(
    pairs: list[tuple[str, int]], brand: str, n: int, n_buckets: int, closing: bool
) -> None:
    evidence, store = BrandEvidence(brand), Store()
    for bucket in range(n_buckets):
        at_ms = START_MS + bucket * BUCKET_MS
        for i in range(n):
            text, tail = pairs[i % len(pairs)]
            words = " ".join(
                f"{chr(97 + i % 26)}{'w' * 15}{chr(97 + bucket % 26)}{k:x}" for k in range(3)
            )
            added = Tweet(
                str(i) + '"' * tail, brand, f"{words} {text}", at_ms, at_ms, url='"' * 3 * tail,
                n_retweets=10**18, author="someone",
            )  # fmt: skip
            evidence.add(added, NEGATIVE)
        if closing:
            evidence.decay(at_ms + BUCKET_MS)
        save(evidence, store)
        assert n_bytes(store) <= MAX_BYTES


@pytest.fixture(scope="module")
def longest_terms() -> bytes:
    """The record of a table that is full of the longest terms."""
    evidence = BrandEvidence(BRAND)
    for hour in range(300):
        at_ms = START_MS + hour * HOUR_MS
        text = " ".join(f"{letters(hour // 8 * 8 + k)}{'xyz' * 4}wv" for k in range(8))
        for i in range(8):
            evidence.add(tweet(hour * 8 + i, at_ms, text), NEGATIVE)
        evidence.decay(at_ms + 2 * HOUR_MS)
    record_key, value = evidence.changed()[-1]
    assert record_key == key(BRAND)
    assert len(evidence.counts) == 300
    assert min(map(len, evidence.counts)) == MAX_TERM_BYTES
    assert value is not None
    return value


@pytest.mark.parametrize("text", ["", "bag", '"' * 700, "😡" * 280, "bag " * 70])
@pytest.mark.parametrize("n", [1, 40])
def test_samples_fit_beside_a_full_table(text: str, n: int, longest_terms: bytes) -> None:
    brand = "é" * 50
    store = {key(brand): longest_terms}
    evidence = restored(store, brand)
    most = 0
    for i in range(1_000):
        at_ms = START_MS + i // n * BUCKET_MS
        added = replace(tweet(i, at_ms, text), brand=brand, url="u" * 120, n_retweets=10**9)
        evidence.add(added, NEGATIVE)
        save(evidence, store)
        most = max(most, n_bytes(store))
    assert 0.75 * MAX_BYTES < most <= MAX_BYTES


def test_a_sample_has_at_most_32_tweets() -> None:
    evidence = BrandEvidence(BRAND)
    for number in range(33):
        evidence.add(tweet(number), NEGATIVE)
    assert len(sampled(evidence)) == 32


@pytest.mark.parametrize(("n_bytes", "kept"), [(120, True), (121, False)])
def test_a_long_tweet_keeps_its_url_up_to_120_bytes(n_bytes: int, kept: bool) -> None:
    evidence = BrandEvidence(BRAND)
    evidence.add(replace(tweet(1, text="é " * 300), url="u" * n_bytes), NEGATIVE)
    (entry,) = evidence.entries(START_MS, START_MS + 1)
    assert bool(entry.url) == kept


@pytest.mark.parametrize(("n_bytes", "kept"), [(40, True), (41, False)])
def test_a_long_tweet_keeps_its_id_up_to_40_bytes(n_bytes: int, kept: bool) -> None:
    evidence = BrandEvidence(BRAND)
    evidence.add(replace(tweet(1, text="é " * 300), id="i" * n_bytes), NEGATIVE)
    (entry,) = evidence.entries(START_MS, START_MS + 1)
    assert bool(entry.id) == kept


def test_a_long_tweet_has_at_most_a_billion_retweets() -> None:
    evidence = BrandEvidence(BRAND)
    evidence.add(replace(tweet(1, text="é " * 300), n_retweets=10**9 + 1), NEGATIVE)
    (entry,) = evidence.entries(START_MS, START_MS + 1)
    assert entry.n_retweets == 10**9


def test_a_tweet_of_510_packed_bytes_is_kept_whole() -> None:
    whole = BrandEvidence(BRAND)
    whole.add(tweet(1, text=""), NEGATIVE)
    overhead = len(whole.samples[START_MS][0][1]) - 1
    for n, kept in ((510 - overhead, True), (511 - overhead, False)):
        evidence = BrandEvidence(BRAND)
        evidence.add(tweet(1, text="x" * n), NEGATIVE)
        assert (sampled(evidence) == ["x" * n]) == kept


@pytest.mark.parametrize("n", [281, 300, 400])
def test_a_long_text_is_cut_to_280_bytes(n: int) -> None:
    evidence = BrandEvidence(BRAND)
    evidence.add(replace(tweet(1, text="x" * n), url="u" * 400), NEGATIVE)
    (text,) = sampled(evidence)
    assert text == "x" * 277 + "…"


def test_a_text_of_280_bytes_is_not_cut() -> None:
    evidence = BrandEvidence(BRAND)
    evidence.add(replace(tweet(1, text="x" * 280), url="u" * 400), NEGATIVE)
    assert sampled(evidence) == ["x" * 280]


@pytest.mark.parametrize(("n_blanks", "kept"), [(4092, True), (4093, False)])
def test_a_text_is_read_up_to_4096_characters(n_blanks: int, kept: bool) -> None:
    evidence = BrandEvidence(BRAND)
    evidence.add(tweet(1, text="a" + " " * n_blanks + "bag"), NEGATIVE)
    assert sampled(evidence) == ["a bag" if kept else "a"]


def test_samples_of_21_kilobytes_are_thinned_to_18() -> None:
    evidence = BrandEvidence(BRAND)
    sizes = []
    for number in range(400):
        start_ms = START_MS + number // 32 * BUCKET_MS
        before = evidence._n_bytes
        evidence.add(tweet(number, start_ms, "x" * 200), NEGATIVE)
        sizes.append((before, evidence._n_bytes))
        packed = [(key(BRAND, s), evidence._pack_sample(s)) for s in evidence.samples]
        expected = sum(len(value or b"") + 1 - len(b'{"v":2,"sample":[]}') for _, value in packed)
        assert evidence._n_bytes == expected + 160 * len(packed)
    entry = max(after - before for before, after in sizes if before) - 160
    before, after = next((b, a) for b, a in sizes if a < b)
    assert 21_000 - entry - 160 < before <= 21_000
    assert 18_000 - entry * len(evidence.samples) < after <= 18_000
    assert max(after for _, after in sizes) <= 21_000


def test_a_sample_that_takes_exactly_its_share_is_not_written() -> None:
    evidence = BrandEvidence(BRAND)
    for number in range(11):
        evidence.add(tweet(number, text="x" * 440), NEGATIVE)
    before = evidence._n_bytes
    evidence.add(tweet(11, text=""), NEGATIVE)
    n_missing = 6_000 - evidence._n_bytes  # a third of 18,000: the older bucket has half the weight
    evidence.forget("test", "11")
    assert evidence._n_bytes == before
    evidence.add(tweet(11, text="x" * n_missing), NEGATIVE)
    assert evidence._n_bytes == 6_000
    for number in range(12, 44):
        before = evidence._n_bytes
        evidence.saved()
        evidence.add(tweet(number, START_MS + BUCKET_MS, "x" * 440), NEGATIVE)
        if evidence._n_bytes < before:
            break
    assert 17_000 < evidence._n_bytes <= 18_000
    written = [record_key for record_key, _ in evidence.changed()]
    assert written == [key(BRAND, START_MS + BUCKET_MS)]
