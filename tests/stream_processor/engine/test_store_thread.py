"""The store_thread: calls to a store that answers, refuses, or says nothing."""

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
    free = threading.Event()

    async def ask() -> tuple[bool, str]:
        store_thread = StoreThread()
        with pytest.raises(StoreDownError):
            await store_thread.call(free.wait, limit_s=0.01)
        told = store_thread.stuck, store_thread.reason
        free.set()
        return told

    stuck, reason = asyncio.run(ask())
    assert stuck
    assert "has not answered" in reason


def test_while_a_call_is_out_no_other_is_made() -> None:
    free, called = threading.Event(), threading.Event()

    async def ask() -> None:
        store_thread = StoreThread()
        for call in (free.wait, called.set):
            with pytest.raises(StoreDownError):
                await store_thread.call(call, limit_s=0.01)
        free.set()

    asyncio.run(ask())
    assert not called.is_set()


def test_once_a_late_call_is_back_it_asks_again() -> None:
    free = threading.Event()

    async def ask() -> int:
        store_thread = StoreThread()
        with pytest.raises(StoreDownError):
            await store_thread.call(free.wait, limit_s=0.01)
        free.set()
        while store_thread.stuck:
            await asyncio.sleep(0)
        return await store_thread.call(lambda: 42)

    assert asyncio.run(ask()) == 42


def test_an_answer_after_a_refusal_clears_its_reason() -> None:
    async def ask() -> list[str]:
        store_thread = StoreThread()
        with pytest.raises(StoreDownError):
            await store_thread.call(refuse)
        reasons = [store_thread.reason]
        await store_thread.call(lambda: None)
        return [*reasons, store_thread.reason]

    refused, answered = asyncio.run(ask())
    assert "refused" in refused
    assert answered == ""


def test_a_store_that_cannot_be_used_is_not_down() -> None:
    def fail() -> None:
        raise StoreError("SQLite file x: disk is full; make room on its disk")

    async def ask() -> str:
        store_thread = StoreThread()
        with pytest.raises(StoreError):
            await store_thread.call(fail)
        return store_thread.reason

    assert asyncio.run(ask()) == ""


def test_a_call_that_nobody_waits_for_is_out_until_it_is_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    free = threading.Event()

    def refuse_late() -> None:
        free.wait()
        refuse()

    async def ask() -> tuple[bool, bool]:
        store_thread = StoreThread()
        asking = asyncio.create_task(store_thread.call(refuse_late))
        await asyncio.sleep(0)
        asking.cancel()
        await asyncio.wait({asking})
        stuck = store_thread.stuck
        free.set()
        while store_thread.stuck:
            await asyncio.sleep(0)
        return stuck, store_thread.stuck

    assert asyncio.run(ask()) == (True, False)
    gc.collect()
    assert caplog.messages == []  # asyncio's of an exception that was never retrieved
