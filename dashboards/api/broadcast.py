"""Windows and alerts as they are recorded, read once for all who listen."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from typing import Final, Protocol

import orjson

from badbuzz import wire
from badbuzz.errors import StoreError
from badbuzz.messages.text import Language
from badbuzz.model import Alert, Window
from badbuzz.store.model import Change, SourcePartition
from dashboards.api.logs import LOG, note
from dashboards.api.metrics import Metrics
from dashboards.api.responses import told

POLL_S: Final = 0.25
MOST_LISTENERS: Final = 500
QUEUE: Final = 5000
"""Events that may wait for one listener; one that falls further behind is cut off."""
_BATCH: Final = 2000
_PAUSE_S: Final = 2.0
_MOST: Final = 2**62
_LETTERS: Final = {"w": wire.WINDOWS, "a": wire.ALERTS}
_TOPICS: Final = {topic: letter for letter, topic in _LETTERS.items()}

Positions = dict[SourcePartition, int]
"""The offset of the last record seen, by place."""


class Changes(Protocol):
    """What a broadcast reads: the store, as far as it matters here."""

    def positions(self) -> dict[SourcePartition, int]:
        """The next offset to read, by place."""

    def changes(self, after: Mapping[SourcePartition, int], limit: int) -> list[Change]:
        """What was recorded beyond those offsets, in order within each place."""


def encode_positions(positions: Mapping[SourcePartition, int]) -> str:
    """Positions as an event's id: compact, and in one order.

    Examples
    --------
    >>> encode_positions({SourcePartition("windows", 1): 7, SourcePartition("alerts", 0): 3})
    'a0:3,w1:7'
    """
    parts = (f"{_TOPICS[place.topic]}{place.partition}:{n}" for place, n in positions.items())
    return ",".join(sorted(parts))


def decode_positions(text: str) -> Positions:
    """An event's id as positions.

    Raises
    ------
    ValueError
        When it is no id that a stream gave.

    Examples
    --------
    >>> decode_positions("a0:3")
    {Place(topic='alerts', partition=0): 3}
    >>> decode_positions("b0:3")
    Traceback (most recent call last):
    ValueError: 'b0:3' is no id of an event of this stream
    """
    positions = {}
    for part in filter(None, text.split(",")):
        place, _, offset = part.partition(":")
        digits = offset.removeprefix("-")
        plain = place[1:].isascii() and digits.isascii()
        if place[:1] not in _LETTERS or not plain or not (place[1:] + digits).isdecimal():
            raise ValueError(f"{part!r} is no id of an event of this stream")
        if not place[1:] or not digits or len(part) > 40:
            raise ValueError(f"{part!r} is no id of an event of this stream")
        positions[SourcePartition(_LETTERS[place[0]], int(place[1:]))] = min(int(offset), _MOST)
    return positions


def encode_event(
    at: Mapping[SourcePartition, int], value: Window | Alert, language: Language
) -> bytes:
    """A window, or an alert in words too, as an event, with the id to go on from."""
    name = "window" if isinstance(value, Window) else "alert"
    data = orjson.dumps(value if isinstance(value, Window) else told(value, language))
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (encode_positions(at).encode(), name.encode(), data)


def _ends(positions: Mapping[SourcePartition, int]) -> Positions:
    """The last offsets, where the store knows the next ones."""
    return {place: n - 1 for place, n in positions.items() if place.topic in _TOPICS}


async def _read(store: Changes, after: Positions) -> tuple[list[Change], set[SourcePartition]]:
    """Some of what was recorded beyond, and the places where there may be more."""
    if not after:
        return [], set()
    limit = max(1, _BATCH // len(after))
    found = await asyncio.to_thread(store.changes, after, limit)
    n_found = Counter(place for place, _, _ in found)
    return found, {place for place, n in n_found.items() if n == limit}


class Listener:
    """One connection's events, waiting to be sent.

    Parameters
    ----------
    brand
        The only one it wants to hear of; None for all.
    start
        What had been broadcast when it came.
    language
        That it wants alerts told in.
    """

    def __init__(self, brand: str | None, start: Positions, language: Language = "en") -> None:
        self.brand = brand
        self.language = language
        self.start = start
        self.cut_off = False
        self._events: list[bytes] = []
        self._news = asyncio.Event()
        self.closed = False

    def put(self, brand: str, event: bytes) -> None:
        """Let an event wait; a listener with too many waiting is cut off."""
        if self.closed or self.brand not in (None, brand):
            return
        self._events.append(event)
        if len(self._events) > QUEUE:
            self.cut_off = True
            self.close()
        self._news.set()

    def close(self) -> None:
        """Let the connection end; what waited is dropped."""
        self.closed = True
        self._events = []
        self._news.set()

    async def take(self, patience_s: float) -> bytes:
        """All that waits, in one; empty when nothing came, or it is closed."""
        try:
            async with asyncio.timeout(patience_s):
                await self._news.wait()
        except TimeoutError:
            return b""
        self._news.clear()
        events, self._events = self._events, []
        return b"".join(events)


class Broadcast:
    """Reads the store once for all listeners.

    Parameters
    ----------
    store
        Read while somebody listens.
    metrics
        Where listeners are counted.
    poll_s
        Seconds between looks at the store.

    Attributes
    ----------
    closed
        Whether it is over: nobody hears anything any more.
    """

    def __init__(self, store: Changes, metrics: Metrics, poll_s: float = POLL_S) -> None:
        self._store = store
        self._metrics = metrics
        self._poll_s = poll_s
        self._seen: Positions = {}
        self._listeners: set[Listener] = set()
        self._one_at_a_time = asyncio.Lock()
        self._wanted = asyncio.Event()
        self.closed = False

    async def run(self) -> None:
        """Broadcast until cancelled; a store that does not answer is asked again."""
        answering = True
        while True:
            await self._wanted.wait()
            try:
                is_more = await self._poll()
            except StoreError as error:
                if answering:
                    note("stream_interrupted", level=logging.WARNING, reason=str(error))
                answering = False
                await asyncio.sleep(_PAUSE_S)
                continue
            answering = True
            await asyncio.sleep(0 if is_more else self._poll_s)

    async def _poll(self) -> bool:
        """Broadcast some of what is new; whether there is more."""
        async with self._one_at_a_time:
            if not self._listeners:
                return False
            ends = _ends(await asyncio.to_thread(self._store.positions))
            moved = {
                place: self._seen.get(place, -1)
                for place, end in ends.items()
                if end > self._seen.get(place, -1)
            }
            found, unfinished = await _read(self._store, moved)
            for place, offset, value in found:
                self._seen[place] = offset
                for language, listeners in self._by_language().items():
                    event = encode_event(self._seen, value, language)
                    for listener in listeners:
                        listener.put(value.brand, event)
            for place in moved.keys() - unfinished:
                self._seen[place] = max(self._seen.get(place, -1), ends[place])
            return bool(unfinished)

    def _by_language(self) -> dict[Language, list[Listener]]:
        found: dict[Language, list[Listener]] = {}
        for listener in self._listeners:
            found.setdefault(listener.language, []).append(listener)
        return found

    async def join(self, brand: str | None, language: Language = "en") -> Listener | None:
        """A listener to all that is recorded from now on; None where there are too many."""
        async with self._one_at_a_time:
            if len(self._listeners) >= MOST_LISTENERS:
                return None
            if not self._listeners:
                self._seen = _ends(await asyncio.to_thread(self._store.positions))
            listener = Listener(brand, dict(self._seen), language)
            if self.closed:
                listener.close()
            self._listeners.add(listener)
            self._metrics.listeners.set(len(self._listeners))
            self._wanted.set()
            return listener

    def leave(self, listener: Listener) -> None:
        """Let a listener go."""
        self._listeners.discard(listener)
        self._metrics.listeners.set(len(self._listeners))
        if listener.cut_off:
            self._metrics.cut_off.inc()
        if not self._listeners:
            self._wanted.clear()

    def end(self, broadcasting: asyncio.Task[None]) -> None:
        """Say why the task that ran this ended, if it broke, and end every connection."""
        if not broadcasting.cancelled() and broadcasting.exception() is not None:
            LOG.error("stream_broke", exc_info=broadcasting.exception())
        self.close()

    def close(self) -> None:
        """End every connection, those that come later too: the server is going down."""
        self.closed = True
        for listener in self._listeners:
            listener.close()

    async def missed(self, listener: Listener, last: Positions) -> AsyncIterator[bytes]:
        """What was recorded after ``last`` and before the listener came, in batches."""
        at = {place: last.get(place, -1) for place in listener.start} | last
        after = {place: at[place] for place, end in listener.start.items() if end > at[place]}
        while after and not listener.closed:
            found, unfinished = await _read(self._store, after)
            events = []
            for place, offset, value in found:
                if offset > listener.start[place]:
                    unfinished.discard(place)
                    continue
                after[place] = at[place] = offset
                if listener.brand in (None, value.brand):
                    events.append(encode_event(at, value, listener.language))
            yield b"".join(events)
            after = {place: after[place] for place in unfinished}
