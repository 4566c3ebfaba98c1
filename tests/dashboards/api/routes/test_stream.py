"""``GET /stream`` sends all windows and alerts in order, independently of other clients."""

from __future__ import annotations

import asyncio
import re
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from badbuzz.store.database import Store
from badbuzz.store.model import SourcePartition
from dashboards.api.broadcast import (
    QUEUE,
    Broadcast,
    decode_positions,
    encode_positions,
)
from dashboards.api.metrics import Metrics
from dashboards.api.routes.stream import EventStream
from tests.support.served import ALERTS, BRAND, WINDOWS, Served, alert, window


@pytest.fixture
def served(tmp_path: Path, store_url: str) -> Iterator[Served]:
    with Served(tmp_path, store_url) as started:
        yield started


def record(store: Store, start: int, end: int, brand: str = BRAND, partition: int = 0) -> None:
    """Record windows whose offsets are their numbers."""
    place = SourcePartition("windows", partition)
    store.record_windows(place, [(n, window(n, brand)) for n in range(start, end)], end)


def events(answer: httpx.Response, n: int) -> list[dict[str, str]]:
    """Read the next n events with id, name and data."""
    received: list[dict[str, str]] = []
    event: dict[str, str] = {}
    for line in answer.iter_lines():
        name, _, value = line.partition(": ")
        if line:
            event[name] = value
        elif "data" in event:
            received.append(event)
            event = {}
            if len(received) == n:
                break
        else:
            event = {}
    return received


def numbers(received: list[dict[str, str]]) -> list[int]:
    """Return the numbers of the windows of some events."""
    times = [orjson.loads(event["data"])["start_ms"] for event in received]
    return [(time_ms - window(0).start_ms) // 300_000 for time_ms in times]


def test_recorded_windows_and_alerts_are_sent(served: Served, store: Store) -> None:
    record(store, 0, 3)
    with served.client("read") as client, client.stream("GET", "/stream") as answer:
        record(store, 3, 5)
        store.record_alerts(ALERTS, [(0, alert(4))], 1)
        received = events(answer, 3)
    assert sorted(event["event"] for event in received) == ["alert", "window", "window"]
    assert numbers([event for event in received if event["event"] == "window"]) == [3, 4]


def test_a_client_that_reconnects_gets_each_event_once(served: Served, store: Store) -> None:
    received: list[int] = []
    last: dict[str, str] = {}
    record(store, 0, 1)
    with served.client("read") as client:
        for start, end, taken in ((1, 10, 4), (10, 2500, 1200), (2500, 2510, 1305)):
            with client.stream("GET", "/stream", headers=last) as answer:
                record(store, start, end)
                batch = events(answer, taken)
            received += numbers(batch)
            last = {"Last-Event-ID": batch[-1]["id"]}
    assert received == list(range(1, 2510))


def test_missed_events_end_where_the_live_ones_begin(store: Store) -> None:
    record(store, 0, 5)

    async def ask(broadcast: Broadcast) -> tuple[list[bytes], list[bytes]]:
        listener = await broadcast.join(None)
        assert listener is not None
        await asyncio.to_thread(record, store, 5, 8)
        live = b""
        while live.count(b"event: window") < 3:
            live += await listener.take(5.0)
        missed = b"".join([part async for part in broadcast.missed(listener, {WINDOWS: 1})])
        return re.findall(rb"id: (\S+)", missed), re.findall(rb"id: (\S+)", live)

    missed, live = broadcasting(store, ask)
    assert missed + live == [b"w0:%d" % n for n in range(2, 8)]


def test_a_new_partition_is_sent_from_its_beginning(served: Served, store: Store) -> None:
    record(store, 0, 1)
    with served.client("read") as client, client.stream("GET", "/stream") as answer:
        record(store, 0, 2, brand="Other", partition=3)
        received = events(answer, 2)
    assert [event["id"] for event in received] == ["w0:0,w3:0", "w0:0,w3:1"]


def test_a_client_gets_the_events_of_its_brand_only(served: Served, store: Store) -> None:
    record(store, 0, 1)
    record(store, 0, 1, brand="Other", partition=1)
    with (
        served.client("read") as client,
        client.stream("GET", "/stream", params={"brand": "Other"}) as answer,
    ):
        record(store, 1, 3)
        record(store, 1, 2, brand="Other", partition=1)
        (event,) = events(answer, 1)
    assert orjson.loads(event["data"])["brand"] == "Other"


def test_an_alert_is_described_in_the_language_of_the_client(served: Served, store: Store) -> None:
    summaries = {}
    with (
        served.client("read") as client,
        client.stream("GET", "/stream") as english,
        client.stream("GET", "/stream?language=fr") as french,
    ):
        store.record_alerts(ALERTS, [(0, alert(0))], 1)
        for language, answer in (("en", english), ("fr", french)):
            (event,) = events(answer, 1)
            summaries[language] = orjson.loads(event["data"])["summary"]
    assert summaries == {
        "en": "38 of 51 tweets about Air Paradis in the last 15 minutes are negative; "
        "6 were expected.",
        "fr": "Air Paradis : 38 tweets négatifs sur 51 au cours des 15 dernières minutes ; "
        "6 étaient attendus.",
    }


def test_streams_end_when_the_server_stops(served: Served) -> None:
    with served.client("read") as client, client.stream("GET", "/stream") as answer:
        lines = answer.iter_lines()
        next(lines)
        ended: list[int] = []
        ending = threading.Thread(target=lambda: ended.append(served.end(signal.SIGTERM)))
        ending.start()
        assert not [line for line in lines if line.startswith("data")]
        ending.join()
    assert ended == [0]


def broadcasting(store: Store, ask: Any, poll_s: float = 0.01) -> Any:
    """Run a coroutine beside a broadcast and return its result."""

    async def run() -> Any:
        broadcast = Broadcast(store, Metrics(), poll_s)
        task = asyncio.create_task(broadcast.run())
        try:
            async with asyncio.timeout(60):
                return await ask(broadcast)
        finally:
            task.cancel()
            await asyncio.wait([task])

    return asyncio.run(run())


def test_a_slow_listener_is_cut_off_and_does_not_slow_others(store: Store) -> None:
    record(store, 0, 1)

    async def ask(broadcast: Broadcast) -> tuple[int, bool, bool]:
        slow, quick = await broadcast.join(None), await broadcast.join(None)
        assert slow is not None
        assert quick is not None
        await asyncio.to_thread(record, store, 1, QUEUE + 2)
        n = 0
        while n < QUEUE + 1:
            n += (await quick.take(5.0)).count(b"event: window")
        return n, slow.cut_off, quick.cut_off

    assert broadcasting(store, ask) == (QUEUE + 1, True, False)


def test_a_client_that_is_cut_off_gets_a_comment(store: Store) -> None:
    async def ask(broadcast: Broadcast) -> bytes:
        listener = await broadcast.join(None)
        assert listener is not None
        for _ in range(QUEUE + 1):
            listener.put(BRAND, b"x")
        return await sent(EventStream(broadcast, listener, None, allowed))

    assert b": cut off" in broadcasting(store, ask)


def test_a_comment_is_sent_after_silence(store: Store) -> None:
    async def ask(broadcast: Broadcast) -> bytes:
        listener = await broadcast.join(None)
        assert listener is not None
        return await sent(
            EventStream(broadcast, listener, None, allowed, heartbeat_s=0.01), until=b": still"
        )

    assert broadcasting(store, ask).endswith(b": still here\n\n")


async def allowed() -> bool:
    return True


async def forbidden() -> bool:
    return False


def test_the_stream_ends_with_the_permission(store: Store) -> None:
    async def ask(broadcast: Broadcast) -> bytes:
        listener = await broadcast.join(None)
        assert listener is not None
        return await sent(EventStream(broadcast, listener, None, forbidden, check_s=0.01))

    assert broadcasting(store, ask).startswith(b"retry: 2000")


def test_a_client_that_does_not_read_is_cut_off(store: Store) -> None:
    async def ask(broadcast: Broadcast) -> bool:
        listener = await broadcast.join(None)
        assert listener is not None
        never = asyncio.Event()

        async def send(message: Any) -> None:
            if message["type"] == "http.response.body":
                await never.wait()

        async def receive() -> dict[str, str]:
            await never.wait()
            return {"type": "http.disconnect"}

        stream = EventStream(broadcast, listener, None, allowed, send_s=0.01)
        await stream({"type": "http"}, receive, send)
        return listener.cut_off

    assert broadcasting(store, ask) is True


async def sent(response: EventStream, until: bytes = b"never") -> bytes:
    """Return what a response sends until its end, or until a text after which we disconnect."""
    body, left = b"", asyncio.Event()

    async def send(message: Any) -> None:
        nonlocal body
        if not left.is_set():
            body += message.get("body", b"")
        if until in body:
            left.set()

    async def receive() -> dict[str, str]:
        await left.wait()
        return {"type": "http.disconnect"}

    await response({"type": "http"}, receive, send)
    return body


def test_a_client_that_disconnects_is_removed(store: Store) -> None:
    async def ask(broadcast: Broadcast) -> bool:
        listener = await broadcast.join(None)
        assert listener is not None
        await sent(
            EventStream(broadcast, listener, None, allowed, heartbeat_s=0.01), until=b"retry"
        )
        return listener.closed

    assert broadcasting(store, ask) is True


@pytest.mark.parametrize("text", ["", "a0:3,w1:7", "w0:-1"])
def test_an_event_id_is_decoded(text: str) -> None:
    assert encode_positions(decode_positions(text)) == text


@pytest.mark.parametrize("text", ["x", "a0", "a:1", "a0:", "a-1:2", "t0:1", "a0:1;w0:2", "a²:1"])
def test_an_invalid_event_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected the id of an event"):
        decode_positions(text)
