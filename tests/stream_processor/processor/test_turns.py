"""Tests of the turns of a processor's partition: long heartbeats let other tasks run."""

from __future__ import annotations

import asyncio
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

from badbuzz import wire
from badbuzz.config.brands import Brands
from badbuzz.config.settings import Settings
from badbuzz.detection.fold import Fold
from badbuzz.detection.state import BrandState, Rules
from badbuzz.model import Tweet
from badbuzz.models.scorer import ScorerSet
from stream_processor.engine import metrics, turns
from stream_processor.engine.turns import in_turns
from stream_processor.processor.drift import DriftMetrics
from stream_processor.processor.partition import ProcessorHandler, ProcessorResources
from stream_processor.processor.state_topic import pack_changes
from tests.support.events import BUCKET_MS, START_MS

N_BRANDS = 300


def states() -> dict[str, BrandState]:
    """Return the states of brands that had tweets a day long."""
    names = [f"brand {number:03}" for number in range(N_BRANDS)]
    return {name: BrandState(name, closed_ms=START_MS, n_hours=24) for name in names}


def new_handler() -> ProcessorHandler:
    resources = ProcessorResources(
        settings=Settings(),
        brands=Brands({}),
        scorer_set=ScorerSet({}),
        brand_gauges=metrics.BrandGauges(0),
        source_gauges=metrics.SourceGauges(1),
        recent=Counter(),
        drift=DriftMetrics({}),
    )
    handler = ProcessorHandler(resources, 0)
    handler.fold.brands = states()
    return handler


def beat(n_buckets: int) -> Tweet:
    at_ms = START_MS + n_buckets * BUCKET_MS + 60_000
    return Tweet("", "", "", at_ms, at_ms, source="test", kind="heartbeat")


def heartbeats(n: int) -> list[Any]:
    return [
        SimpleNamespace(
            topic="tweets",
            partition=0,
            offset=number,
            timestamp=beat(number).produced_ms,
            key=None,
            value=wire.encode_tweet(beat(number)),
        )
        for number in range(n)
    ]


def windows_of(handler: ProcessorHandler) -> list[bytes | None]:
    return [value for _, value, _ in handler._outputs[wire.WINDOWS]]


async def take_all(handler: ProcessorHandler, records: list[Any]) -> list[int]:
    """Take records, and return the number of windows closed by each turn of the event loop."""
    closed, before = [], 0
    while records:
        taking = asyncio.create_task(handler.take(records))
        while not taking.done():
            await asyncio.sleep(0)
            closed.append(len(windows_of(handler)) - before)
            before += closed[-1]
        records = records[taking.result() :]
    return closed


def test_other_tasks_run_between_the_brands_of_one_heartbeat(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turns, "TURN_S", 0.0)
    closed = asyncio.run(take_all(new_handler(), heartbeats(2)))
    assert sum(closed) == N_BRANDS
    assert max(closed) == 1


def test_a_turn_takes_as_many_brands_as_it_has_time_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "TURN_S", 3600.0)
    assert max(asyncio.run(take_all(new_handler(), heartbeats(2)))) == N_BRANDS


def test_the_position_passes_a_heartbeat_after_its_last_brand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turns, "TURN_S", 0.0)
    handler = new_handler()

    async def offsets() -> set[int]:
        seen = set()
        taking = asyncio.create_task(handler.take(heartbeats(2)[1:]))
        while not taking.done():
            seen.add(handler.next_offset)
            await asyncio.sleep(0)
        return seen

    assert asyncio.run(offsets()) == {-1}
    assert handler.next_offset == 2


def test_turns_change_no_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "TURN_S", 0.0)
    handler, fold = new_handler(), Fold(lambda _: Rules())
    asyncio.run(take_all(handler, heartbeats(4)))
    fold.brands = states()
    expected = [window for n in range(4) for window in fold.apply(beat(n), None).windows]
    assert windows_of(handler) == [wire.encode_window(window) for window in expected]


def test_other_tasks_run_while_states_are_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "TURN_S", 0.0)
    fold = Fold(lambda _: Rules(), brands=states(), changed=set(states()))

    async def count_turns() -> int:
        n = 0
        packing = asyncio.create_task(in_turns(pack_changes(fold, 0, 1)))
        while not packing.done():
            await asyncio.sleep(0)
            n += 1
        return n

    assert asyncio.run(count_turns()) > N_BRANDS
