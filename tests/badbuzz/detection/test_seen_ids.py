from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from badbuzz.detection.seen_ids import (
    CAPACITY,
    CHUNK,
    MAX_BYTES,
    PERIOD_MS,
    SeenIds,
    identify,
    identify_post,
    network_of,
)
from badbuzz.errors import StateError
from tests.support.events import DAY_MS, START_MS, post

BRAND = "é" * 50


def fill(n: int, *, every_ms: int = 1) -> SeenIds:
    seen = SeenIds(BRAND)
    assert all(seen.add(digest * 7_919, START_MS + digest * every_ms) for digest in range(n))
    return seen


@pytest.mark.parametrize(
    ("source", "network"),
    [("x", "x"), ("mastodon:piaille.fr", "mastodon"), ("a:b:c", "a:b"), (":c", ":c")],
)
def test_a_network_is_the_source_up_to_its_last_colon(source: str, network: str) -> None:
    assert network_of(source) == network


@given(st.lists(st.integers(0, 300), max_size=900))
@settings(max_examples=50)
def test_an_id_is_new_once(digests: list[int]) -> None:
    seen = SeenIds(BRAND)
    assert sum(seen.add(digest, START_MS) for digest in digests) == len(set(digests))
    assert all(digest in seen for digest in digests)


def test_a_posts_identity_is_its_network_and_id() -> None:
    tweet = replace(post(START_MS)[0], source="mastodon:a", id="7")
    same = (replace(tweet, source="mastodon:b"), replace(tweet, seq=9, text="Hi", created_ms=1))
    others = (replace(tweet, source="x"), replace(tweet, id="8"), replace(tweet, kind="delete"))
    assert {identify(one) for one in same} == {identify(tweet)} == {identify_post("mastodon", "7")}
    assert len({identify(one) for one in (tweet, *others)}) == 4


def test_without_an_id_number_or_time_and_text_are_the_identity() -> None:
    numbered = replace(post(START_MS, seq=5)[0], id="")
    plain = replace(numbered, seq=-1)
    distinct = (
        numbered, replace(numbered, seq=6), replace(numbered, source="x:1"),
        replace(numbered, source="x:2"), plain, replace(plain, text="Hi"),
        replace(plain, created_ms=1),
    )  # fmt: skip
    assert len({identify(one) for one in distinct}) == len(distinct)


def test_any_text_can_be_an_id() -> None:
    assert identify(replace(post(START_MS)[0], id="\ud800")) > 0


def test_the_newest_five_thousand_ids_are_kept_and_few_more() -> None:
    seen = fill(12_000)
    n_kept = sum(digest * 7_919 in seen for digest in range(12_000))
    assert CAPACITY <= n_kept < CAPACITY + 2 * CHUNK
    assert all(digest * 7_919 in seen for digest in range(12_000 - CAPACITY, 12_000))


def test_an_id_is_kept_for_a_day_and_not_much_longer() -> None:
    seen = fill(4 * CHUNK, every_ms=DAY_MS // CHUNK)
    newest = 4 * CHUNK - 1
    within = [d for d in range(4 * CHUNK) if (newest - d) * (DAY_MS // CHUNK) <= PERIOD_MS]
    assert all(digest * 7_919 in seen for digest in within)
    assert 0 not in seen


def test_the_records_of_a_brand_take_at_most_48_kilobytes() -> None:
    seen = SeenIds(BRAND)
    kept: dict[bytes, bytes] = {}
    for digest in range(30_000):
        seen.add(digest * 7_919, START_MS + digest)
        if digest % 100 == 0 or len(seen.chunks) > 20:
            write(kept, seen)
            assert sum(len(key) + len(value) for key, value in kept.items()) <= MAX_BYTES


def write(kept: dict[bytes, bytes], seen: SeenIds) -> list[int]:
    """Write the changed records as a checkpoint does, and return their sizes."""
    sizes = []
    for key, value in seen.changed():
        sizes.append(len(value or b""))
        if value is None:
            del kept[key]
        else:
            kept[key] = value
    seen.saved()
    return sizes


def test_a_checkpoint_writes_only_chunks_that_changed() -> None:
    seen = fill(3_000)
    kept: dict[bytes, bytes] = {}
    write(kept, seen)
    assert write(kept, seen) == []
    seen.add(1, START_MS)
    (size,) = write(kept, seen)
    assert size <= 9 + 8 * CHUNK


@given(st.integers(0, 7_000), st.randoms())
@settings(max_examples=20, deadline=None)
def test_restored_ids_are_the_same_in_any_order(n: int, random: st.DataObject) -> None:
    seen = SeenIds(BRAND)
    kept: dict[bytes, bytes] = {}
    for digest in range(n):
        seen.add(digest * 7_919, START_MS + digest)
        if digest % 500 == 0:
            write(kept, seen)
    write(kept, seen)
    restored = SeenIds(BRAND)
    records = [*kept.items()]
    random.shuffle(records)  # type: ignore[attr-defined]
    for key, value in records:
        restored.restore(key, value)
    assert restored == seen
    for one in (seen, restored):
        for digest in range(n, n + 2 * CHUNK):
            one.add(digest * 7_919, START_MS + digest)
    assert restored.changed() == seen.changed()


def test_another_version_is_refused() -> None:
    ((key, value),) = fill(1).changed()
    assert value is not None
    with pytest.raises(StateError, match="have version 9"):
        SeenIds(BRAND).restore(key, b"\x09" + value[1:])
