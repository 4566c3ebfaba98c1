from __future__ import annotations

from dataclasses import replace
from zlib import crc32

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from badbuzz.errors import StateError
from badbuzz.evidence.sample import MAX_BYTES, MAX_SAMPLE, BrandEvidence, brand_of, key
from badbuzz.evidence.terms import MAX_TERM_BYTES
from badbuzz.model import Tweet
from tests.support.events import BUCKET_MS, HOUR_MS, NEGATIVE, START_MS

BRAND = "Air Paradis"
Store = dict[bytes, bytes]


def tweet(number: int, at_ms: int = START_MS, text: str = "Where is my bag?") -> Tweet:
    return Tweet(str(number), BRAND, text, at_ms, at_ms, source="test", lang="en")


def fill(evidence: BrandEvidence, n_buckets: int, n: int, text: str = "Where is my bag?") -> None:
    """So many negatives in so many buckets, each closed in its time."""
    for bucket in range(n_buckets):
        start_ms = START_MS + bucket * BUCKET_MS
        for i in range(n):
            evidence.add(tweet(bucket * n + i, start_ms + i, text), NEGATIVE)
        evidence.decay(start_ms + BUCKET_MS)


def save(evidence: BrandEvidence, store: Store) -> int:
    """Write what changed, as compaction keeps it; returns how many records that were."""
    records = evidence.changed()
    evidence.saved()
    for record_key, value in records:
        if value is None:
            store.pop(record_key, None)
        else:
            store[record_key] = value
    return len(records)


def restored(store: Store, brand: str = BRAND) -> BrandEvidence:
    evidence = BrandEvidence(brand)
    for record_key, value in reversed(store.items()):
        evidence.restore(record_key, value)
    return evidence


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
    said: list[tuple[str, int]], brand: str, n: int, n_buckets: int, closing: bool
) -> None:
    evidence, store = BrandEvidence(brand), Store()
    for bucket in range(n_buckets):
        at_ms = START_MS + bucket * BUCKET_MS
        for i in range(n):
            text, tail = said[i % len(said)]
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


def letters(number: int) -> str:
    """Six letters for a number, none three times in a row."""
    return "".join(
        f"{chr(97 + int(digit))}{chr(107 + i)}" for i, digit in enumerate(f"{number:03}")
    )


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


@given(st.integers(0, 30), st.integers(1, 60), st.integers(1, 40))
@settings(max_examples=40)
def test_restored_evidence_gives_the_same_results(cut: int, n: int, every: int) -> None:
    straight, evidence, store = BrandEvidence(BRAND), BrandEvidence(BRAND), Store()
    for bucket in range(30):
        if bucket == cut:
            save(evidence, store)
            evidence = restored(store)
        for one in (straight, evidence):
            for i in range(n):
                at_ms = START_MS + bucket * BUCKET_MS + i
                text = f"{chr(97 + i % 9) * 5} is late {'again ' * (i % every)}"
                one.add(tweet(bucket * n + i, at_ms, text), NEGATIVE)
            one.decay(START_MS + (bucket + 1) * BUCKET_MS)
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


def test_of_too_many_those_with_the_lowest_hashes_are_kept() -> None:
    evidence = BrandEvidence(BRAND)
    for number in range(200):
        evidence.add(tweet(number), NEGATIVE)
    lowest = sorted(map(str, range(200)), key=lambda name: crc32(name.encode()))[:MAX_SAMPLE]
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
    highest = max(range(5000), key=lambda number: crc32(str(number).encode()))
    evidence.add(tweet(highest), NEGATIVE)
    assert evidence.changed() == []


def test_what_is_older_than_an_hour_is_learnt_and_its_records_are_deleted() -> None:
    evidence, store = BrandEvidence(BRAND), Store()
    fill(evidence, 11, 1)
    save(evidence, store)
    assert len(store) == 11
    evidence.decay(START_MS + 11 * BUCKET_MS + HOUR_MS)
    save(evidence, store)
    assert list(store) == [key(BRAND)]
    assert evidence.usual() == ({"bag": 6.0}, 0.0)


def test_it_learns_once_an_hour() -> None:
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
    found = evidence.entries(START_MS + BUCKET_MS, START_MS + 2 * BUCKET_MS)
    assert [entry.id for entry in found] == ["1"]


def test_a_key_names_its_brand() -> None:
    assert {brand_of(key(BRAND)), brand_of(key(BRAND, START_MS))} == {BRAND}


def test_another_version_is_refused_by_name() -> None:
    packed = orjson.dumps({"v": 99, "sample": []})
    with pytest.raises(StateError, match="'Air Paradis' has version 99"):
        BrandEvidence(BRAND).restore(key(BRAND, START_MS), packed)


def test_a_tweet_that_is_forgotten_is_written_no_more() -> None:
    evidence = BrandEvidence(BRAND)
    for number in (1, 2):
        evidence.add(tweet(number), NEGATIVE)
    evidence.saved()
    assert evidence.forget("1")
    ((_, packed),) = evidence.changed()
    assert packed is not None
    assert [entry[5] for entry in orjson.loads(packed)["sample"]] == ["2"]


def sampled(evidence: BrandEvidence) -> list[str]:
    return [entry.text for entry in evidence.entries(START_MS, START_MS + BUCKET_MS)]


def test_a_full_sample_is_not_changed_by_an_equal_hash() -> None:
    evidence = BrandEvidence(BRAND)
    for number in range(200):
        evidence.add(tweet(number), NEGATIVE)
    last = max(evidence.entries(START_MS, START_MS + 1), key=lambda e: crc32(e.id.encode()))
    evidence.saved()
    evidence.add(tweet(int(last.id), text="The same id again"), NEGATIVE)
    assert evidence.changed() == []
    assert "The same id again" not in sampled(evidence)


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


def test_a_score_is_kept_in_ten_thousandths_and_an_author_as_a_digest() -> None:
    evidence = BrandEvidence(BRAND)
    evidence.add(replace(tweet(1), author="jane"), replace(NEGATIVE, score=0.87654))
    evidence.add(tweet(2), NEGATIVE)
    first, second = evidence.entries(START_MS, START_MS + 1)
    assert (first.score, first.author) == (8765, crc32(b"jane"))
    assert (second.score, second.author) == (9000, 0)


def test_samples_of_21_kilobytes_are_thinned_to_18() -> None:
    evidence = BrandEvidence(BRAND)
    sizes = []
    for number in range(400):
        start_ms = START_MS + number // 32 * BUCKET_MS
        before = evidence._n_bytes
        evidence.add(tweet(number, start_ms, "x" * 200), NEGATIVE)
        sizes.append((before, evidence._n_bytes))
        packed = [(key(BRAND, s), evidence._pack_sample(s)) for s in evidence.samples]
        expected = sum(len(value or b"") + 1 - len(b'{"v":1,"sample":[]}') for _, value in packed)
        assert evidence._n_bytes == expected + 160 * len(packed)
    entry = max(after - before for before, after in sizes if before) - 160
    before, after = next((b, a) for b, a in sizes if a < b)
    assert 21_000 - entry - 160 < before <= 21_000
    assert 18_000 - entry * len(evidence.samples) < after <= 18_000
    assert max(after for _, after in sizes) <= 21_000


@pytest.mark.parametrize(("age_ms", "moved"), [(HOUR_MS, True), (HOUR_MS - BUCKET_MS, False)])
def test_a_bucket_an_hour_old_is_moved_into_the_counts(age_ms: int, moved: bool) -> None:
    evidence = BrandEvidence(BRAND)
    evidence.add(tweet(1), NEGATIVE)
    assert evidence.decay(START_MS + BUCKET_MS + age_ms) == moved
    assert evidence.counts == ({"bag": 100_000} if moved else {})
    assert (evidence.samples == {}) == moved


def test_six_tweets_with_the_lowest_hashes_are_counted() -> None:
    evidence = BrandEvidence(BRAND)
    for number in range(20):
        evidence.add(tweet(number, text=f"word{chr(97 + number)}"), NEGATIVE)
    lowest = sorted(range(20), key=lambda number: crc32(str(number).encode()))[:6]
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


def test_a_tweet_that_was_not_sampled_is_not_forgotten() -> None:
    evidence = BrandEvidence(BRAND)
    evidence.add(tweet(1), NEGATIVE)
    assert not evidence.forget("2")
    assert evidence.forget("1")
    assert (evidence.samples, evidence._n_bytes) == ({}, 0)
    assert (evidence.changed()[0][1], BrandEvidence(BRAND).hour) == (None, -1)


def test_a_sample_record_has_version_1() -> None:
    evidence = BrandEvidence(BRAND)
    evidence.add(tweet(1), NEGATIVE)
    evidence.add(tweet(2, START_MS + HOUR_MS), NEGATIVE)
    evidence.decay(START_MS + 2 * HOUR_MS)
    assert {orjson.loads(value)["v"] for _, value in evidence.changed() if value} == {1}
    assert orjson.loads(evidence.changed()[-1][1] or b"")["hour"] == evidence.hour
