from __future__ import annotations

import pytest

from badbuzz.detection.sources import FORGET_MS, MAX_SOURCES, SourceClocks, watermark
from tests.support.events import DAY_MS, MINUTE_MS, START_MS, beat, post


def note(clocks: SourceClocks, at_ms: int, source: str, arrived_ms: int | None = None) -> int:
    return clocks.note_heartbeat(beat(at_ms, source)[0], arrived_ms)


def test_watermark_is_the_slowest_live_source() -> None:
    assert watermark({"a": 500_000, "b": 400_000}) == (400_000, ())


@pytest.mark.parametrize(("behind_ms", "absent"), [(120_000, ()), (120_001, ("b",))])
def test_a_source_is_live_up_to_two_minutes_behind(behind_ms: int, absent: tuple[str, ...]) -> None:
    low_ms, found = watermark({"a": 500_000, "b": 500_000 - behind_ms})
    assert found == absent
    assert low_ms == (500_000 if absent else 380_000)


@pytest.mark.parametrize(("behind_ms", "kept"), [(DAY_MS, True), (DAY_MS + 1, False)])
def test_a_heartbeat_is_remembered_up_to_a_day_behind(behind_ms: int, kept: bool) -> None:
    clocks = SourceClocks()
    note(clocks, START_MS, "a")
    note(clocks, START_MS + behind_ms, "b")
    assert ("a" in clocks.live_ms) == kept


def test_a_heartbeat_that_is_not_newer_has_no_effect() -> None:
    clocks = SourceClocks()
    moved = [note(clocks, at_ms, "test") for at_ms in (START_MS, START_MS, START_MS - 1)]
    assert (moved, clocks.live_ms) == ([START_MS, -1, -1], {"test": START_MS})


@pytest.mark.parametrize(("ahead_ms", "is_named"), [(120_000, False), (120_001, True)])
def test_a_source_is_no_further_than_the_broker_and_named_if_far_ahead(
    ahead_ms: int, is_named: bool
) -> None:
    clocks = SourceClocks()
    assert note(clocks, START_MS + ahead_ms, "x", START_MS) == START_MS
    assert clocks.watermark({}, replay=False) == (START_MS, ("x",) if is_named else ())
    assert note(clocks, START_MS + MINUTE_MS, "x", START_MS + MINUTE_MS) > 0
    assert clocks.ahead_ms == {}


def test_live_and_replayed_times_are_kept_apart() -> None:
    clocks = SourceClocks()
    replayed = beat(START_MS + 300 * DAY_MS, "replay:a")[0]
    object.__setattr__(replayed, "replay", True)
    clocks.note_heartbeat(replayed, START_MS)
    note(clocks, START_MS, "x", START_MS)
    assert clocks.watermark({}, replay=False) == (START_MS, ())
    assert clocks.watermark({}, replay=True)[0] == START_MS + 300 * DAY_MS


def test_a_live_time_ahead_of_the_broker_is_removed_by_the_next_heartbeat() -> None:
    clocks = SourceClocks(live_ms={"replay:a": START_MS + 300 * DAY_MS})
    note(clocks, START_MS, "x", START_MS)
    assert clocks.live_ms == {"x": START_MS}


def test_live_sources_are_kept_when_others_flood_the_partition() -> None:
    clocks = SourceClocks()
    for minute in range(3):
        note(clocks, START_MS + minute * MINUTE_MS, "x")
        for i in range(1_000):
            note(clocks, START_MS + minute * MINUTE_MS, f"s{minute}-{i}")
    assert len(clocks.live_ms) == MAX_SOURCES
    assert clocks.live_ms["x"] == START_MS + 2 * MINUTE_MS


def test_a_silent_source_makes_room_for_a_new_one() -> None:
    clocks = SourceClocks(live_ms={f"s{i:02}": START_MS for i in range(MAX_SOURCES)})
    note(clocks, START_MS + FORGET_MS, "s01")
    note(clocks, START_MS + FORGET_MS, "new")
    assert "new" in clocks.live_ms
    assert "s00" not in clocks.live_ms


def test_a_heartbeat_costs_the_same_after_many_sources() -> None:
    clocks = SourceClocks()
    for i in range(20_000):
        note(clocks, START_MS + i, f"s{i}")
        clocks.check_ahead(f"s{i}", START_MS + DAY_MS, START_MS + i)
        clocks.note_number(post(START_MS, seq=i)[0])
    assert max(map(len, (clocks.live_ms, clocks.ahead_ms, clocks.last_seq))) <= MAX_SOURCES


@pytest.mark.parametrize(
    ("seqs", "reported"),
    [((0, 1, 7), None), ((5, 5), (5, 5)), ((9, 0, 1), (9, 0)), ((1, 2**62), (1, 2**62))],
)
def test_numbers_that_begin_again_or_jump_are_reported(
    seqs: tuple[int, ...], reported: tuple[int, int] | None
) -> None:
    clocks = SourceClocks()
    for seq in seqs:
        clocks.note_number(post(START_MS, seq=seq)[0])
    assert clocks.renumbered.get("test") == reported
    assert clocks.last_seq == {"test": seqs[-1]}
