"""A broadcast of recorded windows and alerts: the store is read once for all listeners."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from typing import Final, Protocol

import orjson

from badbuzz import wire
from badbuzz.errors import StoreError
from badbuzz.messages.translator import Language
from badbuzz.model import Alert, Window
from badbuzz.store.model import Change, SourcePartition
from dashboards.api.descriptions import describe_alert
from dashboards.api.logs import LOG, log_event
from dashboards.api.metrics import Metrics

POLL_S: Final = 0.25
MAX_LISTENERS: Final = 500
QUEUE: Final = 5000
"""Maximum number of events that wait for one listener; beyond it the listener is cut off."""
_BATCH: Final = 2000
_RETRY_S: Final = 2.0
_MAX_OFFSET: Final = 2**62
_LETTERS: Final = {"w": wire.WINDOWS, "a": wire.ALERTS}
_TOPICS: Final = {topic: letter for letter, topic in _LETTERS.items()}

Positions = dict[SourcePartition, int]
"""The offset of the last record that was sent, by partition."""


class ChangeSource(Protocol):
    """The methods of the store that a broadcast uses."""

    def positions(self) -> dict[SourcePartition, int]:
        """Return the next offset to read, by partition."""

    def changes(self, after: Mapping[SourcePartition, int], limit: int) -> list[Change]:
        """Return records beyond some offsets, in order within each partition.

        Parameters
        ----------
        after
            The last offset that was read, by partition.
        limit
            Maximum number of records of each partition.
        """


def encode_positions(positions: Mapping[SourcePartition, int]) -> str:
    """Encode positions as the id of an event, sorted by partition.

    Examples
    --------
    >>> encode_positions({SourcePartition("windows", 1): 7, SourcePartition("alerts", 0): 3})
    'a0:3,w1:7'
    """
    parts = (f"{_TOPICS[place.topic]}{place.partition}:{n}" for place, n in positions.items())
    return ",".join(sorted(parts))


def decode_positions(text: str) -> Positions:
    """Decode the id of an event.

    Raises
    ------
    ValueError
        When the text is not an id of this stream.

    Examples
    --------
    >>> decode_positions("a0:3")
    {SourcePartition(topic='alerts', partition=0): 3}
    >>> decode_positions("b0:3")
    Traceback (most recent call last):
    ValueError: expected the id of an event of this stream, such as a0:3,w1:7, found 'b0:3'
    """
    positions = {}
    for part in filter(None, text.split(",")):
        place, _, offset = part.partition(":")
        digits = offset.removeprefix("-")
        is_ascii = place[1:].isascii() and digits.isascii()
        is_number = (place[1:] + digits).isdecimal() and place[1:] and digits and len(part) <= 40
        if place[:1] not in _LETTERS or not is_ascii or not is_number:
            raise ValueError(
                f"expected the id of an event of this stream, such as a0:3,w1:7, found {part!r}"
            )
        positions[SourcePartition(_LETTERS[place[0]], int(place[1:]))] = min(
            int(offset), _MAX_OFFSET
        )
    return positions


def encode_event(
    at: Mapping[SourcePartition, int], value: Window | Alert, language: Language
) -> bytes:
    """Encode a window or an alert as a server-sent event whose id is the positions ``at``."""
    name = "window" if isinstance(value, Window) else "alert"
    data = orjson.dumps(value if isinstance(value, Window) else describe_alert(value, language))
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (encode_positions(at).encode(), name.encode(), data)


def _last_offsets(positions: Mapping[SourcePartition, int]) -> Positions:
    """Return the last offset of each partition from the next one."""
    return {place: n - 1 for place, n in positions.items() if place.topic in _TOPICS}


async def _read(store: ChangeSource, after: Positions) -> tuple[list[Change], set[SourcePartition]]:
    """Return a batch of records beyond some offsets and the partitions that may have more."""
    if not after:
        return [], set()
    limit = max(1, _BATCH // len(after))
    changes = await asyncio.to_thread(store.changes, after, limit)
    counts = Counter(place for place, _, _ in changes)
    return changes, {place for place, n in counts.items() if n == limit}


class Listener:
    """The events that wait to be sent over one connection.

    Parameters
    ----------
    brand
        The brand that it subscribes to; None for all.
    start
        Positions of the broadcast at the time of the subscription.
    language
        Language of the sentences that describe an alert.

    Attributes
    ----------
    cut_off
        Whether it was closed because it read too slowly.
    closed
        Whether the connection is to end.
    """

    def __init__(self, brand: str | None, start: Positions, language: Language = "en") -> None:
        self.brand = brand
        self.language = language
        self.start = start
        self.cut_off = False
        self._events: list[bytes] = []
        self._has_events = asyncio.Event()
        self.closed = False

    def put(self, brand: str, event: bytes) -> None:
        """Queue an event; close the listener if its queue is full."""
        if self.closed or self.brand not in (None, brand):
            return
        self._events.append(event)
        if len(self._events) > QUEUE:
            self.cut_off = True
            self.close()
        self._has_events.set()

    def close(self) -> None:
        """End the connection and drop the queue."""
        self.closed = True
        self._events = []
        self._has_events.set()

    async def take(self, timeout_s: float) -> bytes:
        """Return the queued events, joined; empty after a timeout or when closed."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._has_events.wait()
        except TimeoutError:
            return b""
        self._has_events.clear()
        events, self._events = self._events, []
        return b"".join(events)


class Broadcast:
    """Reads the store once for all listeners.

    Parameters
    ----------
    store
        The store, which is read only while there are listeners.
    metrics
        The metrics in which listeners are counted.
    poll_s
        Seconds between reads of the store.

    Attributes
    ----------
    closed
        Whether it has ended: no listener gets further events.
    """

    def __init__(self, store: ChangeSource, metrics: Metrics, poll_s: float = POLL_S) -> None:
        self._store = store
        self._metrics = metrics
        self._poll_s = poll_s
        self._positions: Positions = {}
        self._listeners: set[Listener] = set()
        self._lock = asyncio.Lock()
        self._has_listeners = asyncio.Event()
        self.closed = False

    async def run(self) -> None:
        """Broadcast until cancelled; retry while the store does not answer."""
        is_available = True
        while True:
            await self._has_listeners.wait()
            try:
                has_more = await self._poll()
            except StoreError as error:
                if is_available:
                    log_event("stream_interrupted", level=logging.WARNING, reason=str(error))
                is_available = False
                await asyncio.sleep(_RETRY_S)
                continue
            is_available = True
            await asyncio.sleep(0 if has_more else self._poll_s)

    async def _poll(self) -> bool:
        """Broadcast a batch of new records; return whether there are more."""
        async with self._lock:
            if not self._listeners:
                return False
            ends = _last_offsets(await asyncio.to_thread(self._store.positions))
            behind = {
                place: self._positions.get(place, -1)
                for place, end in ends.items()
                if end > self._positions.get(place, -1)
            }
            changes, unfinished = await _read(self._store, behind)
            for place, offset, value in changes:
                self._positions[place] = offset
                for language, listeners in self._by_language().items():
                    event = encode_event(self._positions, value, language)
                    for listener in listeners:
                        listener.put(value.brand, event)
            for place in behind.keys() - unfinished:
                self._positions[place] = max(self._positions.get(place, -1), ends[place])
            return bool(unfinished)

    def _by_language(self) -> dict[Language, list[Listener]]:
        groups: dict[Language, list[Listener]] = {}
        for listener in self._listeners:
            groups.setdefault(listener.language, []).append(listener)
        return groups

    async def join(self, brand: str | None, language: Language = "en") -> Listener | None:
        """Add a listener to all records from now on; return None if there are too many."""
        async with self._lock:
            if len(self._listeners) >= MAX_LISTENERS:
                return None
            if not self._listeners:
                self._positions = _last_offsets(await asyncio.to_thread(self._store.positions))
            listener = Listener(brand, dict(self._positions), language)
            if self.closed:
                listener.close()
            self._listeners.add(listener)
            self._metrics.listeners.set(len(self._listeners))
            self._has_listeners.set()
            return listener

    def leave(self, listener: Listener) -> None:
        """Remove a listener."""
        self._listeners.discard(listener)
        self._metrics.listeners.set(len(self._listeners))
        if listener.cut_off:
            self._metrics.cut_off.inc()
        if not self._listeners:
            self._has_listeners.clear()

    def on_done(self, task: asyncio.Task[None]) -> None:
        """Log the exception of the task that ran the broadcast, if any, and close."""
        if not task.cancelled() and task.exception() is not None:
            LOG.error("stream_broke", exc_info=task.exception())
        self.close()

    def close(self) -> None:
        """End every connection, later ones included."""
        self.closed = True
        for listener in self._listeners:
            listener.close()

    async def missed(self, listener: Listener, last: Positions) -> AsyncIterator[bytes]:
        """Yield the events recorded after ``last`` and before the listener joined, in batches."""
        at = {place: last.get(place, -1) for place in listener.start} | last
        after = {place: at[place] for place, end in listener.start.items() if end > at[place]}
        while after and not listener.closed:
            changes, unfinished = await _read(self._store, after)
            events = []
            for place, offset, value in changes:
                if offset > listener.start[place]:
                    unfinished.discard(place)
                    continue
                after[place] = at[place] = offset
                if listener.brand in (None, value.brand):
                    events.append(encode_event(at, value, listener.language))
            yield b"".join(events)
            after = {place: after[place] for place in unfinished}
