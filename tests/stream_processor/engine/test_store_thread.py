"""Tests of the store thread with a store that answers, refuses or is silent."""

from __future__ import annotations

import asyncio
import gc
import threading

import pytest

from badbuzz.errors import StoreDownError, StoreError
from stream_processor.engine.store_thread import StoreThread


def refuse() -> None:
    raise StoreDownError("PostgreSQL at localhost:5432/badbuzz: connection refused")


def test_a_call_that_takes_too_long_counts_as_down() -> None:
    release = threading.Event()

    async def calls() -> tuple[bool, str]:
        store_thread = StoreThread()
        with pytest.raises(StoreDownError):
            await store_thread.call(release.wait, limit_s=0.01)
        state = store_thread.stuck, store_thread.reason
        release.set()
        return state

    stuck, reason = asyncio.run(calls())
    assert stuck
    assert "has not answered" in reason


def test_no_call_is_made_while_another_is_stuck() -> None:
    release, called = threading.Event(), threading.Event()

    async def calls() -> None:
        store_thread = StoreThread()
        for call in (release.wait, called.set):
            with pytest.raises(StoreDownError):
                await store_thread.call(call, limit_s=0.01)
        release.set()

    asyncio.run(calls())
    assert not called.is_set()


def test_after_a_late_call_has_ended_calls_are_made_again() -> None:
    release = threading.Event()

    async def calls() -> int:
        store_thread = StoreThread()
        with pytest.raises(StoreDownError):
            await store_thread.call(release.wait, limit_s=0.01)
        release.set()
        while store_thread.stuck:
            await asyncio.sleep(0)
        return await store_thread.call(lambda: 42)

    assert asyncio.run(calls()) == 42


def test_an_answer_after_a_refusal_clears_its_reason() -> None:
    async def calls() -> list[str]:
        store_thread = StoreThread()
        with pytest.raises(StoreDownError):
            await store_thread.call(refuse)
        reasons = [store_thread.reason]
        await store_thread.call(lambda: None)
        return [*reasons, store_thread.reason]

    refused, answered = asyncio.run(calls())
    assert "refused" in refused
    assert answered == ""


def test_an_unusable_store_is_not_down() -> None:
    def fail() -> None:
        raise StoreError("SQLite file x: disk is full; make room on its disk")

    async def calls() -> str:
        store_thread = StoreThread()
        with pytest.raises(StoreError):
            await store_thread.call(fail)
        return store_thread.reason

    assert asyncio.run(calls()) == ""


def test_a_cancelled_call_is_stuck_until_it_ends(caplog: pytest.LogCaptureFixture) -> None:
    release = threading.Event()

    def refuse_late() -> None:
        release.wait()
        refuse()

    async def calls() -> tuple[bool, bool]:
        store_thread = StoreThread()
        task = asyncio.create_task(store_thread.call(refuse_late))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        stuck = store_thread.stuck
        release.set()
        while store_thread.stuck:
            await asyncio.sleep(0)
        return stuck, store_thread.stuck

    gc.collect()  # what former tests have left
    caplog.clear()
    assert asyncio.run(calls()) == (True, False)
    gc.collect()
    assert caplog.messages == []  # none of asyncio about an exception that was never retrieved
